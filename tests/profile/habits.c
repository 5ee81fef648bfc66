/* habits.c HABIT - one way to allocate, good or bad, for `castaway advise`; test_profile.sh says which is which.
 *
 * Nothing is lost in any of them. A bad habit and the better one beside it do the same work. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))
enum { TIMES = 3000, THREADS = 4 };

static void *kept[TIMES];
static char *volatile sink;

static NOINLINE void *keep_alive(void *memory) {
    sink = memory;
    return memory;
}

static NOINLINE void reuse_bad(void) {
    for (int i = 0; i < TIMES; i++)
        free(keep_alive(malloc(100)));
}

static NOINLINE void reuse_good(void) {
    char *buffer = malloc(100);
    for (int i = 0; i < TIMES; i++)
        sink = buffer;
    free(buffer);
}

/* Freed in another order, and another one was made between. */
static NOINLINE void in_call_bad(void) {
    for (int i = 0; i < TIMES; i++) {
        void *first = keep_alive(malloc(100)), *second = keep_alive(malloc(200));
        free(first);
        free(second);
    }
}

/* They live on: none of them is churn. */
static NOINLINE void *maker(void) {
    return keep_alive(malloc(100));
}
static NOINLINE void fill(void) {
    for (int i = 0; i < TIMES; i++)
        kept[i] = maker();
}
static NOINLINE void clear(void) {
    for (int i = 0; i < TIMES; i++)
        free(kept[i]);
}
static NOINLINE void in_call_good(void) {
    fill();
    clear();
}

static NOINLINE void pool_bad(void) {
    for (int i = 0; i < TIMES; i++)
        kept[i] = malloc(20);
    clear();
}

static NOINLINE void pool_good(void) {
    char *block = keep_alive(malloc(TIMES * 20));
    for (int i = 0; i < TIMES; i++)
        kept[i] = block + (size_t)i * 20;
    free(block);
}

static NOINLINE void reserve_bad(void) {
    char *text = NULL;
    for (size_t i = 1; i <= TIMES; i++)
        text = realloc(text, i * 10);
    free(keep_alive(text));
}

static NOINLINE void reserve_good(void) {
    char *text = NULL;
    for (size_t room = 16; room < TIMES * 10; room *= 2)
        text = realloc(text, room);
    free(keep_alive(text));
}

struct entry {
    struct entry *next;
    char value[1000];
};
struct cache {
    struct entry *first;
} cache;
struct entry *second_holder;

static NOINLINE void entry_add(void) {
    struct entry *made = calloc(1, sizeof *made);
    made->next = cache.first;
    cache.first = made;
}
static NOINLINE void release_bad(void) {
    for (int i = 0; i < TIMES; i++)
        entry_add();
}

/* Neither of the two variables keeps them alone. */
static NOINLINE void release_good(void) {
    release_bad();
    second_holder = cache.first;
}

static void *churn(void *unused) {
    reuse_bad();
    return unused;
}
static NOINLINE void threads(void) {
    pthread_t thread[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, churn, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
}

/* The child's own allocations are its own, the parent's are not. */
static NOINLINE void forks(void) {
    pool_bad();
    fill();
    pid_t child = fork();
    if (child == 0) {
        clear();
        reuse_bad();
        exit(0);
    }
    waitpid(child, NULL, 0);
    clear();
}

int main(int count, char **arguments) {
    static const struct {
        const char *name;
        void (*run)(void);
    } habits[] = {
        {"reuse_bad", reuse_bad},       {"reuse_good", reuse_good},     {"in_call_bad", in_call_bad},
        {"in_call_good", in_call_good}, {"pool_bad", pool_bad},         {"pool_good", pool_good},
        {"reserve_bad", reserve_bad},   {"reserve_good", reserve_good}, {"release_bad", release_bad},
        {"release_good", release_good}, {"threads", threads},           {"forks", forks},
    };
    for (size_t i = 0; i < sizeof habits / sizeof *habits && count > 1; i++)
        if (strcmp(habits[i].name, arguments[1]) == 0)
            return habits[i].run(), 0;
    return 2;
}
