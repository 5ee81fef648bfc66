/* test_heap.c - the arena, the walk over objects, and which object contains an address.
 *
 * Linked with all of analysis/, heap_build.c and -lcheck. */
#include "analysis/holes.h"
#include "analysis/sort.h"
#include "tests/unit/draw.h"
#include "tests/unit/heap_build.h"
#include "tests/unit/suite.h"

#include <stdlib.h>
#include <string.h>

static struct heap_build *build;

static void setup(void) {
    build = heap_build_new(64 << 20);
}
static void teardown(void) {
    heap_build_free(build);
}

/* The id of the object that contains address, checked against where it must begin. */
static object_id find(const void *address, const void *expected_start) {
    uintptr_t start = 0;
    object_id id = heap_find(&build->heap, (uintptr_t)address, &start);
    if (id)
        ck_assert_uint_eq(start, (uintptr_t)expected_start);
    return id;
}

static void is_found_everywhere(const char *object) {
    object_id id = heap_build_id(build, object);
    ck_assert_uint_ne(id, 0);
    uint64_t size_bytes = heap_object(&build->heap, id)->size_bytes;
    size_t step = size_bytes > 100000 ? 997 : 1;
    for (uint64_t i = 0; i < size_bytes; i += step)
        ck_assert_uint_eq(find(object + i, object), id);
    if (size_bytes)
        ck_assert_uint_eq(find(object + size_bytes - 1, object), id);
}

START_TEST (arena_memory_is_zeroed_and_aligned) {
    build->arena.block_bytes = 4096;
    for (size_t size = 0; size < 5000; size += 37) {
        char *memory = arena_alloc(&build->arena, 1, size);
        ck_assert_uint_eq((uintptr_t)memory % 16, 0);
        for (size_t i = 0; i < size; i++)
            ck_assert_int_eq(memory[i], 0);
        memset(memory, 255, size);
    }
}
END_TEST

START_TEST (arena_refuses_sizes_that_overflow) {
    ck_assert_ptr_null(arena_alloc(&build->arena, SIZE_MAX / 2, 3));
    ck_assert_ptr_null(arena_alloc(&build->arena, SIZE_MAX, 1));
    ck_assert_ptr_nonnull(arena_alloc(&build->arena, 3, 5));
}
END_TEST

START_TEST (arena_without_memory_says_so) {
    build->arena_left = 1;
    ck_assert_ptr_nonnull(arena_alloc(&build->arena, 1, 100));
    ck_assert_ptr_null(arena_alloc(&build->arena, 2 << 20, 1));
    ck_assert_ptr_nonnull(arena_alloc(&build->arena, 1, 100)); /* the block at hand still serves */
}
END_TEST

START_TEST (arena_array_keeps_its_elements_when_it_grows) {
    uint32_t *array = NULL;
    size_t capacity = 0;
    for (uint32_t i = 0; i < 10000; i++) {
        array = arena_grow(&build->arena, array, i, &capacity, sizeof *array);
        ck_assert_ptr_nonnull(array);
        array[i] = i;
    }
    for (uint32_t i = 0; i < 10000; i++)
        ck_assert_uint_eq(array[i], i);
}
END_TEST

static int compare_ints(const void *a, const void *b) {
    const int *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

START_TEST (sort_agrees_with_qsort) {
    int mine[200], theirs[200];
    srand(1);
    for (size_t count = 0; count < 200; count++) {
        for (size_t i = 0; i < count; i++)
            mine[i] = theirs[i] = rand() % 50;
        sort_array(mine, count, sizeof *mine, compare_ints);
        qsort(theirs, count, sizeof *theirs, compare_ints);
        ck_assert_int_eq(memcmp(mine, theirs, count * sizeof *mine), 0);
    }
}
END_TEST

struct numbered {
    int value, number;
};

static int compare_numbered(const void *a, const void *b) {
    const struct numbered *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

START_TEST (merge_sort_agrees_with_qsort_and_is_stable) {
    struct numbered mine[300], spare[300];
    int theirs[300];
    draw_from(1);
    for (size_t count = 0; count < 300; count++) {
        for (size_t i = 0; i < count; i++) { /* sorted, in stretches, in reverse, or in no order */
            int value = count % 4 == 0   ? (int)i
                        : count % 4 == 1 ? (int)(i % 70)
                        : count % 4 == 2 ? -(int)i
                                         : (int)draw(50);
            mine[i] = (struct numbered){value, (int)i};
            theirs[i] = value;
        }
        const struct numbered *sorted = sort_runs(mine, spare, count, sizeof *mine, compare_numbered);
        qsort(theirs, count, sizeof *theirs, compare_ints);
        for (size_t i = 0; i < count; i++) {
            ck_assert_int_eq(sorted[i].value, theirs[i]);
            ck_assert(i == 0 || sorted[i].value != sorted[i - 1].value || sorted[i].number > sorted[i - 1].number);
        }
    }
}
END_TEST

START_TEST (every_byte_of_an_object_is_found) {
    static const size_t sizes[] = {1, 8, 24, 64, 255, 256, 257, 4080, 4094, 4095, 4096, 4097, 70000, 3 << 20};
    char *object[sizeof sizes / sizeof *sizes];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        object[i] = heap_build_object(build, sizes[i], 1);
    heap_build_freeze(build);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        is_found_everywhere(object[i]);
}
END_TEST

START_TEST (byte_after_the_end_is_not_found) {
    char *object = heap_build_object(build, 20, 1), *large = heap_build_object(build, 9000, 1);
    heap_build_freeze(build);
    ck_assert_uint_eq(find(object + 20, NULL), 0);
    ck_assert_uint_eq(find(object - 1, NULL), 0);
    ck_assert_uint_eq(find(large + 9000, NULL), 0);
}
END_TEST

START_TEST (gap_after_a_small_object_belongs_to_nothing) {
    heap_build_object(build, 100000, 1);
    char *small = heap_build_object(build, 16, 1), *gap = heap_build_gap(build, 10000);
    heap_build_object(build, 16, 1);
    heap_build_freeze(build);
    ck_assert_uint_eq(find(small + 16, NULL), 0);
    for (size_t i = 0; i < 10000; i++)
        ck_assert_uint_eq(find(gap + i, NULL), 0);
}
END_TEST

START_TEST (object_is_found_across_leaves) {
    /* objects that begin just before each MiB, where a leaf ends */
    char *object[8];
    for (int i = 0; i < 8; i++) {
        size_t to_boundary = (size_t)(-(uintptr_t)build->next & ((1 << 20) - 1));
        heap_build_gap(build, to_boundary > 64 ? to_boundary - 64 : to_boundary + (1 << 20) - 64);
        object[i] = heap_build_object(build, i % 2 ? 4000 : (5u << 20), 1);
    }
    heap_build_freeze(build);
    for (int i = 0; i < 8; i++)
        is_found_everywhere(object[i]);
}
END_TEST

START_TEST (half_granules_are_told_apart) {
    char *gap = heap_build_gap(build, 64);
    object_id upper = heap_build_adopt(build, gap + 8, 8, 1);
    object_id lower = heap_build_adopt(build, gap + 0, 8, 1); /* second of its granule: odd */
    object_id next = heap_build_adopt(build, gap + 24, 8, 1);
    heap_build_freeze(build);
    ck_assert_uint_eq(find(gap, gap), lower);
    ck_assert_uint_eq(find(gap + 7, gap), lower);
    ck_assert_uint_eq(find(gap + 8, gap + 8), upper);
    ck_assert_uint_eq(find(gap + 15, gap + 8), upper);
    ck_assert_uint_eq(find(gap + 16, NULL), 0);
    ck_assert_uint_eq(find(gap + 24, gap + 24), next);
}
END_TEST

START_TEST (odd_objects_are_found) {
    char *low = heap_build_shifted(build, 100, 1, 3);
    heap_build_object(build, 16, 1);
    char *large = heap_build_shifted(build, 50000, 1, 5), *middle = heap_build_shifted(build, 40, 1, 9);
    heap_build_freeze(build);
    is_found_everywhere(low);
    is_found_everywhere(large);
    is_found_everywhere(middle);
    ck_assert_uint_eq(find(low - 1, NULL), 0);
    ck_assert_uint_eq(find(low + 100, NULL), 0);
}
END_TEST

START_TEST (zero_sized_object_has_its_start_and_no_more) {
    char *object = heap_build_object(build, 0, 1);
    heap_build_freeze(build);
    ck_assert_uint_eq(find(object, object), heap_build_id(build, object));
    ck_assert_uint_eq(find(object + 1, NULL), 0);
}
END_TEST

START_TEST (addresses_outside_user_space_are_nothing) {
    heap_build_object(build, 16, 1);
    heap_build_freeze(build);
    ck_assert_uint_eq(find((void *)UINTPTR_MAX, NULL), 0);
    ck_assert_uint_eq(find((void *)((uintptr_t)1 << 47), NULL), 0);
    ck_assert_uint_eq(find(NULL, NULL), 0);
}
END_TEST

START_TEST (empty_heap_contains_nothing) {
    heap_build_freeze(build);
    ck_assert_uint_eq(build->heap.object_count, 0);
    ck_assert_uint_eq(find(build, NULL), 0);
    ck_assert_uint_eq(find(NULL, NULL), 0);
}
END_TEST

struct walk {
    uintptr_t last;
    uint64_t seen, stop_after;
};
static int count_walk(void *context, uintptr_t address, object_id id) {
    struct walk *walk = context;
    ck_assert_uint_gt(address, walk->last);
    ck_assert_uint_eq(heap_build_id(build, (void *)address), id);
    walk->last = address;
    return ++walk->seen == walk->stop_after ? 42 : 0;
}

START_TEST (walk_meets_every_object_once_in_address_order) {
    for (int i = 0; i < 5000; i++)
        heap_build_shifted(build, (size_t)(i * 37 % 900), 1, i % 3 ? 0 : 8);
    heap_build_freeze(build);
    struct walk walk = {0};
    ck_assert_int_eq(heap_each(&build->heap, count_walk, &walk), 0);
    ck_assert_uint_eq(walk.seen, 5000);
    ck_assert_uint_eq(build->heap.object_count, 5000);
    walk = (struct walk){.stop_after = 7};
    ck_assert_int_eq(heap_each(&build->heap, count_walk, &walk), 42);
    ck_assert_uint_eq(walk.seen, 7);
}
END_TEST

/* How many objects begin in slots [first, end) of the leaf. */
static uint64_t count_in(const struct heap_leaf *leaf, uintptr_t base, size_t first, size_t end) {
    struct walk walk = {0};
    ck_assert_int_eq(heap_each_in_leaf(leaf, base, first, end, count_walk, &walk), 0);
    return walk.seen;
}

START_TEST (walk_of_a_part_of_a_leaf_meets_what_begins_there) {
    static const size_t borders[] = {0, 1, 63, 64, 65, 100, 127, 128, 1000};
    uintptr_t base = ((uintptr_t)build->next | (HEAP_LEAF_BYTES - 1)) + 1;
    heap_build_gap(build, base - (uintptr_t)build->next);
    for (int i = 0; i < 1000; i++)
        heap_build_shifted(build, 8, 1, i % 3 ? 0 : 8);
    const struct heap_leaf *leaf = heap_leaf_at(build->heap.index, base);
    for (size_t i = 0; i < sizeof borders / sizeof *borders; i++)
        for (size_t j = i; j < sizeof borders / sizeof *borders; j++)
            ck_assert_uint_eq(count_in(leaf, base, borders[i], borders[j]), borders[j] - borders[i]);
}
END_TEST

START_TEST (walk_meets_objects_however_far_apart) {
    static const uintptr_t leaf = HEAP_LEAF_BYTES, node = (uintptr_t)1 << HEAP_NODE_SHIFT,
                           end = (uintptr_t)1 << HEAP_ADDRESS_BITS;
    const uintptr_t places[] = {leaf,     2 * leaf - 16, 64 * leaf, 65 * leaf, node - 16,  node + 8191 * leaf,
                                2 * node, 63 * node,     64 * node, end / 2,   end - node, end - 16};
    struct walk walk = {0};
    for (size_t i = sizeof places / sizeof *places; i-- > 0;)
        heap_build_adopt(build, (const void *)places[i], 8, 1);
    ck_assert_int_eq(heap_each(&build->heap, count_walk, &walk), 0);
    ck_assert_uint_eq(walk.seen, sizeof places / sizeof *places);
}
END_TEST

START_TEST (freeze_without_memory_fails) {
    heap_build_object(build, 5000, 1);
    build->arena_left = 0;
    ck_assert_int_lt(heap_freeze(&build->heap, &build->arena), 0);
}
END_TEST

static void readable_is(uintptr_t lo, uintptr_t hi, uintptr_t expected_lo, uintptr_t expected_hi) {
    struct range r = heap_readable(&build->heap, lo, hi);
    ck_assert_uint_eq(r.lo, expected_lo);
    ck_assert_uint_eq(r.hi, expected_hi);
}

START_TEST (readable_memory_leaves_out_the_unreadable) {
    struct range holes[] = {{100, 200}, {200, 300}, {404, 412}};
    build->heap.unreadable = holes;
    build->heap.unreadable_count = 3;
    readable_is(0, 64, 0, 64);
    readable_is(0, 160, 0, 96); /* whole words only */
    readable_is(96, 400, 304, 400);
    readable_is(120, 160, 160, 160);
    readable_is(304, 480, 304, 400);
    readable_is(400, 480, 416, 480);
    readable_is(416, 480, 416, 480);
}
END_TEST

/* The same, looked for in the whole list. */
static struct range first_readable(const struct range *hole, size_t count, uintptr_t lo, uintptr_t hi) {
    for (size_t i = 0; i < count && hole[i].lo < hi; i++) {
        if (lo < hole[i].lo)
            return (struct range){lo, hole[i].lo};
        if (lo < hole[i].hi)
            lo = hole[i].hi;
    }
    return lo < hi ? (struct range){lo, hi} : (struct range){hi, hi};
}

/* Many small ones in a page, none in others, some longer than a page, one longer than a leaf of the table. */
static size_t draw_holes(struct range *hole, size_t count, uintptr_t lo) {
    for (size_t i = 0; i < count; i++) {
        lo += 8 * (1 + draw(draw(10) ? 20 : 4000));
        hole[i].lo = lo;
        lo += i == count / 2 ? 3u << 20 : 8 * (1 + draw(draw(50) ? 8 : 2000));
        hole[i].hi = lo;
    }
    return lo;
}

START_TEST (of_many_unreadable_ranges_the_same_are_found) {
    enum { HOLES = 5000 };
    static struct range hole[HOLES];
    const uintptr_t base = 0x555555500000 - 40;
    draw_from(1);
    uintptr_t span = draw_holes(hole, HOLES, base) - base;
    build->heap.unreadable = hole;
    build->heap.unreadable_count = HOLES;
    ck_assert_int_eq(holes_index(hole, HOLES, &build->arena, &build->heap.holes), 0);
    ck_assert_ptr_nonnull(build->heap.holes);
    for (int i = 0; i < 20000; i++) {
        uintptr_t lo = base - 4096 + (uintptr_t)draw((unsigned)span / 8 + 1024) * 8, hi = lo + 8 * draw(400);
        struct range expected = first_readable(hole, HOLES, lo, hi);
        readable_is(lo, hi, expected.lo, expected.hi);
    }
}
END_TEST

START_TEST (few_unreadable_ranges_need_no_table) {
    struct range hole = {4096, 8192};
    ck_assert_int_eq(holes_index(&hole, 1, &build->arena, &build->heap.holes), 0);
    ck_assert_ptr_null(build->heap.holes);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("heap");
    TCase *tests = tcase_create("heap");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, arena_memory_is_zeroed_and_aligned);
    tcase_add_test(tests, arena_refuses_sizes_that_overflow);
    tcase_add_test(tests, arena_without_memory_says_so);
    tcase_add_test(tests, arena_array_keeps_its_elements_when_it_grows);
    tcase_add_test(tests, sort_agrees_with_qsort);
    tcase_add_test(tests, merge_sort_agrees_with_qsort_and_is_stable);
    tcase_add_test(tests, every_byte_of_an_object_is_found);
    tcase_add_test(tests, byte_after_the_end_is_not_found);
    tcase_add_test(tests, gap_after_a_small_object_belongs_to_nothing);
    tcase_add_test(tests, object_is_found_across_leaves);
    tcase_add_test(tests, half_granules_are_told_apart);
    tcase_add_test(tests, odd_objects_are_found);
    tcase_add_test(tests, zero_sized_object_has_its_start_and_no_more);
    tcase_add_test(tests, addresses_outside_user_space_are_nothing);
    tcase_add_test(tests, empty_heap_contains_nothing);
    tcase_add_test(tests, walk_meets_every_object_once_in_address_order);
    tcase_add_test(tests, walk_of_a_part_of_a_leaf_meets_what_begins_there);
    tcase_add_test(tests, walk_meets_objects_however_far_apart);
    tcase_add_test(tests, freeze_without_memory_fails);
    tcase_add_test(tests, readable_memory_leaves_out_the_unreadable);
    tcase_add_test(tests, of_many_unreadable_ranges_the_same_are_found);
    tcase_add_test(tests, few_unreadable_ranges_need_no_table);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
