/* churn.c - a loop of malloc and free: how much does recording cost where a program does nothing else?
 *
 * usage: churn THREADS PAIRS [WAY]
 *   THREADS  that do this, each for itself
 *   PAIRS    of malloc and free, of each thread
 *   WAY      to malloc, 20 calls below the thread's start: `descending` (default) comes down anew for each pair, always the
 *            same way; `standing` runs the loop at the bottom; `alternating` takes three ways down in turn, and `wandering`
 *            one of 1 024 at random
 * A window of 4 096 blocks of 16 to 272 bytes, of which a random one is replaced. The seed is fixed, and so is what is
 * printed: the sum of the sizes. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"

enum { WINDOW = 4096, BYTES_MIN = 16, BYTES_MAX = 272, DEPTH = 20, WAYS = 1024, THREADS_MAX = 64 };

struct churn {
    pthread_t thread;
    uint64_t seed;
    size_t sum;
    void *window[WINDOW];
};

static size_t pairs_per_thread;
static void (*walk)(struct churn *);

static void replace(struct churn *churn) {
    uint64_t drawn = random_next(&churn->seed);
    size_t bytes = BYTES_MIN + (drawn >> 32) % (BYTES_MAX - BYTES_MIN + 1);
    void **place = &churn->window[drawn % WINDOW];
    free(*place);
    *place = malloc(bytes);
    if (!*place)
        abort();
    *(char *)*place = 1;
    churn->sum += bytes;
}

/* The empty assembly keeps the compiler from making a jump or a loop of the call: the frames are what this is about. */
__attribute__((noinline, noclone)) static void descend(struct churn *churn, int levels, size_t pairs) {
    if (levels)
        descend(churn, levels - 1, pairs);
    else
        for (size_t i = 0; i < pairs; i++)
            replace(churn);
    __asm__ volatile("" ::: "memory");
}

/* Each bit of `way` says which of two calls leads on. What follows them differs, so that they stay two. */
__attribute__((noinline, noclone)) static void turn(struct churn *churn, int levels, unsigned way) {
    if (!levels)
        replace(churn);
    else if (way & 1) {
        turn(churn, levels - 1, way >> 1);
        __asm__ volatile("nop" ::: "memory");
    } else {
        turn(churn, levels - 1, way >> 1);
        __asm__ volatile("nop; nop" ::: "memory");
    }
}

static void walk_standing(struct churn *churn) {
    descend(churn, DEPTH - 2, pairs_per_thread);
}
static void walk_descending(struct churn *churn) {
    for (size_t i = 0; i < pairs_per_thread; i++)
        descend(churn, DEPTH - 2, 1);
}
static void walk_alternating(struct churn *churn) {
    for (size_t i = 0; i < pairs_per_thread; i++)
        turn(churn, DEPTH - 2, i % 3);
}
static void walk_wandering(struct churn *churn) {
    for (size_t i = 0; i < pairs_per_thread; i++)
        turn(churn, DEPTH - 2, random_next(&churn->seed) % WAYS);
}

static const struct way {
    const char *name;
    void (*walk)(struct churn *);
} WALKS[] = {{"descending", walk_descending},
             {"standing", walk_standing},
             {"alternating", walk_alternating},
             {"wandering", walk_wandering}};

static void *churn_run(void *argument) {
    struct churn *churn = argument;
    walk(churn);
    for (size_t i = 0; i < WINDOW; i++)
        free(churn->window[i]);
    return NULL;
}

int main(int argc, char **argv) {
    static struct churn all[THREADS_MAX];
    size_t threads = argc > 1 ? strtoul(argv[1], NULL, 10) : 1, sum = 0;
    pairs_per_thread = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000000;
    for (size_t i = 0; i < sizeof WALKS / sizeof *WALKS; i++)
        if (!strcmp(argc > 3 ? argv[3] : "descending", WALKS[i].name))
            walk = WALKS[i].walk;
    if (!walk || !threads || threads > THREADS_MAX) {
        fprintf(stderr, "usage: churn THREADS PAIRS [descending|standing|alternating|wandering], up to %d threads\n",
                THREADS_MAX);
        return 2;
    }
    for (size_t t = 0; t < threads; t++)
        all[t].seed = 88172645463325252u + t;
    for (size_t t = 1; t < threads; t++)
        if (pthread_create(&all[t].thread, NULL, churn_run, &all[t]))
            abort();
    churn_run(&all[0]);
    for (size_t t = 1; t < threads; t++)
        pthread_join(all[t].thread, NULL);
    for (size_t t = 0; t < threads; t++)
        sum += all[t].sum;
    printf("%zu\n", sum);
    return 0;
}
