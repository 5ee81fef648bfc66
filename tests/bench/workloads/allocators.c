/* allocators.c - what benchmarks of allocators do, each a kind of load that recording might stumble over.
 *
 * usage: allocators LOAD THREADS ROUNDS
 * prints a sum that depends on LOAD, THREADS and ROUNDS only. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"

enum { SLOTS = 1024, QUEUE = 256, THREADS_MAX = 64, PAGE = 4096 };

struct worker {
    pthread_t thread;
    uint64_t seed;
    size_t number, rounds, sum;
};

static size_t thread_count;
static struct worker workers[THREADS_MAX];
static _Atomic(void *) shared[SLOTS];             /* of the load `passed` */
static _Atomic(void *) queue[THREADS_MAX][QUEUE]; /* of `consumer`: from thread N to the next one */

static void *made(void *block) {
    if (!block)
        abort();
    *(char *)block = 1;
    return block;
}

/* Blocks wander: whoever takes a slot frees what another thread put there. */
static void passed(struct worker *worker) {
    for (size_t i = 0; i < worker->rounds; i++) {
        size_t bytes = 16 + draw(&worker->seed, 500);
        free(atomic_exchange(&shared[draw(&worker->seed, SLOTS)], made(malloc(bytes))));
        worker->sum += bytes;
    }
}

/* Each thread makes all that the next one frees. With one thread it is its own customer. */
static void consumer(struct worker *worker) {
    _Atomic(void *) *to = queue[worker->number], *from = queue[(worker->number + thread_count - 1) % thread_count];
    size_t sent = 0, taken = 0;
    while (sent < worker->rounds || taken < worker->rounds) {
        void *block = taken < worker->rounds ? atomic_exchange(&from[taken % QUEUE], NULL) : NULL;
        size_t before = sent;
        if (block) {
            free(block);
            taken++;
        }
        if (sent < worker->rounds && !atomic_load(&to[sent % QUEUE])) {
            size_t bytes = 16 + draw(&worker->seed, 100);
            atomic_store(&to[sent++ % QUEUE], made(malloc(bytes)));
            worker->sum += bytes;
        }
        if (!block && sent == before)
            sched_yield();
    }
}

/* Strings that grow a little at a time. */
static void growing(struct worker *worker) {
    for (size_t i = 0; i < worker->rounds / 64; i++) {
        char *text = NULL;
        for (size_t length = 1; length <= 64; length++)
            text = made(realloc(text, length * (8 + draw(&worker->seed, 8))));
        worker->sum += i;
        free(text);
    }
}

/* All the ways to get a block. */
static void mixed(struct worker *worker) {
    static void *slot[THREADS_MAX][SLOTS];
    void **own = slot[worker->number];
    for (size_t i = 0; i < worker->rounds; i++) {
        void **place = &own[draw(&worker->seed, SLOTS)];
        size_t bytes = 16 + draw(&worker->seed, 1000);
        free(*place);
        switch (draw(&worker->seed, 4)) {
        case 0:
            *place = made(calloc(1, bytes));
            break;
        case 1:
            *place = made(aligned_alloc(64, (bytes + 63) / 64 * 64));
            break;
        case 2:
            if (posix_memalign(place, 256, bytes))
                abort();
            break;
        default:
            *place = made(malloc(bytes));
        }
        worker->sum += bytes;
    }
    for (size_t i = 0; i < SLOTS; i++)
        free(own[i]);
}

/* Blocks that are mapped or cut from the top; now and then a small one holds them in place. */
static void large(struct worker *worker) {
    void *kept[16] = {0};
    for (size_t i = 0; i < worker->rounds / 16; i++) {
        size_t bytes = PAGE + draw(&worker->seed, 60 * PAGE), k = i % 16;
        free(kept[k]);
        kept[k] = made(malloc(bytes));
        worker->sum += bytes;
    }
    for (size_t k = 0; k < 16; k++)
        free(kept[k]);
}

/* A tree of small nodes, built and torn down: first in, last out. */
static size_t tree(struct worker *worker, int levels) {
    void **node = made(malloc(2 * sizeof *node));
    size_t count = 1;
    if (levels)
        count += tree(worker, levels - 1) + tree(worker, levels - 1);
    free(node);
    return count;
}
static void trees(struct worker *worker) {
    for (size_t i = 0; i < worker->rounds / 1024; i++)
        worker->sum += tree(worker, 9);
}

/* The same with thousands of stacks. */
static void tall(struct worker *worker) {
    for (size_t i = 0; i < worker->rounds / 16384; i++)
        worker->sum += tree(worker, 13);
}

/* A tree of four at each node. */
static size_t quad(struct worker *worker, int levels) {
    void **node = made(malloc(4 * sizeof *node));
    size_t count = 1;
    if (levels)
        count +=
            quad(worker, levels - 1) + quad(worker, levels - 1) + quad(worker, levels - 1) + quad(worker, levels - 1);
    free(node);
    return count;
}
static void quads(struct worker *worker) {
    for (size_t i = 0; i < worker->rounds / 4096; i++)
        worker->sum += quad(worker, 6);
}

/* A thread for every few blocks. */
static void *short_thread(void *argument) {
    struct worker *worker = argument;
    void *block[32];
    for (size_t i = 0; i < 32; i++)
        block[i] = made(malloc(16 + draw(&worker->seed, 100)));
    for (size_t i = 0; i < 32; i++)
        free(block[i]);
    return NULL;
}
static void threads(struct worker *worker) {
    for (size_t i = 0; i < worker->rounds / 512; i++) {
        struct worker child = {.seed = worker->seed + i};
        if (pthread_create(&child.thread, NULL, short_thread, &child) || pthread_join(child.thread, NULL))
            abort();
        worker->sum++;
    }
}

static const struct load {
    const char *name;
    void (*run)(struct worker *);
} LOADS[] = {{"passed", passed}, {"consumer", consumer}, {"growing", growing}, {"mixed", mixed},    {"large", large},
             {"trees", trees},   {"tall", tall},         {"quads", quads},     {"threads", threads}};
static const struct load *load;

static void *work(void *argument) {
    load->run(argument);
    return NULL;
}

int main(int argc, char **argv) {
    size_t sum = 0;
    thread_count = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    for (size_t i = 0; argc > 3 && i < sizeof LOADS / sizeof *LOADS; i++)
        if (!strcmp(argv[1], LOADS[i].name))
            load = &LOADS[i];
    if (!load || !thread_count || thread_count > THREADS_MAX) {
        fprintf(stderr, "usage: allocators LOAD THREADS ROUNDS, up to %d threads\n", THREADS_MAX);
        return 2;
    }
    for (size_t t = 0; t < thread_count; t++) {
        workers[t] = (struct worker){.seed = 88172645463325252u + t, .number = t, .rounds = strtoul(argv[3], NULL, 10)};
        if (pthread_create(&workers[t].thread, NULL, work, &workers[t]))
            abort();
    }
    for (size_t t = 0; t < thread_count; t++) {
        pthread_join(workers[t].thread, NULL);
        sum += workers[t].sum;
    }
    for (size_t i = 0; i < SLOTS; i++)
        free(shared[i]);
    printf("%zu\n", sum);
    return 0;
}
