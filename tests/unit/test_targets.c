/* test_targets.c - what is put by of many leaves comes back leaf by leaf, each granule once; and how granules in a row are sorted.
 *
 * Linked with all of analysis/, heap_build.c and -lcheck.  CASTAWAY_SEEDS=n tries n drawings (default 4). */
#include "analysis/targets.h"
#include "tests/unit/draw.h"
#include "tests/unit/heap_build.h"
#include "tests/unit/suite.h"

#include <string.h>

enum { ROW = 100, ROWS = 3, LEAVES = ROW * ROWS, WORDS = HEAP_LEAF_SLOTS / 64, MARKERS = 2 };

static struct heap_build *build;
static struct work_pool pool;
static struct work_list blocks[MARKERS];
static struct granules_piece piece[LEAVES];
static struct granules granules = {.piece = piece, .piece_count = LEAVES};
static struct targets_pool shared;
static struct targets of_marker[MARKERS], *targets = of_marker;
static uint64_t expected[LEAVES][WORDS]; /* bits by granule */

/* Leaves as a program's have them: those of its heap, and others mapped far away, of which the low bits of the numbers are the
 * same in part. */
static void setup(void) {
    static const uintptr_t first[ROWS] = {0x555555500000, 0x7f0000000000 + 0x555500000, 0x7ffe55500000};
    build = heap_build_new(1 << 16);
    for (unsigned i = 0; i < LEAVES; i++)
        piece[i].base = first[i / ROW] + (uintptr_t)(i % ROW) * HEAP_LEAF_BYTES;
    work_pool_begin(&pool, &build->arena, NULL);
    memset(of_marker, 0, sizeof of_marker);
    memset(expected, 0, sizeof expected);
    targets_prepare(&shared, of_marker, MARKERS, &granules, &build->arena);
    ck_assert_uint_eq(shared.leaves, LEAVES);
    for (unsigned i = 0; i < MARKERS; i++) {
        work_list_begin(&blocks[i], &pool);
        targets_begin(&of_marker[i], &blocks[i]);
    }
    targets = of_marker;
}
static void teardown(void) {
    heap_build_free(build);
}

static int put(uintptr_t word) {
    int is_put = targets_put(targets, targets->stack, targets->mask, word);
    targets->count += (size_t)is_put;
    return is_put;
}

static void put_granule(unsigned leaf, unsigned number) {
    ck_assert(put(piece[leaf].base + number * (uintptr_t)GRANULE_BYTES));
    expected[leaf][number / 64] |= UINT64_C(1) << number % 64;
}

/* Every one of them is expected, and taken once. */
static void take_all(void) {
    size_t turns = 0, before = SIZE_MAX, first = 0, last = 0;
    while (targets_are_left(targets) || targets_begin_turn(targets)) {
        uint64_t bits = targets_take(targets, &first);
        size_t leaf = (size_t)(targets_piece(targets) - piece);
        ck_assert(bits);
        ck_assert_uint_eq(bits & ~expected[leaf][first / 64], 0);
        expected[leaf][first / 64] &= ~bits;
        ck_assert(leaf != before || first > last);
        turns += leaf != before;
        before = leaf;
        last = first;
    }
    ck_assert_uint_le(turns, LEAVES);
    static const uint64_t none[LEAVES][WORDS];
    ck_assert_mem_eq(expected, none, sizeof none);
}

START_TEST (what_was_put_by_is_taken_once_and_in_order) {
    for (uint64_t seed = 1; seed <= draw_seeds(4); seed++) {
        draw_from(seed);
        for (unsigned leaf = 0; leaf < LEAVES; leaf++)
            for (unsigned n = draw(20) ? draw(40) : draw(12000); n > 0; n--)
                put_granule(leaf, draw(draw(2) ? HEAP_LEAF_SLOTS : 100));
        take_all();
    }
}
END_TEST

/* The turn that is going on takes what it has; what comes is for the next. */
START_TEST (what_is_put_by_during_a_turn_is_taken_later) {
    size_t first;
    put_granule(7, 3);
    put_granule(7, 4000);
    ck_assert_uint_eq(targets_take(targets, &first), 1 << 3);
    expected[7][0] = 0;
    put_granule(7, 5);
    ck_assert(targets_take(targets, &first));
    expected[7][4000 / 64] = 0;
    ck_assert(targets_are_left(targets));
    take_all();
}
END_TEST

static size_t take_blocks_of(unsigned leaf) {
    size_t first = 0, taken = 0;
    while (targets_are_left(targets) || targets_begin_turn(targets)) {
        uint64_t bits = targets_take(targets, &first);
        ck_assert_uint_eq(bits & ~expected[leaf][first / 64], 0);
        expected[leaf][first / 64] &= ~bits;
        taken += (size_t)__builtin_popcountll(bits);
    }
    ck_assert_uint_eq(targets_take(targets, &first), 0);
    return taken;
}

/* A leaf that is taken by one has no turn at the other's, but for what does not fill a block. */
START_TEST (what_fills_blocks_is_taken_by_whoever_comes_first) {
    for (unsigned number = 0; number < 3 * WORK_BLOCK_SLOTS + 7; number++)
        put_granule(11, number);
    size_t kept = targets->count;
    ck_assert_uint_eq(kept, 7);
    targets = &of_marker[1];
    ck_assert(!targets_are_left(targets));
    ck_assert_uint_eq(take_blocks_of(11), 3 * WORK_BLOCK_SLOTS);
    targets = of_marker;
    ck_assert_uint_eq(targets->count, kept);
    take_all();
    ck_assert_uint_eq(shared.count, 0);
}
END_TEST

/* So it is for who takes blocks between their being there and its being said. */
START_TEST (places_that_are_said_to_have_blocks_and_have_none_hide_no_others) {
    for (unsigned number = 0; number < WORK_BLOCK_SLOTS + 1; number++)
        put_granule(11, number);
    for (size_t i = 0; i < (shared.mask + 1) / 64; i++)
        atomic_store(&shared.filled[i], UINT64_MAX);
    targets = &of_marker[1];
    ck_assert_uint_eq(take_blocks_of(11), WORK_BLOCK_SLOTS);
    targets = of_marker;
    take_all();
}
END_TEST

/* Each puts by, and the one that is first takes most. */
START_TEST (what_several_put_by_is_taken_once) {
    draw_from(7);
    for (unsigned n = 0; n < 20 * 20000; n++) { /* two full blocks of each leaf and marker */
        targets = &of_marker[draw(MARKERS)];
        put_granule(draw(20), draw(HEAP_LEAF_SLOTS));
    }
    for (unsigned number = 0; number < MARKERS; number++) {
        targets = &of_marker[number];
        while (targets_are_left(targets) || targets_begin_turn(targets)) {
            size_t first = 0;
            uint64_t bits = targets_take(targets, &first);
            size_t leaf = (size_t)(targets_piece(targets) - piece);
            ck_assert(bits);
            expected[leaf][first / 64] &= ~bits; /* the other may have the same */
        }
    }
    static const uint64_t none[LEAVES][WORDS];
    ck_assert_mem_eq(expected, none, sizeof none);
}
END_TEST

START_TEST (what_leads_to_no_start_in_a_leaf_is_not_put_by) {
    uintptr_t inside = piece[5].base + 64, behind = piece[ROW - 1].base + HEAP_LEAF_BYTES;
    for (unsigned tag = 1; tag < GRANULE_BYTES; tag++)
        ck_assert(!put(inside + tag));
    ck_assert(!put(0));
    ck_assert(!put(behind));
    ck_assert(!put(piece[0].base - GRANULE_BYTES));
    ck_assert(!put(inside | (uintptr_t)1 << 60));
    ck_assert(!put(UINTPTR_MAX));
    ck_assert(!targets_are_left(targets));
    ck_assert(put(inside));
}
END_TEST

/* ---- granules in a row ---- */

/* Of which byte is it said that an object begins that was not met (1), and that there is nothing to be done (2)? */
static int sort_of(uint8_t byte) {
    if (byte == GRANULE_WITHIN || (byte & GRANULE_MET && granules_begins(byte)))
        return 2;
    return granules_begins(byte) && !(byte & GRANULE_MET);
}

START_TEST (granules_are_sorted_as_each_byte_says) {
    _Atomic uint8_t granule[64];
    for (unsigned from = 0; from < 256; from += 64) {
        uint64_t fresh = 0, others = 0, other;
        for (unsigned i = 0; i < 64; i++) {
            uint8_t byte = (uint8_t)(from + i);
            atomic_store(&granule[i], byte);
            /* such a byte is only where an object was met */
            int is_unused =
                (byte & GRANULE_CODE) >= GRANULE_INSIDE && (byte & GRANULE_CODE) < GRANULE_LONG && byte < GRANULE_MET;
            int sort = is_unused ? 1 : sort_of(byte);
            fresh |= (uint64_t)(sort == 1) << i;
            others |= (uint64_t)(sort == 0) << i;
        }
        ck_assert_uint_eq(granules_sort(granule, UINT64_MAX, &other), fresh);
        ck_assert_uint_eq(other, others);
        ck_assert_uint_eq(granules_sort(granule, 0, &other), 0);
        ck_assert_uint_eq(other, 0);
    }
}
END_TEST

START_TEST (words_that_are_not_zero_are_told) {
    static const uint32_t values[] = {1, 0x80, 0xff00, 0x8000, 0x10000, 0x7fffffff, 0x80000000, 0xffff0000, 0xffffffff};
    uint32_t words[LANES_WORDS] = {0};
    ck_assert_uint_eq(lanes_words(words), 0);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        for (unsigned place = 0; place < LANES_WORDS; place++) {
            words[place] = values[i];
            ck_assert_uint_eq(lanes_words(words), UINT64_C(1) << place);
            words[place] = 0;
        }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("targets");
    TCase *tests = tcase_create("targets");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, what_was_put_by_is_taken_once_and_in_order);
    tcase_add_test(tests, what_is_put_by_during_a_turn_is_taken_later);
    tcase_add_test(tests, what_fills_blocks_is_taken_by_whoever_comes_first);
    tcase_add_test(tests, places_that_are_said_to_have_blocks_and_have_none_hide_no_others);
    tcase_add_test(tests, what_several_put_by_is_taken_once);
    tcase_add_test(tests, what_leads_to_no_start_in_a_leaf_is_not_put_by);
    tcase_add_test(tests, granules_are_sorted_as_each_byte_says);
    tcase_add_test(tests, words_that_are_not_zero_are_told);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
