/* told.c - does what it reads on standard input, a line at a time, and answers each.
 *
 *   keep N    N objects in a list that a global holds       cycle N   N pairs that point at each other, dropped
 *   lose N    N single objects, dropped                     hide N    N objects, held only by a number turned around
 *   drop      the list that was kept                        show N    the hidden ones held again;   free  freed
 *   cache N   N objects in a second list                    flush     frees the second list
 *   close     closes every descriptor from 3 on             id        only the answer
 *   apart N   N single objects, dropped by a new thread      fork      what follows is done by a child, which is waited for
 * Each answer: "ok", the process id, the address of the list. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../programs/program.h"

struct node {
    struct node *next;
    char rest[56];
};
static struct node *kept, *cached;
static size_t hidden[1000];
static void *volatile shown[1000];
static int hidden_count;

static NOINLINE struct node *make_kept(void) {
    return NEW(struct node);
}
static NOINLINE void keep(int count) {
    for (int i = 0; i < count; i++) {
        struct node *node = make_kept();
        node->next = kept;
        kept = node;
    }
}
static NOINLINE void cache(int count) {
    for (int i = 0; i < count; i++) {
        struct node *node = NEW(struct node);
        node->next = cached;
        cached = node;
    }
}
static NOINLINE void flush_cache(int unused) {
    (void)unused;
    while (cached) {
        struct node *next = cached->next;
        free(cached);
        cached = next;
    }
}
static NOINLINE void drop_list(int unused) {
    (void)unused;
    kept = NULL;
}
static NOINLINE void lose(int count) {
    for (int i = 0; i < count; i++)
        (void)NEW_BYTES(40);
}
static NOINLINE void cycle(int count) {
    for (int i = 0; i < count; i++) {
        struct node *a = NEW(struct node), *b = NEW(struct node);
        a->next = b;
        b->next = a;
    }
}
static NOINLINE void hide(int count) {
    for (int i = 0; i < count; i++)
        hidden[hidden_count++] = ~(size_t)NEW_BYTES(72);
}
static NOINLINE void show(int count) {
    for (int i = 0; i < count; i++)
        shown[i] = (void *)~hidden[i];
}
static NOINLINE void free_hidden(int unused) {
    (void)unused;
    while (hidden_count)
        free((void *)~hidden[--hidden_count]);
}
static void close_all(int unused) {
    (void)unused;
    closefrom(3);
}
static void *lose_apart(void *count) {
    lose(*(int *)count);
    clobber_stack();
    return NULL;
}
static void apart(int count) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, lose_apart, &count) == 0)
        pthread_join(thread, NULL);
}
static void go_on_in_child(int unused) {
    (void)unused;
    pid_t child = fork();
    if (child <= 0)
        return;
    waitpid(child, NULL, 0);
    _exit(0);
}

static const struct {
    const char *word;
    void (*act)(int);
} commands[] = {{"keep", keep},        {"cache", cache},     {"flush", flush_cache}, {"drop", drop_list},
                {"lose", lose},        {"cycle", cycle},     {"hide", hide},         {"show", show},
                {"free", free_hidden}, {"close", close_all}, {"apart", apart},       {"fork", go_on_in_child}};

int main(void) {
    char line[64], word[64];
    while (fgets(line, sizeof line, stdin)) {
        int count = 1;
        if (sscanf(line, "%63s %d", word, &count) < 1)
            continue;
        for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
            if (strcmp(commands[i].word, word) == 0)
                commands[i].act(count);
        clobber_stack();
        printf("ok %d %p\n", (int)getpid(), (void *)kept);
        fflush(stdout);
    }
    return 0;
}
