/* test_verdict.c - kinds and findings: what is lost, what hangs from it, which cycles are the same.
 *
 * Linked with all of analysis/, heap_build.c and -lcheck. */
#include "analysis/verdict.h"
#include "tests/unit/heap_build.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

static struct heap_build *build;
static uintptr_t *roots;
static struct verdicts verdicts;

static void setup(void) {
    build = heap_build_new(512 << 20);
    roots = heap_build_gap(build, 16 * sizeof *roots);
}
static void teardown(void) {
    heap_build_free(build);
}

static int run(void) {
    struct root root = {(uintptr_t)roots, (uintptr_t)(roots + 16), 0};
    struct marks marks;
    int error = mark_run(&build->heap, &root, 1, &build->arena, &marks);
    return error ? error : verdict_run(&build->heap, &marks, OBJECT_INHERITED, NULL, &build->arena, &verdicts);
}

static void judge(void) {
    heap_build_freeze(build);
    ck_assert_int_eq(run(), 0);
}

static uintptr_t *object(size_t size_bytes, unsigned site) {
    return heap_build_object(build, size_bytes, site);
}

static void point(uintptr_t *from, size_t word, const uintptr_t *to, size_t offset) {
    from[word] = (uintptr_t)to + offset;
}

static const struct finding *finding_of(enum kind kind, unsigned site) {
    for (size_t i = 0; i < verdicts.finding_count; i++)
        if (verdicts.findings[i].kind == kind && verdicts.findings[i].site == site)
            return &verdicts.findings[i];
    return NULL;
}

static void tally_is(enum kind kind, uint64_t objects, uint64_t bytes, uint64_t findings) {
    ck_assert_uint_eq(verdicts.tally[kind].objects, objects);
    ck_assert_uint_eq(verdicts.tally[kind].bytes, bytes);
    ck_assert_uint_eq(verdicts.tally[kind].findings, findings);
}

static void tallies_are_empty_but(enum kind kind) {
    for (enum kind k = 0; k < KIND_COUNT; k++)
        if (k != kind)
            tally_is(k, 0, 0, 0);
}

START_TEST (kinds_that_nobody_reads_are_sums) {
    enum { OBJECTS = 300, SITE_FAR = 20000 };
    object(40, 7);
    uintptr_t *all = object(2 * OBJECTS * sizeof *all, 9);
    roots[0] = (uintptr_t)all;
    for (unsigned i = 0; i < OBJECTS; i++) {
        point(all, i, object(32 + i, 10 + i / 2), 0);
        point(all, OBJECTS + i, object(64, i % 3 ? SITE_FAR : 5), 24);
    }
    judge();
    struct verdicts read = verdicts;
    struct marks marks;
    struct root root = {(uintptr_t)roots, (uintptr_t)(roots + 16), 0};
    struct verdict_times times = {.now.number = 1, .unread = 1u << KIND_POSSIBLE | 1u << KIND_REACHABLE};
    ck_assert_int_eq(mark_run(&build->heap, &root, 1, &build->arena, &marks), 0);
    ck_assert_int_eq(verdict_run(&build->heap, &marks, 0, &times, &build->arena, &verdicts), 0);
    ck_assert_mem_eq(read.tally, verdicts.tally, sizeof read.tally);
    tally_is(KIND_REACHABLE, OBJECTS + 1, read.tally[KIND_REACHABLE].bytes, OBJECTS / 2 + 1);
    tally_is(KIND_POSSIBLE, OBJECTS, OBJECTS * 64, 2);
    ck_assert_uint_eq(verdicts.finding_count, 1);
    ck_assert_ptr_nonnull(finding_of(KIND_LOST, 7));
}
END_TEST

START_TEST (object_without_pointers_is_lost) {
    object(40, 7);
    judge();
    tally_is(KIND_LOST, 1, 40, 1);
    tallies_are_empty_but(KIND_LOST);
    ck_assert_uint_eq(finding_of(KIND_LOST, 7)->count, 1);
}
END_TEST

START_TEST (self_pointer_is_still_lost) {
    uintptr_t *a = object(40, 7);
    point(a, 0, a, 0);
    point(a, 1, a, 8);
    judge();
    tally_is(KIND_LOST, 1, 40, 1);
    tallies_are_empty_but(KIND_LOST);
}
END_TEST

START_TEST (two_that_point_at_each_other_are_a_cycle) {
    uintptr_t *a = object(40, 7), *b = object(24, 8);
    point(a, 3, b, 8);
    point(b, 0, a, 0);
    judge();
    tally_is(KIND_CYCLE, 2, 64, 1);
    tallies_are_empty_but(KIND_CYCLE);
    const struct finding *f = finding_of(KIND_CYCLE, 7);
    ck_assert_uint_eq(f->cycle_length, 2);
    ck_assert_uint_eq(f->cycle_listed, 2);
    ck_assert_uint_eq(f->group_objects_max, 2);
    const struct cycle_edge expected[] = {{7, 40, 24, 8, NULL, 40, 40}, {8, 24, 0, 0, NULL, 24, 24}};
    for (int i = 0; i < 2; i++) {
        ck_assert_uint_eq(f->cycle[i].site, expected[i].site);
        ck_assert_uint_eq(f->cycle[i].size_bytes, expected[i].size_bytes);
        ck_assert_uint_eq(f->cycle[i].offset, expected[i].offset);
        ck_assert_uint_eq(f->cycle[i].target_offset, expected[i].target_offset);
    }
}
END_TEST

/* _i: where the pointer leads */
START_TEST (pointer_to_any_page_of_a_lost_object_holds_it) {
    static const size_t offsets[] = {0, 4095, 4096, 5 * 4096 - 8, 5 * 4096 + 99};
    uintptr_t *a = object(16, 1), *b = object(5 * 4096 + 100, 2);
    point(a, 0, b, offsets[_i]);
    point(b, 0, a, 0);
    judge();
    tally_is(KIND_CYCLE, 2, 16 + 5 * 4096 + 100, 1);
    tallies_are_empty_but(KIND_CYCLE);
}
END_TEST

/* A pointer to the elements of a new T[0] leads to the next page. */
START_TEST (empty_array_at_the_end_of_a_page_is_held) {
    uintptr_t *holder = object(16, 1), border = ((uintptr_t)build->next | 4095) + 1;
    heap_build_gap(build, border - 16 - (uintptr_t)build->next);
    uintptr_t *array = heap_build_shifted(build, 8, 2, 8);
    ck_assert_uint_eq((uintptr_t)array + 8, border);
    point(holder, 0, array, 8);
    heap_build_gap(build, 64);
    point(roots, 0, object(16, 3), 0);
    judge();
    tally_is(KIND_LOST, 1, 16, 1);
    tally_is(KIND_LOST_INDIRECT, 1, 8, 1);
}
END_TEST

/* _i: how far from a word's place pointers stand, where they may stand anywhere */
START_TEST (lost_object_is_followed_round_its_unreadable_pages) {
    enum { PAGE = 4096 };
    char *gap = heap_build_gap(build, 8 * PAGE);
    char *page = (char *)(((uintptr_t)gap + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
    char *large = page + PAGE - 64;
    uintptr_t *before = object(24, 8), *behind = object(32, 9);
    heap_build_adopt(build, large, 64 + 2 * PAGE + 64, 7);
    build->heap.unaligned = _i > 0;
    memcpy(large + 8 + _i, &before, sizeof before);
    memcpy(page + 3 * PAGE + _i, &behind, sizeof behind);
    memcpy(behind, &large, sizeof large);
    ck_assert_int_eq(mprotect(page + PAGE, 2 * PAGE, PROT_NONE), 0);
    struct range hole = {(uintptr_t)page + PAGE, (uintptr_t)page + 3 * PAGE};
    build->heap.unreadable = &hole;
    build->heap.unreadable_count = 1;
    judge();
    tally_is(KIND_CYCLE, 2, 64 + 2 * PAGE + 64 + 32, 1);
    tally_is(KIND_LOST_INDIRECT, 1, 24, 1);
    ck_assert_uint_eq(finding_of(KIND_CYCLE, 7)->cycle[0].offset, 64 + 2 * PAGE + (unsigned)_i);
}
END_TEST

START_TEST (reachable_cycle_is_reachable) {
    uintptr_t *a = object(40, 7), *b = object(24, 8);
    point(a, 3, b, 0);
    point(b, 0, a, 0);
    point(roots, 0, b, 0);
    judge();
    tally_is(KIND_REACHABLE, 2, 64, 2);
    tallies_are_empty_but(KIND_REACHABLE);
}
END_TEST

START_TEST (possible_cycle_is_possible) {
    uintptr_t *a = object(40, 7), *b = object(24, 7);
    point(a, 3, b, 0);
    point(b, 0, a, 0);
    point(roots, 0, b, 16);
    judge();
    tally_is(KIND_POSSIBLE, 2, 64, 1);
    tallies_are_empty_but(KIND_POSSIBLE);
}
END_TEST

START_TEST (list_is_one_lost_and_the_rest_indirect) {
    uintptr_t *a = object(16, 1), *b = object(16, 2), *c = object(16, 2);
    point(a, 0, b, 0);
    point(b, 1, c, 8); /* an interior pointer will do */
    judge();
    tally_is(KIND_LOST, 1, 16, 1);
    tally_is(KIND_LOST_INDIRECT, 2, 32, 1);
    const struct finding *f = finding_of(KIND_LOST, 1);
    ck_assert_uint_eq(f->indirect_objects, 2);
    ck_assert_uint_eq(f->indirect_bytes, 32);
    ck_assert_uint_eq(finding_of(KIND_LOST_INDIRECT, 2)->count, 2);
}
END_TEST

START_TEST (cycle_that_hangs_from_a_lost_object_is_indirect) {
    uintptr_t *a = object(16, 1), *b = object(16, 2), *c = object(16, 3);
    point(a, 0, b, 0);
    point(b, 0, c, 0);
    point(c, 0, b, 0);
    judge();
    tally_is(KIND_LOST, 1, 16, 1);
    tally_is(KIND_LOST_INDIRECT, 2, 32, 2);
    tally_is(KIND_CYCLE, 0, 0, 0);
}
END_TEST

START_TEST (object_held_by_two_is_counted_at_one) {
    uintptr_t *a = object(16, 1), *b = object(16, 2), *c = object(48, 3);
    point(a, 0, c, 0);
    point(b, 0, c, 0);
    judge();
    tally_is(KIND_LOST, 2, 32, 2);
    tally_is(KIND_LOST_INDIRECT, 1, 48, 1);
    ck_assert_uint_eq(finding_of(KIND_LOST, 1)->indirect_bytes + finding_of(KIND_LOST, 2)->indirect_bytes, 48);
}
END_TEST

START_TEST (what_hangs_from_a_cycle_is_counted_at_it) {
    uintptr_t *a = object(16, 1), *b = object(16, 1), *c = object(48, 3), *d = object(64, 4);
    point(a, 0, b, 0);
    point(b, 0, a, 0);
    point(b, 1, c, 0);
    point(c, 0, d, 0);
    judge();
    tally_is(KIND_CYCLE, 2, 32, 1);
    ck_assert_uint_eq(finding_of(KIND_CYCLE, 1)->indirect_objects, 2);
    ck_assert_uint_eq(finding_of(KIND_CYCLE, 1)->indirect_bytes, 112);
}
END_TEST

START_TEST (pointer_to_a_reachable_object_makes_nothing_of_it) {
    uintptr_t *a = object(16, 1), *b = object(16, 2);
    point(a, 0, b, 0);
    point(b, 0, b, 0);
    point(roots, 0, b, 0);
    judge();
    tally_is(KIND_LOST, 1, 16, 1);
    tally_is(KIND_REACHABLE, 1, 16, 1);
    ck_assert_uint_eq(finding_of(KIND_LOST, 1)->indirect_objects, 0);
}
END_TEST

START_TEST (same_site_is_one_finding) {
    for (int i = 0; i < 10; i++)
        object(16 + (size_t)i, 5);
    judge();
    tally_is(KIND_LOST, 10, 205, 1);
    ck_assert_uint_eq(verdicts.findings[0].count, 10);
    ck_assert_uint_eq(verdicts.findings[0].size_min_bytes, 16);
    ck_assert_uint_eq(verdicts.findings[0].size_max_bytes, 25);
}
END_TEST

/* ---- cycles ---- */

/* `count` objects in a ring; site_of_first for the first, 2 for the others. */
static uintptr_t **ring(unsigned count, unsigned site_of_first) {
    static uintptr_t *node[1000];
    for (unsigned i = 0; i < count; i++)
        node[i] = object(32, i ? 2 : site_of_first);
    for (unsigned i = 0; i < count; i++)
        point(node[i], 1, node[(i + 1) % count], 0);
    return node;
}

START_TEST (equal_rings_are_one_finding) {
    for (int i = 0; i < 50; i++)
        ring(3, 1);
    judge();
    tally_is(KIND_CYCLE, 150, 4800, 1);
    ck_assert_uint_eq(verdicts.findings[0].count, 50);
    ck_assert_uint_eq(verdicts.findings[0].group_objects_max, 3);
}
END_TEST

START_TEST (rings_begun_elsewhere_are_the_same) {
    ring(4, 1);
    uintptr_t *a = object(32, 2), *b = object(32, 2), *c = object(32, 1), *d = object(32, 2);
    point(a, 1, b, 0);
    point(b, 1, c, 0);
    point(c, 1, d, 0);
    point(d, 1, a, 0);
    judge();
    tally_is(KIND_CYCLE, 8, 256, 1);
    ck_assert_uint_eq(verdicts.findings[0].cycle[0].site, 1);
}
END_TEST

START_TEST (rings_of_other_offset_or_site_differ) {
    ring(3, 1);
    ring(3, 9);
    uintptr_t **other = ring(3, 1);
    other[1][1] = 0;
    point(other[1], 2, other[2], 0);
    other = ring(3, 1);
    point(other[1], 1, other[2], 8);
    judge();
    tally_is(KIND_CYCLE, 12, 384, 4);
}
END_TEST

START_TEST (rings_of_any_length_are_one_finding) {
    ring(3, 1);
    ring(40, 1);
    ring(2, 1);
    judge();
    tally_is(KIND_CYCLE, 45, 1440, 1);
    const struct finding *f = &verdicts.findings[0];
    ck_assert_uint_eq(f->count, 3);
    ck_assert_uint_eq(f->cycle_length, 3);
    ck_assert_uint_eq(f->cycle_length_max, 40);
    ck_assert_uint_eq(f->cycle[0].bytes, 96); /* three firsts, and all the others */
    ck_assert_uint_eq(f->cycle[1].bytes + f->cycle[2].bytes, 1344);
}
END_TEST

START_TEST (runs_of_other_lengths_are_one_finding_though_the_rings_are_as_long) {
    static const unsigned sites[2][3] = {{1, 1, 2}, {1, 2, 2}};
    for (int r = 0; r < 2; r++) {
        uintptr_t *node[3];
        for (int i = 0; i < 3; i++)
            node[i] = object(sites[r][i] == 1 ? 32 : 64, sites[r][i]);
        for (int i = 0; i < 3; i++)
            point(node[i], 1, node[(i + 1) % 3], 0);
    }
    judge();
    tally_is(KIND_CYCLE, 6, 288, 1);
    uint64_t bytes[3] = {0};
    for (int i = 0; i < 3; i++)
        bytes[verdicts.findings[0].cycle[i].site] += verdicts.findings[0].cycle[i].bytes;
    ck_assert_uint_eq(bytes[1], 96);
    ck_assert_uint_eq(bytes[2], 192);
}
END_TEST

START_TEST (cycles_of_any_size_are_one_finding) {
    static const size_t sizes[] = {100, 24, 4000, 24};
    for (size_t i = 0; i < 4; i++) {
        uintptr_t *node = object(32, 1), *buffer = object(sizes[i], 2);
        point(node, 1, buffer, 0);
        point(buffer, 0, node, 0);
    }
    judge();
    tally_is(KIND_CYCLE, 8, 4276, 1);
    const struct cycle_edge *edge = verdicts.findings[0].cycle;
    ck_assert_uint_eq(edge[0].size_bytes, 32);
    ck_assert_uint_eq(edge[0].size_max_bytes, 32);
    ck_assert_uint_eq(edge[1].size_bytes, 24);
    ck_assert_uint_eq(edge[1].size_max_bytes, 4000);
    ck_assert_uint_eq(edge[1].bytes, 4148);
}
END_TEST

START_TEST (same_smallest_cycle_is_one_finding_whatever_is_around_it) {
    ring(2, 1);
    uintptr_t **big = ring(2, 1), *extra = object(64, 3);
    point(big[0], 3, extra, 0);
    point(extra, 0, big[1], 0);
    judge();
    tally_is(KIND_CYCLE, 5, 192, 1);
    ck_assert_uint_eq(verdicts.findings[0].count, 2);
    ck_assert_uint_eq(verdicts.findings[0].group_objects_max, 3);
    ck_assert_uint_eq(verdicts.findings[0].cycle_length, 2);
}
END_TEST

START_TEST (smallest_cycle_is_found_behind_a_larger_one) {
    uintptr_t **node = ring(100, 1);
    point(node[70], 3, node[67], 0);
    judge();
    ck_assert_uint_eq(verdicts.findings[0].cycle_length, 4);
    tally_is(KIND_CYCLE, 100, 3200, 1);
}
END_TEST

START_TEST (self_pointers_do_not_shorten_a_cycle) {
    uintptr_t **node = ring(3, 1);
    for (int i = 0; i < 3; i++)
        point(node[i], 0, node[i], 0);
    judge();
    ck_assert_uint_eq(verdicts.findings[0].cycle_length, 3);
}
END_TEST

START_TEST (long_cycle_is_listed_in_part) {
    enum { COUNT = 5000 };
    uintptr_t *first = object(16, 1), *last = first;
    for (int i = 1; i < COUNT; i++) {
        uintptr_t *next = object(16, 2);
        point(last, 0, next, 0);
        last = next;
    }
    point(last, 0, first, 0);
    judge();
    const struct finding *f = finding_of(KIND_CYCLE, 1);
    ck_assert_uint_eq(f->cycle_length, COUNT);
    ck_assert_uint_eq(f->cycle_listed, VERDICT_CYCLE_LISTED_MAX);
    ck_assert_uint_eq(f->cycle[0].site, 1);
    ck_assert_uint_eq(f->cycle[1].site, 2);
}
END_TEST

/* ---- inherited objects ---- */

static void inherit(const uintptr_t *a) {
    heap_build_record(build, a)->flags = OBJECT_INHERITED;
}

START_TEST (inherited_objects_are_in_no_tally) {
    uintptr_t *a = object(16, 1), *b = object(16, 1);
    inherit(a);
    inherit(b);
    point(roots, 0, b, 0);
    judge();
    tallies_are_empty_but(KIND_COUNT);
    ck_assert_uint_eq(verdicts.inherited_objects, 2);
    ck_assert_uint_eq(verdicts.finding_count, 0);
}
END_TEST

START_TEST (object_that_hangs_from_an_inherited_lost_one_is_indirect) {
    uintptr_t *a = object(16, 1), *b = object(24, 2);
    inherit(a);
    point(a, 0, b, 0);
    judge();
    tally_is(KIND_LOST_INDIRECT, 1, 24, 1);
    tally_is(KIND_LOST, 0, 0, 0);
}
END_TEST

START_TEST (inherited_member_closes_a_cycle_but_is_not_counted) {
    uintptr_t *a = object(16, 1), *b = object(24, 2);
    inherit(a);
    point(a, 0, b, 0);
    point(b, 0, a, 0);
    judge();
    tally_is(KIND_CYCLE, 1, 24, 1);
    ck_assert_uint_eq(verdicts.findings[0].cycle_length, 2);
    ck_assert_uint_eq(verdicts.findings[0].group_objects_max, 1);
    ck_assert_uint_eq(verdicts.inherited_objects, 1);
}
END_TEST

START_TEST (inherited_cycle_is_no_finding) {
    uintptr_t **node = ring(3, 1);
    for (int i = 0; i < 3; i++)
        inherit(node[i]);
    judge();
    ck_assert_uint_eq(verdicts.finding_count, 0);
}
END_TEST

/* ---- order and size ---- */

START_TEST (findings_stand_by_bytes_held) {
    object(100, 1);
    uintptr_t *holder = object(16, 2), *held = object(1000, 3);
    point(holder, 0, held, 0);
    uintptr_t **node = ring(2, 4);
    (void)node;
    object(64, 6);  /* as many as the cycle: lost comes first */
    object(100, 5); /* as many as site 1: the lower site comes first */
    point(roots, 0, object(5000, 9), 0);
    judge();
    static const struct {
        enum kind kind;
        unsigned site;
    } expected[] = {{KIND_LOST, 2},  {KIND_LOST, 1},          {KIND_LOST, 5},     {KIND_LOST, 6},
                    {KIND_CYCLE, 2}, {KIND_LOST_INDIRECT, 3}, {KIND_REACHABLE, 9}};
    ck_assert_uint_eq(verdicts.finding_count, 7);
    for (int i = 0; i < 7; i++) {
        ck_assert_int_eq(verdicts.findings[i].kind, expected[i].kind);
        ck_assert_uint_eq(verdicts.findings[i].site, expected[i].site);
    }
}
END_TEST

START_TEST (many_sites_are_kept_apart) {
    enum { SITES = 20000 };
    for (unsigned i = 0; i < SITES; i++)
        object(16, 1 + i);
    judge();
    tally_is(KIND_LOST, SITES, 16 * SITES, SITES);
    for (unsigned i = 0; i < SITES; i++)
        ck_assert_uint_eq(verdicts.findings[i].site, 1 + i);
}
END_TEST

static uintptr_t *chain(size_t count, int back) {
    uintptr_t *first = object(32, 1), *last = first;
    for (size_t i = 1; i < count; i++) {
        uintptr_t *next = object(32, 1);
        point(last, 0, next, 0);
        if (back)
            point(next, 1, last, 0);
        last = next;
    }
    point(last, 2, first, 0);
    if (back)
        point(first, 1, last, 0);
    return last;
}

START_TEST (list_of_a_million_is_judged) {
    chain(1000000, 0)[2] = 0;
    judge();
    tally_is(KIND_LOST, 1, 32, 1);
    tally_is(KIND_LOST_INDIRECT, 999999, 32 * UINT64_C(999999), 1);
    ck_assert_uint_eq(verdicts.findings[0].indirect_objects, 999999);
}
END_TEST

START_TEST (ring_of_a_million_is_one_cycle) {
    chain(1000000, 0);
    judge();
    tally_is(KIND_CYCLE, 1000000, 32000000, 1);
    ck_assert_uint_eq(verdicts.findings[0].cycle_length, 1000000);
    ck_assert_uint_eq(verdicts.findings[0].cycle_listed, VERDICT_CYCLE_LISTED_MAX);
}
END_TEST

START_TEST (double_ring_of_a_million_has_cycles_of_two) {
    chain(1000000, 1);
    judge();
    tally_is(KIND_CYCLE, 1000000, 32000000, 1);
    ck_assert_uint_eq(verdicts.findings[0].cycle_length, 2);
}
END_TEST

START_TEST (ring_with_doubled_pointers_keeps_to_its_effort) {
    uintptr_t *last = chain(200000, 0);
    point(last, 0, last, 0);
    uintptr_t *first = (uintptr_t *)last[2];
    for (uintptr_t *node = first; node != last; node = (uintptr_t *)node[0])
        node[1] = ((uintptr_t *)node[0])[0]; /* skips one: half as many steps around */
    judge();
    tally_is(KIND_CYCLE, 200000, 6400000, 1);
    ck_assert_uint_ge(verdicts.findings[0].cycle_length, 100000);
    ck_assert_uint_le(verdicts.findings[0].cycle_length, 100001);
}
END_TEST

START_TEST (judging_without_memory_fails) {
    ring(3, 1);
    object(16, 9);
    heap_build_freeze(build);
    build->arena.block_bytes = 256;
    size_t blocks = 0;
    int error = -ENOMEM;
    for (; blocks < 200 && error; blocks++) {
        build->arena.next = build->arena.end = NULL;
        build->arena_left = blocks;
        error = run();
        ck_assert(error == 0 || error == -ENOMEM);
    }
    ck_assert_uint_gt(blocks, 5); /* so it did fail, at several places */
    ck_assert_uint_lt(blocks, 200);
    tally_is(KIND_CYCLE, 3, 96, 1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("verdict");
    TCase *tests = tcase_create("verdict");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, kinds_that_nobody_reads_are_sums);
    tcase_add_test(tests, object_without_pointers_is_lost);
    tcase_add_test(tests, self_pointer_is_still_lost);
    tcase_add_test(tests, two_that_point_at_each_other_are_a_cycle);
    tcase_add_loop_test(tests, pointer_to_any_page_of_a_lost_object_holds_it, 0, 5);
    tcase_add_test(tests, empty_array_at_the_end_of_a_page_is_held);
    tcase_add_loop_test(tests, lost_object_is_followed_round_its_unreadable_pages, 0, 2);
    tcase_add_test(tests, reachable_cycle_is_reachable);
    tcase_add_test(tests, possible_cycle_is_possible);
    tcase_add_test(tests, list_is_one_lost_and_the_rest_indirect);
    tcase_add_test(tests, cycle_that_hangs_from_a_lost_object_is_indirect);
    tcase_add_test(tests, object_held_by_two_is_counted_at_one);
    tcase_add_test(tests, what_hangs_from_a_cycle_is_counted_at_it);
    tcase_add_test(tests, pointer_to_a_reachable_object_makes_nothing_of_it);
    tcase_add_test(tests, same_site_is_one_finding);
    tcase_add_test(tests, equal_rings_are_one_finding);
    tcase_add_test(tests, rings_begun_elsewhere_are_the_same);
    tcase_add_test(tests, rings_of_other_offset_or_site_differ);
    tcase_add_test(tests, rings_of_any_length_are_one_finding);
    tcase_add_test(tests, runs_of_other_lengths_are_one_finding_though_the_rings_are_as_long);
    tcase_add_test(tests, cycles_of_any_size_are_one_finding);
    tcase_add_test(tests, same_smallest_cycle_is_one_finding_whatever_is_around_it);
    tcase_add_test(tests, smallest_cycle_is_found_behind_a_larger_one);
    tcase_add_test(tests, self_pointers_do_not_shorten_a_cycle);
    tcase_add_test(tests, long_cycle_is_listed_in_part);
    tcase_add_test(tests, inherited_objects_are_in_no_tally);
    tcase_add_test(tests, object_that_hangs_from_an_inherited_lost_one_is_indirect);
    tcase_add_test(tests, inherited_member_closes_a_cycle_but_is_not_counted);
    tcase_add_test(tests, inherited_cycle_is_no_finding);
    tcase_add_test(tests, findings_stand_by_bytes_held);
    tcase_add_test(tests, many_sites_are_kept_apart);
    tcase_add_test(tests, list_of_a_million_is_judged);
    tcase_add_test(tests, ring_of_a_million_is_one_cycle);
    tcase_add_test(tests, double_ring_of_a_million_has_cycles_of_two);
    tcase_add_test(tests, ring_with_doubled_pointers_keeps_to_its_effort);
    tcase_add_test(tests, judging_without_memory_fails);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
