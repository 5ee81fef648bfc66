/* bench_verdict.c - what does the way to an object cost, and judging a lost one?
 *
 * Linked with all of analysis/ and tests/unit/heap_build.c.
 * usage: bench_verdict [millions of live nodes, default 4] [runs, default 3]
 * prints `name value unit runs`: the best of the runs. */
#include "analysis/path.h"
#include "analysis/verdict.h"
#include "tests/bench/bench.h"
#include "tests/unit/heap_build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { NODE_BYTES = 64, NODE_POINTERS = 4, STEP_BYTES = 80 /* as glibc lays 64-byte objects out */ };

/* `count` nodes as malloc would place them, one after the other. */
static uintptr_t **make_nodes(struct heap_build *build, size_t count) {
    uintptr_t **node = malloc(count * sizeof *node);
    if (!node)
        abort();
    for (size_t i = 0; i < count; i++) {
        node[i] = heap_build_gap(build, STEP_BYTES);
        heap_build_adopt(build, node[i], NODE_BYTES, 1);
    }
    return node;
}

/* The way to something that nothing reaches: all is searched. */
static void bench_path(struct heap_build *build, const struct root *root, size_t reached, int runs) {
    double best = 1e9;
    uintptr_t unreached = (uintptr_t)heap_build_object(build, NODE_BYTES, 1);
    heap_build_freeze(build);
    for (int r = 0; r < runs; r++) {
        struct path path;
        double start = now_seconds();
        if (path_find(&build->heap, root, 1, unreached, &build->arena, &path) != -ENOENT)
            fail_if(1, "path_find");
        double took = now_seconds() - start;
        best = took < best ? took : best;
    }
    printf("path_random_graph %.1f ns/object %d\n", best * 1e9 / (double)reached, runs);
}

/* A random graph, all of it reachable from a few roots (with four pointers a node nearly all is). */
static void bench_live(size_t count, int runs) {
    struct heap_build *build = heap_build_new(count * STEP_BYTES + 4096);
    uintptr_t **node = make_nodes(build, count);
    uint64_t seed = 88172645463325252u;
    for (size_t i = 0; i < count; i++)
        for (int p = 0; p < NODE_POINTERS; p++)
            node[i][2 * p] = (uintptr_t)node[random_next(&seed) % count];
    void **roots = heap_build_gap(build, 512);
    for (int i = 0; i < 64; i++)
        roots[i] = node[random_next(&seed) % count];
    struct root root = {(uintptr_t)roots, (uintptr_t)(roots + 64), 0};
    bench_path(build, &root, count, runs);
    free(node);
    heap_build_free(build);
}

/* Lost lists and rings: `ring` closes the list, `back` doubles its links. */
static void bench_lost(const char *name, size_t count, int runs, int ring, int back, size_t group) {
    struct heap_build *build = heap_build_new(count * STEP_BYTES + 4096);
    uintptr_t **node = make_nodes(build, count);
    for (size_t i = 0; i < count; i++) {
        size_t base = i - i % group, next = base + (i - base + 1) % group, last = base + (i - base + group - 1) % group;
        if (next > i || ring)
            node[i][1] = (uintptr_t)node[next];
        if (back && (last < i || ring))
            node[i][2] = (uintptr_t)node[last];
    }
    heap_build_freeze(build);
    double best = 1e9;
    size_t memory = 0, length = 0;
    for (int r = 0; r < runs; r++) {
        struct marks marks;
        struct verdicts verdicts;
        fail_if(mark_run(&build->heap, NULL, 0, &build->arena, &marks), "mark_run");
        memory = build->arena.used_bytes;
        double start = now_seconds();
        fail_if(verdict_run(&build->heap, &marks, OBJECT_INHERITED, NULL, &build->arena, &verdicts), "verdict_run");
        double took = now_seconds() - start;
        best = took < best ? took : best;
        memory = build->arena.used_bytes - memory;
        length = verdicts.findings[0].cycle_length;
    }
    printf("verdict_%s %.1f ns/object %d\n", name, best * 1e9 / (double)count, runs);
    printf("verdict_%s_memory %.1f bytes/object %d\n", name, (double)memory / (double)count, runs);
    printf("verdict_%s_cycle_length %zu objects %d\n", name, length, runs);
    free(node);
    heap_build_free(build);
}

int main(int argc, char **argv) {
    size_t millions = argc > 1 ? strtoul(argv[1], NULL, 10) : 4;
    int runs = argc > 2 ? atoi(argv[2]) : 3;
    size_t million = 1000000;
    if (millions)
        bench_live(millions * million, runs);
    bench_lost("list", million, runs, 0, 0, million);
    bench_lost("ring", million, runs, 1, 0, million);
    bench_lost("double_ring", million, runs, 1, 1, million);
    bench_lost("pairs", million, runs, 1, 0, 2);
    bench_lost("rings_of_1000", million, runs, 1, 0, 1000);
    return 0;
}
