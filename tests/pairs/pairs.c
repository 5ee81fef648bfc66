/* pairs.c [NAME bad|good] - C shapes of CWE-401 in pairs; without arguments their names. */
#define _GNU_SOURCE
#include "pairs.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static void by_malloc(int bad) {
    char *block = seen(malloc(100));
    strcpy(block, "text");
    if (!bad)
        free(block);
}
static void by_calloc(int bad) {
    int *block = seen(calloc(100, sizeof *block));
    if (!bad)
        free(block);
}
static void by_realloc(int bad) {
    char *block = seen(realloc(seen(malloc(10)), 1000));
    if (!bad)
        free(block);
}
static void by_strdup(int bad) {
    char *copy = seen(strdup("a string"));
    if (!bad)
        free(copy);
}
static void by_wcsdup(int bad) {
    wchar_t *copy = seen(wcsdup(L"a wide string"));
    if (!bad)
        free(copy);
}
static void by_asprintf(int bad) {
    char *line = NULL;
    if (asprintf(&line, "%d lines", true_at_run_time()) > 0)
        seen(line);
    if (!bad)
        free(line);
}
static void by_getline(int bad) {
    char *line = NULL, text[] = "one line\n";
    size_t size = 0;
    FILE *file = fmemopen(text, sizeof text, "r");
    if (getline(&line, &size, file) > 0)
        seen(line);
    fclose(file);
    if (!bad)
        free(line);
}
static void by_aligned(int bad) {
    void *block = NULL;
    if (posix_memalign(&block, 256, 300))
        return;
    seen(block);
    if (!bad)
        free(block);
}
static void early_return(int bad) {
    char *block = seen(malloc(60));
    if (true_at_run_time()) {
        if (!bad)
            free(block);
        return;
    }
    free(block);
}
static void by_goto(int bad) {
    char *block = seen(malloc(60));
    if (bad && true_at_run_time())
        goto out;
    free(block);
out:
    seen(NULL);
}
static void by_switch(int bad) {
    char *block = seen(malloc(60));
    switch (true_at_run_time() + bad) {
    case 1:
        free(block);
        break;
    default:
        break;
    }
}
static void in_loop(int bad) {
    char *block = NULL;
    for (int i = 0; i < 10; i++) {
        if (!bad)
            free(block);
        block = seen(malloc(20 + (size_t)i));
    }
    free(block);
}
static void overwritten(int bad) {
    static char *volatile kept;
    kept = seen(malloc(44));
    if (!bad)
        free(kept);
    kept = seen(malloc(55));
}
static void through_pointer(int bad) {
    char *block = source(70), **to = &block;
    seen(to);
    if (!bad)
        free(*to);
}
static void through_struct(int bad) {
    struct {
        char *name;
        int number;
    } record = {source(70), 1};
    seen(&record);
    if (!bad)
        free(record.name);
}
static void through_union(int bad) {
    union {
        char *text;
        void *any;
    } either = {.text = source(71)};
    seen(&either);
    if (!bad)
        free(either.any);
}
static void through_array(int bad) {
    char *blocks[5];
    for (int i = 0; i < 5; i++)
        blocks[i] = source(30);
    seen(blocks);
    for (int i = 0; i < 5; i++)
        if (!bad || i != 3)
            free(blocks[i]);
}
static char *global_block;
static void through_global(int bad) {
    global_block = source(72);
    if (!bad)
        free(global_block);
    global_block = NULL;
}
static void to_other_file(int bad) {
    sink(source(73), bad);
}
static void (*volatile indirect_sink)(char *, int) = sink;
static void through_function_pointer(int bad) {
    indirect_sink(source(74), bad);
}
static void owner_first(int bad) {
    char **owner = seen(malloc(sizeof *owner));
    *owner = source(75);
    if (!bad)
        free(*owner);
    free(owner);
}
struct link {
    struct link *next;
    char text[24];
};
static void list_but_last(int bad) {
    struct link *head = NULL;
    for (int i = 0; i < 10; i++) {
        struct link *made = seen(malloc(sizeof *made));
        made->next = head;
        head = made;
    }
    while (head && !(bad && !head->next)) {
        struct link *next = head->next;
        free(head);
        head = next;
    }
}
static void ring(int bad) {
    struct link *a = seen(malloc(sizeof *a)), *b = seen(malloc(sizeof *b));
    a->next = b;
    b->next = a;
    seen(a);
    if (!bad) {
        free(a);
        free(b);
    }
}
static void *thread_body(void *block) {
    ((char *)block)[0] = 'c';
    return block;
}
static void through_thread(int bad) {
    pthread_t thread;
    void *result = NULL;
    if (pthread_create(&thread, NULL, thread_body, source(76)))
        return;
    pthread_join(thread, &result);
    if (!bad)
        free(result);
}
static void realloc_fails(int bad) {
    char *block = source(77);
    char *larger = realloc(block, (size_t)-1 / 4);
    if (!larger && !bad)
        free(block);
    free(larger);
}

/* ---- */

enum { PAIRS_MAX = 100 };
static struct {
    const char *name;
    void (*run)(int bad);
} pairs[PAIRS_MAX];
static int pair_count;

static void add(const char *name, void (*run)(int bad)) {
    pairs[pair_count].name = name;
    pairs[pair_count++].run = run;
}
static __attribute__((noinline)) void clobber(void) {
    volatile char area[128 * 1024];
    for (size_t i = 0; i < sizeof area; i++)
        area[i] = 0;
}

int main(int count, char **words) {
#define PAIR(name) add(#name, name)
    PAIR(by_malloc);
    PAIR(by_calloc);
    PAIR(by_realloc);
    PAIR(by_strdup);
    PAIR(by_wcsdup);
    PAIR(by_asprintf);
    PAIR(by_getline);
    PAIR(by_aligned);
    PAIR(early_return);
    PAIR(by_goto);
    PAIR(by_switch);
    PAIR(in_loop);
    PAIR(overwritten);
    PAIR(through_pointer);
    PAIR(through_struct);
    PAIR(through_union);
    PAIR(through_array);
    PAIR(through_global);
    PAIR(to_other_file);
    PAIR(through_function_pointer);
    PAIR(owner_first);
    PAIR(list_but_last);
    PAIR(ring);
    PAIR(through_thread);
    PAIR(realloc_fails);
    cxx_pairs(add);
    for (int i = 0; i < pair_count; i++)
        if (count < 3)
            puts(pairs[i].name);
        else if (strcmp(pairs[i].name, words[1]) == 0) {
            pairs[i].run(strcmp(words[2], "bad") == 0);
            clobber();
            return 0;
        }
    return count < 3 ? 0 : 2;
}
