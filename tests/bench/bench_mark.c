/* bench_mark.c - what does marking cost a live object: in a random graph, with two threads, in larger heaps, in a list?
 *
 * Linked with all of analysis/ and tests/unit/heap_build.c.
 * usage: bench_mark [thousands of nodes, default 4000] [runs, default 5] [floor: nothing but what the memory takes]
 * prints one JSON object a line, the best of the runs; times are processor time of the thread that took longest, so that
 * other programs count as little as possible. */
#include "analysis/mark.h"
#include "tests/bench/bench.h"
#include "tests/unit/heap_build.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODE_BYTES = 64, NODE_POINTERS = 4, STEP_BYTES = 80 /* as glibc lays 64-byte objects out */, ROOTS = 64 };

struct graph {
    struct heap_build *build;
    struct root root;
    size_t count;
};

static void *allocated(void *memory) {
    if (!memory)
        abort();
    return memory;
}

/* ---- two threads ---- */

struct share {
    crew_work *work;
    void *job;
    double seconds;
};

static double other_seconds; /* what the other threads took since it was set to 0, the longest in each phase */

static void *take_part(void *argument) {
    struct share *share = argument;
    double begun = now_seconds();
    share->work(share->job);
    share->seconds = now_seconds() - begun;
    return NULL;
}

static void together(const struct crew *crew, crew_work *work, void *job) {
    struct share other = {work, job, 0}, own = {work, job, 0};
    pthread_t thread;
    int started = crew->size > 1 && !pthread_create(&thread, NULL, take_part, &other);
    take_part(&own);
    if (started)
        pthread_join(thread, NULL);
    if (other.seconds > own.seconds)
        other_seconds += other.seconds - own.seconds;
}

static void rest(void) {
    sched_yield();
}

static const struct crew two = {.size = 2, .together = together, .rest = rest};

/* ---- graphs ---- */

/* `count` nodes as malloc would place them, one after the other, and a root of some words behind them. */
static struct graph new_graph(size_t count, uintptr_t ***nodes) {
    struct graph graph = {heap_build_new(count * STEP_BYTES + 4096), {0}, count};
    uintptr_t **node = allocated(malloc(count * sizeof *node));
    for (size_t i = 0; i < count; i++) {
        node[i] = heap_build_gap(graph.build, STEP_BYTES);
        heap_build_adopt(graph.build, node[i], NODE_BYTES, 1);
    }
    uintptr_t *root = heap_build_gap(graph.build, ROOTS * sizeof *root);
    graph.root = (struct root){(uintptr_t)root, (uintptr_t)(root + ROOTS), 0};
    heap_build_freeze(graph.build);
    *nodes = node;
    return graph;
}

/* With four pointers a node nearly all is reached. */
static struct graph random_graph(size_t count) {
    uintptr_t **node;
    struct graph graph = new_graph(count, &node);
    uint64_t seed = 88172645463325252u;
    for (size_t i = 0; i < count; i++)
        for (int p = 0; p < NODE_POINTERS; p++)
            node[i][2 * p] = (uintptr_t)node[random_next(&seed) % count];
    for (int i = 0; i < ROOTS; i++)
        ((uintptr_t *)graph.root.lo)[i] = (uintptr_t)node[random_next(&seed) % count];
    free(node);
    return graph;
}

/* In the order of allocation, or in a random one. */
static struct graph list(size_t count, int shuffled) {
    uintptr_t **node;
    struct graph graph = new_graph(count, &node);
    uint64_t seed = 88172645463325252u;
    for (size_t i = count - 1; shuffled && i > 0; i--) {
        size_t other = random_next(&seed) % (i + 1);
        uintptr_t *kept = node[i];
        node[i] = node[other];
        node[other] = kept;
    }
    for (size_t i = 0; i + 1 < count; i++)
        node[i][0] = (uintptr_t)node[i + 1];
    *(uintptr_t *)graph.root.lo = (uintptr_t)node[0];
    free(node);
    return graph;
}

/* ---- figures ---- */

/* One search, in memory that is given back behind it, as a scan's is: pages that were never used before can cost a virtual
 * machine more than the search. returns seconds */
static double search(struct graph *graph, const struct crew *crew, uint64_t *objects) {
    struct heap_build *lender = heap_build_new(STEP_BYTES);
    struct marks marks;
    lender->arena.block_bytes = 16 << 20;
    other_seconds = 0;
    double begun = now_seconds();
    if (mark_together(crew, &graph->build->heap, &graph->root, 1, &lender->arena, &marks)) {
        fprintf(stderr, "bench_mark: no memory\n");
        exit(1);
    }
    double took = now_seconds() - begun + other_seconds;
    *objects = marks.objects_scanned;
    heap_build_free(lender);
    return took;
}

/* Nanoseconds a node, the best of the runs. */
static double mark(struct graph *graph, const struct crew *crew, int runs) {
    double best = 1e9;
    for (int r = 0; r < runs; r++) {
        uint64_t objects;
        double took = search(graph, crew, &objects) * 1e9 / (double)objects;
        best = took < best ? took : best;
        if (objects < graph->count / 10 * 9) {
            fprintf(stderr, "bench_mark: only %zu objects were reached\n", (size_t)objects);
            exit(1);
        }
    }
    return best;
}

static double mark_and_free(struct graph graph, int runs) {
    double took = mark(&graph, NULL, runs);
    heap_build_free(graph.build);
    return took;
}

/* ---- the floor: what the memory takes, when all that will be read is known beforehand ---- */

enum { GRANULES = STEP_BYTES / 16, REGION_BYTES = 1 << 20, LINES = 2, BATCH = 8, AHEAD_MIN = 8, AHEAD_MAX = 32 };

/* A visit of each node: its words, and a byte for each of its pointers in a table of one byte for 16 of the heap. */
struct visits {
    const char *node;
    const uint8_t *byte;
    const uint32_t *order, *target; /* nodes; NODE_POINTERS numbers of bytes for each of them */
    size_t count;
    size_t ahead;         /* so many nodes before its visit a node is fetched */
    _Atomic size_t taken; /* halves, or the whole */
    size_t shares;
    _Atomic uint64_t sum; /* so that it is read */
};

static inline void fetch(const struct visits *visits, size_t first) {
    for (size_t line = 0; line < LINES; line++)
        for (size_t i = first; i < first + BATCH; i++)
            __builtin_prefetch(visits->node + visits->order[i] * (size_t)STEP_BYTES + line * (NODE_BYTES - 8));
    for (size_t i = first * NODE_POINTERS; i < (first + BATCH) * NODE_POINTERS; i++)
        __builtin_prefetch(&visits->byte[visits->target[i]]);
}

static inline uint64_t visit(const struct visits *visits, size_t number) {
    uint64_t sum = 0, word[NODE_BYTES / 8];
    memcpy(word, visits->node + visits->order[number] * (size_t)STEP_BYTES, sizeof word);
    for (size_t i = 0; i < NODE_BYTES / 8; i++)
        sum += word[i];
    for (size_t pointer = 0; pointer < NODE_POINTERS; pointer++)
        sum += visits->byte[visits->target[number * NODE_POINTERS + pointer]];
    return sum;
}

static void visit_share(void *job) {
    struct visits *visits = job;
    size_t share;
    uint64_t sum = 0;
    while (crew_next(&visits->taken, visits->shares, &share)) {
        size_t end = visits->count / visits->shares * (share + 1) - visits->ahead - BATCH;
        for (size_t at = visits->count / visits->shares * share; at < end; at += BATCH) {
            fetch(visits, at + visits->ahead);
            for (size_t i = at; i < at + BATCH; i++)
                sum += visit(visits, i);
        }
    }
    visits->sum += sum;
}

/* Nanoseconds a node, the best of the runs and of how far ahead is fetched. */
static double touch(struct visits *visits, const struct crew *crew, int runs) {
    double best = 1e9;
    visits->shares = crew_members(crew);
    for (visits->ahead = AHEAD_MIN; visits->ahead <= AHEAD_MAX; visits->ahead *= 2)
        for (int r = 0; r < runs; r++) {
            other_seconds = 0;
            visits->taken = 0;
            double begun = now_seconds();
            crew_together(crew, visit_share, visits);
            double took = now_seconds() - begun + other_seconds;
            best = took < best ? took : best;
        }
    return best * 1e9 / (double)visits->count;
}

/* All numbers below `count` times, those of a region together, as multiples of `step`. */
static uint32_t *shuffled(size_t count, size_t region, size_t times, size_t step) {
    uint32_t *order = allocated(malloc(times * count * sizeof *order));
    uint64_t seed = 88172645463325252u;
    for (size_t i = 0; i < times * count; i++) {
        size_t first = i / (times * region) * (times * region), other = first + random_next(&seed) % (i - first + 1);
        order[i] = order[other];
        order[other] = (uint32_t)(i / times * step);
    }
    return order;
}

static void print(const char *question, double value, const char *unit, double must, double aim) {
    printf("{\"question\":\"%s\",\"value\":%.2f,\"unit\":\"%s\",\"must\":%g,\"aim\":%g}\n", question, value, unit, must,
           aim);
    fflush(stdout);
}

static void print_touched(const char *question, double value) {
    printf("{\"question\":\"%s\",\"value\":%.2f,\"unit\":\"ns/node\"}\n", question, value);
    fflush(stdout);
}

static void print_floor(const struct graph *graph, int runs) {
    const struct {
        size_t nodes;
        const char *one_thread, *two_threads;
    } region[] = {
        {graph->count, "floor: the same memory touched with no thought, one thread",
         "floor: the same memory touched with no thought, two threads"},
        {REGION_BYTES / STEP_BYTES, "floor: the same, a megabyte after another, one thread",
         "floor: the same, a megabyte after another, two threads"},
    };
    /* pages as a search has them: those of its table are huge, the heap's are not */
    struct heap_build *lender = heap_build_new(STEP_BYTES);
    uint8_t *bytes = allocated(arena_alloc(&lender->arena, graph->count, GRANULES));
    memset(bytes, 0, graph->count * GRANULES);
    for (size_t i = 0; i < sizeof region / sizeof *region; i++) {
        uint32_t *order = shuffled(graph->count, region[i].nodes, 1, 1);
        uint32_t *target = shuffled(graph->count, region[i].nodes, NODE_POINTERS, GRANULES);
        struct visits visits = {
            .node = graph->build->memory, .byte = bytes, .order = order, .target = target, .count = graph->count};
        print_touched(region[i].one_thread, touch(&visits, NULL, runs));
        print_touched(region[i].two_threads, touch(&visits, &two, runs));
        free(order);
        free(target);
    }
    heap_build_free(lender);
}

int main(int argc, char **argv) {
    size_t count = (argc > 1 ? strtoul(argv[1], NULL, 10) : 4000) * 1000;
    int runs = argc > 2 ? atoi(argv[2]) : 5;
    struct graph graph = random_graph(count);
    if (argc > 3 && !strcmp(argv[3], "floor")) {
        print_floor(&graph, runs);
        return 0;
    }
    double one_thread = mark(&graph, NULL, runs), two_threads = mark(&graph, &two, runs);
    print_floor(&graph, 2);
    heap_build_free(graph.build);
    print("mark a random graph, one thread", one_thread, "ns/node", 80, 50);
    print("mark a random graph, two threads", two_threads, "ns/node", 45, 30);
    double small = mark_and_free(random_graph(count / 4), runs), large = mark_and_free(random_graph(4 * count), 2);
    print("mark a random graph 16 times as large, time a node", large / small, "ratio", 1.5, 1);
    print("mark one long list, to the random graph", mark_and_free(list(count, 0), runs) / one_thread, "ratio", 1.5, 1);
    print("mark one long list in random order, to the random graph", mark_and_free(list(count, 1), 2) / one_thread,
          "ratio", 1.5, 1);
    return 0;
}
