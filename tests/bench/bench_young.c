/* bench_young.c - what does a young scan cost, measured by a full one of the same heap?
 *
 * Linked with all of analysis/ and tests/unit/heap_build.c.
 * usage: bench_young [millions of old objects, default 4] [runs, default 5]
 * prints `name value unit runs`: the best of the runs. A scan here is all that follows the snapshot but for the roots outside
 * the heap: view, words of old objects, marking, history, verdicts. Young: 50 000 objects born since, 1 000 pages written
 * besides theirs. The last figure is the ratio of the two; it may be 0.05 at most, else the program fails. */
#include "analysis/verdict.h"
#include "analysis/young.h"
#include "tests/bench/bench.h"
#include "tests/unit/heap_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NODE_BYTES = 64,
    NODE_POINTERS = 4,
    STEP_BYTES = 80, /* as glibc lays 64-byte objects out */
    YOUNG = 50000,
    WRITTEN_PAGES = 1000,
    PAGE = 4096,
};

struct bench {
    struct heap_build *build;
    uintptr_t **node; /* old ones first */
    size_t old_count;
    struct root root;
    struct range written[WRITTEN_PAGES + 1];
    size_t written_count;
    uint32_t births_before;
    struct history history;
    struct arena keep;         /* for that */
    struct heap_build *lender; /* of the memory of the scan at hand */
};

enum phase { VIEW, WORDS, MARK, HISTORY, VERDICT, PHASES };
static const char *const PHASE_NAMES[] = {"view", "old_words", "mark", "history", "verdict"};

static uint64_t seed = 88172645463325252u;

/* Nodes as malloc would place them, one after the other. The first pointers of all of them make a ring that jumps about, so
 * that all are reached; the others lead anywhere, to what is older, too. */
static void add_nodes(struct bench *bench, size_t first, size_t count) {
    const size_t jump = 7368787; /* a prime */
    for (size_t i = first; i < first + count; i++) {
        bench->node[i] = heap_build_gap(bench->build, STEP_BYTES);
        heap_build_adopt(bench->build, bench->node[i], NODE_BYTES, 1 + (unsigned)draw(&seed, 1000));
    }
    for (size_t i = 0; i < count; i++) {
        uintptr_t *node = bench->node[first + i];
        node[0] = (uintptr_t)bench->node[first + (i + jump) % count];
        for (int p = 1; p < NODE_POINTERS; p++)
            node[2 * p] = (uintptr_t)bench->node[draw(&seed, first + count)];
    }
}

static void make_old(struct bench *bench, size_t count) {
    bench->build = heap_build_new((count + YOUNG) * STEP_BYTES + 3 * PAGE);
    bench->node = malloc((count + YOUNG) * sizeof *bench->node);
    bench->old_count = count;
    if (!bench->node)
        abort();
    uintptr_t *roots = heap_build_gap(bench->build, 512);
    add_nodes(bench, 0, count);
    for (int i = 0; i < 64; i++)
        roots[i] = (uintptr_t)bench->node[draw(&seed, count)];
    bench->root = (struct root){(uintptr_t)roots, (uintptr_t)(roots + 64), 0};
    bench->keep = bench->build->arena;
    bench->births_before = bench->build->births;
}

static int by_address(const void *a, const void *b) {
    uintptr_t x = ((const struct range *)a)->lo, y = ((const struct range *)b)->lo;
    return (x > y) - (x < y);
}

/* Old objects on some pages take up some of the young ones; their pages are written, and those of the young ones. */
static void make_young(struct bench *bench) {
    bench->build->epoch++;
    bench->build->next = (char *)(((uintptr_t)bench->build->next + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
    uintptr_t young_lo = (uintptr_t)bench->build->next;
    add_nodes(bench, bench->old_count, YOUNG);
    for (size_t p = 0; p < WRITTEN_PAGES; p++) {
        uintptr_t *node = bench->node[draw(&seed, bench->old_count)];
        uintptr_t page = (uintptr_t)(node + 1) & ~(uintptr_t)(PAGE - 1);
        node[1] = (uintptr_t)bench->node[bench->old_count + draw(&seed, YOUNG)];
        bench->written[bench->written_count++] = (struct range){page, page + PAGE};
    }
    uintptr_t young_hi = ((uintptr_t)bench->build->next + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
    bench->written[bench->written_count++] = (struct range){young_lo, young_hi};
    qsort(bench->written, bench->written_count, sizeof *bench->written, by_address);
    size_t count = 0; /* the same page may have been drawn twice */
    for (size_t i = 0; i < bench->written_count; i++)
        if (!count || bench->written[count - 1].lo != bench->written[i].lo)
            bench->written[count++] = bench->written[i];
    bench->written_count = count;
}

static struct scan_entry entry_of(const struct bench *bench, uint32_t number, uint32_t generation) {
    return (struct scan_entry){.number = number,
                               .generation = generation,
                               .at_us = number,
                               .birth_end = number == 1 ? bench->births_before + 1 : bench->build->births + 1};
}

/* What follows the marking. returns when it ended */
static void judge(struct bench *bench, const struct history_input *in, struct history *out, double *at) {
    struct heap *heap = &bench->build->heap;
    struct arena *arena = &bench->lender->arena;
    struct verdicts verdicts;
    fail_if(history_update(in, &bench->keep, arena, out), "history_update");
    at[HISTORY + 1] = now_seconds();
    struct verdict_times times = {.history = out, .now = in->scan};
    fail_if(verdict_run(heap, in->marks, OBJECT_INHERITED | OBJECT_SUSPECT, &times, arena, &verdicts), "verdict_run");
    at[VERDICT + 1] = now_seconds();
}

static void scan_full(struct bench *bench, double *at) {
    struct heap *heap = &bench->build->heap;
    struct arena *arena = &bench->lender->arena;
    struct marks marks;
    at[VIEW] = now_seconds();
    fail_if(heap_freeze(heap, arena), "heap_freeze");
    at[WORDS] = at[MARK] = now_seconds();
    fail_if(mark_run(heap, &bench->root, 1, arena, &marks), "mark_run");
    at[HISTORY] = now_seconds();
    struct history_input in = {heap, &marks, NULL, entry_of(bench, 1, 2), 2, 0};
    judge(bench, &in, &bench->history, at);
}

static void scan_young(struct bench *bench, double *at) {
    struct heap *heap = &bench->build->heap;
    struct arena *arena = &bench->lender->arena;
    struct young young = {.birth_from = history_young_from(&bench->history, 0),
                          .birth_end = bench->build->births + 1,
                          .epoch = bench->build->epoch,
                          .history = &bench->history};
    struct marks marks;
    struct root *roots;
    struct history after;
    size_t count;
    at[VIEW] = now_seconds();
    fail_if(young_view(heap, &young, arena), "young_view");
    at[WORDS] = now_seconds();
    fail_if(young_old_words(heap, bench->written, bench->written_count, arena, &roots, &count), "young_old_words");
    at[MARK] = now_seconds();
    fail_if(mark_run(heap, roots, count, arena, &marks), "mark_run");
    at[HISTORY] = now_seconds();
    struct history_input in = {heap, &marks, &bench->history, entry_of(bench, 2, 0), 2, 0};
    judge(bench, &in, &after, at);
}

/* In memory that is given back behind it, as a scan's is (bench_mark.c says why). */
static void lend_and_scan(struct bench *bench, void (*scan)(struct bench *, double *), double *at) {
    bench->lender = heap_build_new(STEP_BYTES);
    bench->lender->arena.block_bytes = 16 << 20; /* long enough for huge pages */
    scan(bench, at);
    heap_build_free(bench->lender);
}

/* The best of the runs, phase by phase. returns the sum in seconds. */
static double measure(struct bench *bench, void (*scan)(struct bench *, double *), const char *name, int runs) {
    double best[PHASES], at[PHASES + 1], sum = 0;
    for (int r = 0; r < runs; r++) {
        lend_and_scan(bench, scan, at);
        for (int p = 0; p < PHASES; p++)
            if (r == 0 || at[p + 1] - at[p] < best[p])
                best[p] = at[p + 1] - at[p];
    }
    for (int p = 0; p < PHASES; p++) {
        printf("%s_%s %.3f ms %d\n", name, PHASE_NAMES[p], best[p] * 1e3, runs);
        sum += best[p];
    }
    printf("%s %.3f ms %d\n", name, sum * 1e3, runs);
    return sum;
}

int main(int argc, char **argv) {
    static struct bench bench;
    size_t millions = argc > 1 ? strtoul(argv[1], NULL, 10) : 4;
    int runs = argc > 2 ? atoi(argv[2]) : 5;
    if (millions == 0 || runs <= 0) {
        fprintf(stderr, "usage: bench_young [millions] [runs]\n");
        return 2;
    }
    make_old(&bench, millions * 1000000);
    double full = measure(&bench, scan_full, "full_scan", runs);
    make_young(&bench);
    double young = measure(&bench, scan_young, "young_scan", runs);
    printf("young_scan_to_full_scan %.4f ratio %d\n", young / full, runs);
    free(bench.node);
    heap_build_free(bench.build);
    return young > full / 20;
}
