/* patterns.c - ways to use an allocator that its benchmarks and ordinary programs have in common, each a load.
 *
 * usage: patterns LOAD THREADS ROUNDS
 * prints a sum that depends on LOAD, THREADS and ROUNDS only. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "draw.h"

enum { THREADS_MAX = 64, SLOTS = 4096, BATCH = 1600, MIB = 1 << 20 };

struct worker {
    pthread_t thread;
    uint64_t seed;
    size_t rounds, sum;
    void **inherited; /* of the load `relay`: SLOTS blocks, handed on from thread to thread */
};

static void *made(void *block) {
    if (!block)
        abort();
    return block;
}
static void *touched(void *block) {
    *(char *)made(block) = 1;
    return block;
}

/* The empty assembly keeps calls what they are: neither jumps nor loops. */
#define CALLED __attribute__((noinline, noclone))
#define STAY() __asm__ volatile("" ::: "memory")

/* ---- batches: all made, then all freed ---- */

/* One size, freed in the order in which they were made. */
static void same(struct worker *worker) {
    static const size_t batches[] = {25, 100, 400, 1600};
    void *block[BATCH];
    for (size_t i = 0; i < worker->rounds;) {
        size_t count = batches[draw(&worker->seed, 4)], bytes = (size_t)16 << draw(&worker->seed, 5);
        for (size_t k = 0; k < count; k++)
            block[k] = touched(malloc(bytes));
        for (size_t k = 0; k < count; k++)
            free(block[k]);
        i += count;
        worker->sum += bytes;
    }
}

/* Many sizes; freed the first one first, the last one first, or the even ones before the odd ones; a sixteenth lives on. */
static void batches(struct worker *worker) {
    void *block[BATCH], *kept[BATCH / 16] = {0};
    for (size_t i = 0; i < worker->rounds; i += BATCH) {
        size_t order = draw(&worker->seed, 3);
        for (size_t k = 0; k < BATCH; k++)
            block[k] = touched(malloc(8 + draw(&worker->seed, 1 + k % 400)));
        for (size_t k = 0; k < BATCH; k += 16) {
            void *before = kept[k / 16];
            kept[k / 16] = block[k];
            block[k] = before;
        }
        for (size_t k = 0; k < BATCH; k++)
            free(block[order == 0 ? k : order == 1 ? BATCH - 1 - k : k * 2 % BATCH + (k * 2 >= BATCH)]);
        worker->sum += order;
    }
    for (size_t k = 0; k < BATCH / 16; k++)
        free(kept[k]);
}

/* ---- tables of blocks, any of which may go next ---- */

/* Small blocks and low places are the likely ones; a place is filled when it is empty, else emptied. */
static void likely(struct worker *worker) {
    void **slot = calloc(SLOTS, sizeof *slot);
    for (size_t i = 0; i < 2 * worker->rounds; i++) {
        uint64_t at = draw(&worker->seed, 1 + draw(&worker->seed, 1 + draw(&worker->seed, SLOTS)));
        size_t bytes = 1 + draw(&worker->seed, 1 + draw(&worker->seed, 1 + draw(&worker->seed, 1024)));
        worker->sum += bytes;
        if (slot[at]) {
            free(slot[at]);
            slot[at] = NULL;
        } else
            slot[at] = memset(made(malloc(bytes)), (int)at, bytes);
    }
    for (size_t i = 0; i < SLOTS; i++)
        free(slot[i]);
    free(slot);
}

/* A million places: nothing that a call touches is in the cache. */
enum { PLACES = 1 << 20 };
static void wide(struct worker *worker) {
    void **slot = made(calloc(PLACES, sizeof *slot));
    for (size_t i = 0; i < worker->rounds; i++) {
        void **place = &slot[draw(&worker->seed, PLACES)];
        size_t bytes = 8 + draw(&worker->seed, (uint64_t)8 << draw(&worker->seed, 8));
        free(*place);
        *place = memset(made(malloc(bytes)), 1, bytes);
        worker->sum += bytes;
    }
    for (size_t i = 0; i < PLACES; i++)
        free(slot[i]);
    free(slot);
}

/* A server: a thread replaces blocks that it was left by another one, and leaves them to the next one. */
enum { RELAY_ROUNDS = 20000 };
static void *relay_leg(void *argument) {
    struct worker *worker = argument;
    for (size_t i = 0; i < RELAY_ROUNDS; i++) {
        void **place = &worker->inherited[draw(&worker->seed, SLOTS)];
        size_t bytes = 8 + draw(&worker->seed, 1000);
        free(*place);
        *place = touched(malloc(bytes));
        worker->sum += bytes;
    }
    return NULL;
}
static void relay(struct worker *worker) {
    worker->inherited = calloc(SLOTS, sizeof *worker->inherited);
    for (size_t i = 0; i < worker->rounds; i += RELAY_ROUNDS) {
        pthread_t next;
        if (pthread_create(&next, NULL, relay_leg, worker) || pthread_join(next, NULL))
            abort();
    }
    for (size_t i = 0; i < SLOTS; i++)
        free(worker->inherited[i]);
    free(worker->inherited);
}

/* ---- structures ---- */

struct node {
    struct node *next, *other;
    uint64_t key;
};

/* Binary trees as they are usually measured: grown from the leaves, counted, and cleared by another function. */
static CALLED struct node *grown(int levels) {
    struct node *node = made(malloc(sizeof *node));
    node->next = levels ? grown(levels - 1) : NULL;
    node->other = levels ? grown(levels - 1) : NULL;
    return node;
}
static CALLED size_t counted(const struct node *node) {
    return 1 + (node->next ? counted(node->next) + counted(node->other) : 0);
}
static CALLED void cleared(struct node *node) {
    if (node->next) {
        cleared(node->next);
        cleared(node->other);
    }
    free(node);
}
static void binary(struct worker *worker) {
    struct node *long_lived = grown(12);
    for (int levels = 4; levels <= 16; levels += 4)
        for (size_t i = 0; i < worker->rounds >> (levels + 3); i++) {
            struct node *tree = grown(levels);
            worker->sum += counted(tree);
            cleared(tree);
        }
    cleared(long_lived);
}

/* An unbalanced search tree of which a random node comes and goes: malloc is called from ever other depths. */
static CALLED struct node *inserted(struct node *node, uint64_t key) {
    if (!node) {
        node = made(calloc(1, sizeof *node));
        node->key = key;
    } else if (key < node->key)
        node->next = inserted(node->next, key);
    else
        node->other = inserted(node->other, key);
    return node;
}
static CALLED struct node *removed_least(struct node *node, uint64_t *key) {
    if (node->next) {
        node->next = removed_least(node->next, key);
        return node;
    }
    struct node *rest = node->other;
    *key = node->key;
    free(node);
    return rest;
}
static CALLED struct node *removed(struct node *node, uint64_t key) {
    if (!node)
        return NULL;
    if (key < node->key)
        node->next = removed(node->next, key);
    else if (key > node->key)
        node->other = removed(node->other, key);
    else if (node->next && node->other)
        node->other = removed_least(node->other, &node->key);
    else {
        struct node *rest = node->next ? node->next : node->other;
        free(node);
        return rest;
    }
    return node;
}
static void search(struct worker *worker) {
    struct node *root = NULL;
    for (size_t i = 0; i < worker->rounds / 8; i++) {
        root = inserted(root, draw(&worker->seed, 1024));
        root = removed(root, draw(&worker->seed, 1024));
    }
    while (root)
        root = removed_least(root, &root->key);
    worker->sum += worker->seed & 1;
}

/* A queue as a linked list. */
static void list(struct worker *worker) {
    struct node *first = made(calloc(1, sizeof *first)), *last = first;
    for (size_t i = 0; i < worker->rounds; i++) {
        last = last->next = made(calloc(1, sizeof *last));
        if (i < SLOTS)
            continue;
        struct node *rest = first->next;
        free(first);
        first = rest;
    }
    for (struct node *rest; first; first = rest) {
        rest = first->next;
        free(first);
    }
}

/* A hash map of names: two blocks for each. */
struct entry {
    struct entry *next;
    char *name;
};
static struct entry **place_of(struct entry **bucket, const char *name) {
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (const char *c = name; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    struct entry **place = &bucket[hash % SLOTS];
    while (*place && strcmp((*place)->name, name) != 0)
        place = &(*place)->next;
    return place;
}
static void names(struct worker *worker) {
    struct entry **bucket = calloc(SLOTS, sizeof(struct entry *));
    char name[32];
    for (size_t i = 0; i < worker->rounds / 2; i++) {
        snprintf(name, sizeof name, "name %u", (unsigned)draw(&worker->seed, 2 * SLOTS));
        struct entry **place = place_of(bucket, name), *entry = *place;
        if (entry) {
            *place = entry->next;
            free(entry->name);
            free(entry);
            continue;
        }
        *place = entry = made(calloc(1, sizeof *entry));
        entry->name = made(strdup(name));
        worker->sum++;
    }
    for (size_t i = 0; i < SLOTS; i++)
        for (struct entry *entry = bucket[i], *rest; entry; entry = rest) {
            rest = entry->next;
            free(entry->name);
            free(entry);
        }
    free(bucket);
}

/* ---- stacks of the program's own ---- */

/* Fibers that take turns, each between a malloc and its free, at another depth than the one before. */
enum { FIBERS = 64, FIBER_BYTES = 64 << 10 };
struct fiber {
    ucontext_t context, *scheduler;
    char *stack;
    int depth;
};
static CALLED void fiber_turn(struct fiber *fiber, int depth) {
    if (depth) {
        fiber_turn(fiber, depth - 1);
        STAY();
        return;
    }
    void *block = touched(malloc(48));
    swapcontext(&fiber->context, fiber->scheduler);
    free(block);
}
static void fiber_run(unsigned high, unsigned low) { /* makecontext() passes numbers of 32 bits */
    struct fiber *fiber = (struct fiber *)((uintptr_t)high << 32 | low);
    for (;;)
        fiber_turn(fiber, fiber->depth);
}
static void fibers(struct worker *worker) {
    struct fiber *fiber = made(calloc(FIBERS, sizeof *fiber));
    ucontext_t scheduler;
    for (int i = 0; i < FIBERS; i++) {
        fiber[i].scheduler = &scheduler;
        fiber[i].depth = 3 + i % 8;
        fiber[i].stack = made(malloc(FIBER_BYTES));
        getcontext(&fiber[i].context);
        fiber[i].context.uc_stack.ss_sp = fiber[i].stack;
        fiber[i].context.uc_stack.ss_size = FIBER_BYTES;
        uintptr_t place = (uintptr_t)&fiber[i];
        makecontext(&fiber[i].context, (void (*)(void))fiber_run, 2, (unsigned)(place >> 32), (unsigned)place);
    }
    for (size_t i = 0; i < worker->rounds; i++)
        swapcontext(&scheduler, &fiber[i % FIBERS].context);
    for (int i = 0; i < FIBERS; i++)
        free(fiber[i].stack);
    free(fiber);
    worker->sum += worker->rounds;
}

/* ---- values that live as long as an expression ---- */

/* Long numbers: each step of a calculation makes one, and drops those that it came from. */
struct number {
    uint32_t digits;
    uint32_t digit[];
};
static CALLED struct number *number_new(uint32_t digits) {
    struct number *number = made(malloc(sizeof *number + digits * sizeof(uint32_t)));
    number->digits = digits;
    memset(number->digit, 0, digits * sizeof(uint32_t));
    STAY();
    return number;
}
static CALLED struct number *sum_of(struct number *a, struct number *b) {
    struct number *sum = number_new(a->digits > b->digits ? a->digits : b->digits);
    uint64_t carry = 0;
    for (uint32_t i = 0; i < sum->digits; i++) {
        carry += (uint64_t)(i < a->digits ? a->digit[i] : 0) + (i < b->digits ? b->digit[i] : 0);
        sum->digit[i] = (uint32_t)carry;
        carry >>= 32;
    }
    free(a);
    free(b);
    return sum;
}
static CALLED struct number *times(const struct number *a, uint32_t factor) {
    struct number *product = number_new(a->digits % 8 + 1);
    uint64_t carry = 0;
    for (uint32_t i = 0; i < product->digits; i++) {
        carry += (uint64_t)(i < a->digits ? a->digit[i] : 0) * factor;
        product->digit[i] = (uint32_t)carry;
        carry >>= 32;
    }
    STAY();
    return product;
}
static CALLED struct number *polynomial(const struct number *x, const uint32_t *factor, size_t degree) {
    struct number *lower = degree ? polynomial(x, factor, degree - 1) : number_new(1);
    return sum_of(lower, times(x, factor[degree % 4]));
}
static void numbers(struct worker *worker) {
    struct number *x = number_new(1);
    x->digit[0] = 1;
    for (size_t i = 0; i < worker->rounds / 32; i++) {
        uint32_t factor[] = {(uint32_t)draw(&worker->seed, 1000), 3, 5, 7};
        struct number *value = polynomial(x, factor, 15);
        worker->sum += value->digit[0];
        free(x);
        x = value;
    }
    free(x);
}

/* A problem that is divided: each part makes copies for both halves, and drops them on its way back. */
static CALLED size_t divided(struct worker *worker, const uint64_t *words, size_t count) {
    uint64_t *half[2];
    size_t found = 0;
    if (count < 2)
        return words[0] & 1;
    for (int k = 0; k < 2; k++) {
        half[k] = made(malloc(count / 2 * sizeof *half[k]));
        for (size_t i = 0; i < count / 2; i++)
            half[k][i] = words[2 * i] ^ words[2 * i + (size_t)k];
        found += divided(worker, half[k], count / 2);
    }
    free(half[0]);
    free(half[1]);
    return found;
}
static void parts(struct worker *worker) {
    uint64_t words[64];
    for (size_t i = 0; i < worker->rounds / 128; i++) {
        for (size_t k = 0; k < 64; k++)
            words[k] = draw(&worker->seed, 1 << 20);
        worker->sum += divided(worker, words, 64);
    }
}

/* A call for each byte of a text, each with a block: deeper than any stack that is kept. */
static CALLED size_t deeper(size_t levels) {
    char *block = touched(malloc(40));
    size_t below = levels ? deeper(levels - 1) : 0;
    free(block);
    return below + 1;
}
static void deep(struct worker *worker) {
    for (size_t i = 0; i < worker->rounds / 1000; i++)
        worker->sum += deeper(999);
}

/* ---- memory that grows, or is large ---- */

static void doubling(struct worker *worker) {
    for (size_t i = 0; i < worker->rounds / 10; i++) {
        size_t *array = NULL, room = 0;
        for (size_t count = 0; count < 1024; count++) {
            if (count == room)
                array = made(realloc(array, (room = room ? 2 * room : 2) * sizeof *array));
            array[count] = count;
        }
        worker->sum += array[draw(&worker->seed, 1024)];
        free(array);
    }
}

static void huge(struct worker *worker) {
    char *kept[8] = {0};
    for (size_t i = 0; i < worker->rounds / 256; i++) {
        char **place = &kept[draw(&worker->seed, 8)];
        size_t bytes = MIB + draw(&worker->seed, 24 * MIB);
        free(*place);
        *place = made(malloc(bytes));
        for (size_t at = 0; at < bytes; at += MIB / 4)
            (*place)[at] = 1;
        worker->sum += bytes;
    }
    for (size_t k = 0; k < 8; k++)
        free(kept[k]);
}

static const struct load {
    const char *name;
    void (*run)(struct worker *);
} LOADS[] = {{"same", same},     {"batches", batches},   {"likely", likely}, {"relay", relay},     {"binary", binary},
             {"search", search}, {"list", list},         {"names", names},   {"numbers", numbers}, {"parts", parts},
             {"deep", deep},     {"doubling", doubling}, {"huge", huge},     {"wide", wide},       {"fibers", fibers}};
static const struct load *load;

static void *work(void *argument) {
    load->run(argument);
    return NULL;
}

int main(int argc, char **argv) {
    static struct worker workers[THREADS_MAX];
    size_t sum = 0, threads = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    for (size_t i = 0; argc > 3 && i < sizeof LOADS / sizeof *LOADS; i++)
        if (!strcmp(argv[1], LOADS[i].name))
            load = &LOADS[i];
    if (!load || !threads || threads > THREADS_MAX) {
        fprintf(stderr, "usage: patterns LOAD THREADS ROUNDS, up to %d threads\n", THREADS_MAX);
        return 2;
    }
    for (size_t t = 0; t < threads; t++)
        workers[t] = (struct worker){.seed = 88172645463325252u + t, .rounds = strtoul(argv[3], NULL, 10)};
    for (size_t t = 1; t < threads; t++)
        if (pthread_create(&workers[t].thread, NULL, work, &workers[t]))
            abort();
    work(&workers[0]);
    for (size_t t = 0; t < threads; t++) {
        if (t)
            pthread_join(workers[t].thread, NULL);
        sum += workers[t].sum;
    }
    printf("%zu\n", sum);
    return 0;
}
