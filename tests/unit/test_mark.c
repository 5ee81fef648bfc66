/* test_mark.c - what roots reach, and how: starts, interior pointers, known-good shapes, roots with limits.
 *
 * Linked with all of analysis/, heap_build.c and -lcheck. */
#include "analysis/mark.h"
#include "analysis/settle.h"
#include "tests/unit/heap_build.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

static struct heap_build *build;
static uintptr_t *roots; /* 16 words that are searched, 16 that are searched for starts only */

enum how { LOST, POSSIBLE, REACHABLE };

static void setup(void) {
    build = heap_build_new(64 << 20);
    roots = heap_build_gap(build, 32 * sizeof *roots);
}
static void teardown(void) {
    heap_build_free(build);
}

static int run(struct marks *marks) {
    struct root root[] = {
        {(uintptr_t)roots, (uintptr_t)(roots + 16), 0},
        {(uintptr_t)(roots + 16), (uintptr_t)(roots + 32), ROOT_STARTS_ONLY},
    };
    return mark_run(&build->heap, root, 2, &build->arena, marks);
}

static enum how how(const void *object) {
    struct marks marks;
    heap_build_freeze(build);
    ck_assert_int_eq(run(&marks), 0);
    object_id id = heap_build_id(build, object);
    ck_assert_uint_ne(id, 0);
    int reachable = mark_test(marks.reachable, id), possible = mark_test(marks.possible, id);
    ck_assert(!(reachable && possible));
    return reachable ? REACHABLE : possible ? POSSIBLE : LOST;
}

static uintptr_t *object(size_t size_bytes) {
    return heap_build_object(build, size_bytes, 1);
}
static uintptr_t at(const void *place, size_t offset) {
    return (uintptr_t)place + offset;
}

START_TEST (start_pointer_makes_it_reachable) {
    uintptr_t *a = object(64);
    roots[3] = at(a, 0);
    ck_assert_int_eq(how(a), REACHABLE);
}
END_TEST

START_TEST (without_a_pointer_it_is_lost) {
    uintptr_t *a = object(64);
    ck_assert_int_eq(how(a), LOST);
}
END_TEST

START_TEST (interior_pointer_makes_it_possible) {
    uintptr_t *a = object(64);
    roots[0] = at(a, 20);
    ck_assert_int_eq(how(a), POSSIBLE);
}
END_TEST

START_TEST (pointer_past_the_end_does_not_count) {
    uintptr_t *a = object(64);
    roots[0] = at(a, 64);
    ck_assert_int_eq(how(a), LOST);
}
END_TEST

/* Its memory is a large block's now. Words near it say nothing, but those further on lead into that. */
START_TEST (record_of_what_was_freed_unseen_hides_little_of_a_large_block) {
    enum { BYTES = 65536, STALE_AT = 9008, STALE_BYTES = 200, FIRST = 300, STEP = 200 };
    uintptr_t *a = object(BYTES);
    heap_build_adopt(build, (const void *)at(a, STALE_AT), STALE_BYTES, 1);
    for (size_t i = 0; i < 16; i++)
        roots[i] = at(a, STALE_AT + FIRST + i * STEP);
    ck_assert_int_eq(how(a), POSSIBLE);
}
END_TEST

START_TEST (start_pointer_found_later_beats_the_interior_one) {
    uintptr_t *a = object(64), *b = object(64);
    roots[0] = at(a, 20);
    roots[1] = at(b, 0);
    b[7] = at(a, 0);
    ck_assert_int_eq(how(a), REACHABLE);
}
END_TEST

START_TEST (what_hangs_from_a_possible_one_is_possible) {
    uintptr_t *a = object(64), *b = object(64), *c = object(64);
    roots[0] = at(a, 20);
    a[1] = at(b, 0);
    b[2] = at(c, 24);
    ck_assert_int_eq(how(b), POSSIBLE);
    ck_assert_int_eq(how(c), POSSIBLE);
}
END_TEST

START_TEST (reachable_stays_reachable_behind_a_possible_one) {
    uintptr_t *a = object(64), *b = object(64);
    roots[0] = at(a, 20);
    roots[1] = at(b, 0);
    a[1] = at(b, 0);
    ck_assert_int_eq(how(b), REACHABLE);
}
END_TEST

START_TEST (interior_pointer_from_a_lost_object_does_nothing) {
    uintptr_t *a = object(64), *b = object(64);
    a[0] = at(b, 8);
    ck_assert_int_eq(how(b), LOST);
}
END_TEST

START_TEST (root_for_starts_only_ignores_interior_pointers) {
    uintptr_t *a = object(64), *b = object(64);
    roots[16] = at(a, 48);
    roots[17] = at(b, 0);
    ck_assert_int_eq(how(a), LOST);
    ck_assert_int_eq(how(b), REACHABLE);
}
END_TEST

START_TEST (pointer_to_the_end_holds_as_one_into_the_middle_does) {
    static const size_t sizes[] = {1, 4, 24, 64, 72, 1000, 8000};
    build->heap.ends_hold = 1;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uintptr_t *a = object(sizes[i]);
        heap_build_gap(build, 16); /* the allocator's own words */
        uintptr_t *b = object(64);
        roots[0] = at(a, sizes[i]);
        ck_assert_int_eq(how(a), POSSIBLE);
        ck_assert_int_eq(how(b), LOST);
        roots[0] = at(a, sizes[i] + 1);
        ck_assert_int_eq(how(a), LOST);
    }
}
END_TEST

START_TEST (pointer_to_the_end_at_a_page_holds_what_is_too_small_to_be_mapped) {
    build->heap.ends_hold = 1;
    uintptr_t page = ((uintptr_t)heap_build_gap(build, 4 * 4096) + 4095) & ~(uintptr_t)4095;
    void *small = (void *)(page + 4096 - 32), *mapped = (void *)(page + 4096 + 16);
    heap_build_adopt(build, small, 32, 1);
    heap_build_adopt(build, mapped, 4096 - 16, 1);
    roots[0] = page + 4096;
    roots[1] = page + 2 * 4096;
    ck_assert_int_eq(how(small), POSSIBLE);
    ck_assert_int_eq(how(mapped), LOST);
}
END_TEST

START_TEST (what_a_stack_and_a_possible_one_hold_needs_no_stack) {
    uintptr_t *possible = object(64), *both = object(64), *behind = object(64), *stack_alone = object(64);
    uintptr_t *root = heap_build_gap(build, 4 * sizeof *root), *stack = root + 2;
    root[0] = at(possible, 20);
    stack[0] = at(both, 0);
    stack[1] = at(stack_alone, 0);
    possible[1] = at(both, 0);
    both[1] = at(behind, 0);
    const struct root all[] = {{at(root, 0), at(root, 8), 0}, {at(stack, 0), at(stack, 16), ROOT_LIVE}};
    struct marks found;
    heap_build_freeze(build);
    ck_assert_int_eq(mark_run(&build->heap, all, 2, &build->arena, &found), 0);
    ck_assert(!mark_test(found.settled, heap_build_id(build, both)));
    ck_assert_int_eq(settle_possible(&build->heap, &found, &build->arena), 0);
    ck_assert(mark_test(found.settled, heap_build_id(build, both)));
    ck_assert(mark_test(found.settled, heap_build_id(build, behind)));
    ck_assert(!mark_test(found.settled, heap_build_id(build, stack_alone)));
    ck_assert(!mark_test(found.settled, heap_build_id(build, possible)));
}
END_TEST

START_TEST (pointer_to_the_end_holds_nothing_where_another_may_begin_there) {
    uintptr_t *a = object(72);
    roots[0] = at(a, 72);
    ck_assert_int_eq(how(a), LOST);
}
END_TEST

START_TEST (pointer_to_the_end_of_the_heap_holds_what_ends_there) {
    build->heap.ends_hold = 1;
    uintptr_t *last = object(40);
    roots[0] = at(last, 40);
    ck_assert_int_eq(how(last), POSSIBLE);
}
END_TEST

START_TEST (objects_behind_a_starts_only_root_are_traced_in_full) {
    uintptr_t *a = object(64), *b = object(64);
    roots[17] = at(a, 0);
    a[0] = at(b, 20);
    ck_assert_int_eq(how(b), POSSIBLE);
}
END_TEST

START_TEST (starts_only_root_ignores_the_inside_of_odd_objects) {
    char *odd = heap_build_shifted(build, 64, 1, 3);
    roots[16] = at(odd, 8);
    ck_assert_int_eq(how(odd), LOST);
    roots[17] = at(odd, 0);
    ck_assert_int_eq(how(odd), REACHABLE);
}
END_TEST

START_TEST (ignored_object_is_reachable_and_traced) {
    uintptr_t *a = object(64), *b = object(64);
    heap_build_record(build, a)->flags = OBJECT_IGNORED;
    a[5] = at(b, 0);
    ck_assert_int_eq(how(a), REACHABLE);
    ck_assert_int_eq(how(b), REACHABLE);
}
END_TEST

START_TEST (inherited_object_is_marked_like_any_other) {
    uintptr_t *a = object(64), *b = object(64), *c = object(64);
    heap_build_record(build, a)->flags = OBJECT_INHERITED;
    heap_build_record(build, c)->flags = OBJECT_INHERITED;
    roots[0] = at(a, 0);
    a[0] = at(b, 0);
    ck_assert_int_eq(how(b), REACHABLE);
    ck_assert_int_eq(how(c), LOST);
}
END_TEST

START_TEST (last_whole_word_is_searched) {
    uintptr_t *a = object(24), *b = object(8);
    roots[0] = at(a, 0);
    a[2] = at(b, 0);
    ck_assert_int_eq(how(b), REACHABLE);
}
END_TEST

START_TEST (word_that_ends_outside_is_not_searched) {
    uintptr_t *a = object(23), *b = object(8);
    roots[0] = at(a, 0);
    a[2] = at(b, 0);
    ck_assert_int_eq(how(b), LOST);
}
END_TEST

START_TEST (object_at_eight_bytes_is_searched) {
    uintptr_t *a = heap_build_shifted(build, 16, 1, 8), *b = object(8);
    roots[0] = at(a, 0);
    a[1] = at(b, 0);
    ck_assert_int_eq(how(a), REACHABLE);
    ck_assert_int_eq(how(b), REACHABLE);
}
END_TEST

START_TEST (odd_object_is_searched_at_aligned_words) {
    char *a = heap_build_shifted(build, 32, 1, 3);
    uintptr_t *b = object(8), *c = object(8);
    uintptr_t to_b = at(b, 0), to_c = at(c, 0);
    roots[0] = at(a, 0);
    memcpy(a + 5, &to_b, sizeof to_b);  /* aligned */
    memcpy(a + 16, &to_c, sizeof to_c); /* not aligned */
    ck_assert_int_eq(how(a), REACHABLE);
    ck_assert_int_eq(how(b), REACHABLE);
    ck_assert_int_eq(how(c), LOST);
}
END_TEST

START_TEST (zero_sized_object_is_reached_by_its_start) {
    uintptr_t *a = object(0), *b = object(0);
    roots[0] = at(a, 0);
    roots[1] = at(b, 1);
    ck_assert_int_eq(how(a), REACHABLE);
    ck_assert_int_eq(how(b), LOST);
}
END_TEST

START_TEST (middle_of_a_large_object_makes_it_possible) {
    uintptr_t *a = object(8 << 20);
    roots[0] = at(a, 5 << 20);
    ck_assert_int_eq(how(a), POSSIBLE);
}
END_TEST

START_TEST (unreadable_pages_of_a_large_object_are_not_touched) {
    char *gap = heap_build_gap(build, 20 * 4096);
    char *page = (char *)(((uintptr_t)gap + 4095) & ~(uintptr_t)4095);
    uintptr_t *a = (uintptr_t *)(page + 4096 - 64), *b = object(8), *c = object(8);
    heap_build_adopt(build, a, 64 + 2 * 4096 + 64, 1);
    roots[0] = at(a, 0);
    roots[1] = at(page, 4096 + 8); /* asks shapes about a[0] only */
    a[0] = at(b, 0);
    *(uintptr_t *)(page + 3 * 4096) = at(c, 0);
    ck_assert_int_eq(mprotect(page + 4096, 2 * 4096, PROT_NONE), 0);
    struct range hole = {at(page, 4096), at(page, 3 * 4096)};
    build->heap.unreadable = &hole;
    build->heap.unreadable_count = 1;
    ck_assert_int_eq(how(b), REACHABLE);
    ck_assert_int_eq(how(c), REACHABLE);
}
END_TEST

START_TEST (unreadable_page_before_a_pointer_is_not_touched) {
    char *gap = heap_build_gap(build, 20 * 4096);
    char *page = (char *)(((uintptr_t)gap + 4095) & ~(uintptr_t)4095);
    heap_build_adopt(build, page, 3 * 4096, 1);
    roots[0] = at(page, 2 * 4096); /* where a block that is aligned by hand has its true start before it */
    ck_assert_int_eq(mprotect(page + 4096, 4096, PROT_NONE), 0);
    struct range hole = {at(page, 4096), at(page, 2 * 4096)};
    build->heap.unreadable = &hole;
    build->heap.unreadable_count = 1;
    ck_assert_int_eq(how(page), POSSIBLE);
}
END_TEST

/* ---- known-good shapes ---- */

START_TEST (length_before_the_content_makes_it_reachable) {
    uintptr_t *a = object(100), *b = object(100);
    a[0] = 92;
    b[0] = 91;
    roots[0] = at(a, 8);
    roots[1] = at(b, 8);
    ck_assert_int_eq(how(a), REACHABLE);
    ck_assert_int_eq(how(b), POSSIBLE); /* 91 does not divide 92 either */
}
END_TEST

START_TEST (length_is_no_shape_at_another_offset) {
    uintptr_t *a = object(100);
    a[0] = 92;
    roots[0] = at(a, 16);
    ck_assert_int_eq(how(a), POSSIBLE);
}
END_TEST

START_TEST (element_count_before_an_array_makes_it_reachable) {
    uintptr_t *a = object(8 + 5 * 24), *b = object(8 + 5 * 24), *c = object(8 + 5 * 24);
    a[0] = 5;
    b[0] = 7;
    c[0] = 0;
    roots[0] = at(a, 8);
    roots[1] = at(b, 8);
    roots[2] = at(c, 8);
    ck_assert_int_eq(how(a), REACHABLE);
    ck_assert_int_eq(how(b), POSSIBLE);
    ck_assert_int_eq(how(c), POSSIBLE);
}
END_TEST

START_TEST (class_of_an_exception_makes_it_reachable) {
    uintptr_t *a = object(128 + 16), *b = object(128 + 16), *c = object(128 + 16), *d = object(128 + 4);
    a[12] = c[12] = d[12] = 0x474e5543432b2b00;
    b[12] = 0x474e554343000000; /* another language's */
    roots[0] = at(a, 128);
    roots[1] = at(b, 128);
    roots[2] = at(c, 120); /* neither the object nor its header */
    roots[3] = at(d, 16);
    ck_assert_int_eq(how(a), REACHABLE);
    ck_assert_int_eq(how(b), POSSIBLE);
    ck_assert_int_eq(how(c), POSSIBLE);
    ck_assert_int_eq(how(d), REACHABLE);
}
END_TEST

START_TEST (string_characters_make_it_reachable) {
    uintptr_t *a = object(24 + 40 + 1), *b = object(24 + 40 + 1), *c = object(24 + 40 + 1);
    a[0] = 13, a[1] = 40;
    b[0] = 41, b[1] = 40; /* longer than its room */
    c[0] = 13, c[1] = 39; /* room that is not the object's */
    roots[0] = at(a, 24);
    roots[1] = at(b, 24);
    roots[2] = at(c, 24);
    ck_assert_int_eq(how(a), REACHABLE);
    ck_assert_int_eq(how(b), POSSIBLE);
    ck_assert_int_eq(how(c), POSSIBLE);
}
END_TEST

/* offset to top, type, functions: of an object with a second base 16 bytes in, and of that base */
static uintptr_t vtables[] = {0, 1, 2, 3, -(uintptr_t)16, 1, 2, 3};
static struct range vtable_range = {0, 0};

static uintptr_t *object_with_two_vtables(void) {
    vtable_range = (struct range){at(vtables, 0), at(vtables, sizeof vtables)};
    build->heap.vtable_ranges = &vtable_range;
    build->heap.vtable_range_count = 1;
    uintptr_t *a = object(64);
    a[0] = at(vtables, 16);
    a[2] = at(vtables, 48);
    return a;
}

START_TEST (second_base_makes_it_reachable) {
    uintptr_t *a = object_with_two_vtables();
    roots[0] = at(a, 16);
    ck_assert_int_eq(how(a), REACHABLE);
}
END_TEST

START_TEST (second_base_elsewhere_does_not) {
    uintptr_t *a = object_with_two_vtables();
    a[3] = a[2]; /* its offset to the top is another one */
    roots[0] = at(a, 24);
    ck_assert_int_eq(how(a), POSSIBLE);
}
END_TEST

START_TEST (second_base_needs_memory_known_to_hold_vtables) {
    uintptr_t *a = object_with_two_vtables();
    build->heap.vtable_range_count = 0;
    roots[0] = at(a, 16);
    ck_assert_int_eq(how(a), POSSIBLE);
    build->heap.vtable_range_count = 1;
    vtable_range.hi = vtable_range.lo + 24;
    ck_assert_int_eq(how(a), POSSIBLE);
}
END_TEST

START_TEST (known_good_pointer_beside_another_interior_one_makes_it_reachable) {
    uintptr_t *a = object(100);
    a[0] = 92;
    roots[0] = at(a, 17);
    roots[1] = at(a, 8);
    ck_assert_int_eq(how(a), REACHABLE);
}
END_TEST

/* Of an object that is met, and that several words point into one after another, the bounds are remembered. */
START_TEST (many_pointers_into_one_object_hide_none_of_its_neighbours) {
    static const size_t sizes[] = {24, 64, 72, 1000, 4080, 4096, 200000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uintptr_t *before = object(64), *hub = object(sizes[i]), *after = object(64), *far = object(64);
        roots[0] = at(hub, 0);
        for (size_t word = 1; word < 12; word++)
            roots[word] = at(hub, word * 8 % sizes[i]);
        roots[12] = at(before, 56);
        roots[13] = at(after, 20);
        hub[0] = at(far, 0);
        ck_assert_int_eq(how(hub), REACHABLE);
        ck_assert_int_eq(how(before), POSSIBLE);
        ck_assert_int_eq(how(after), POSSIBLE);
        ck_assert_int_eq(how(far), REACHABLE);
        memset(roots + 12, 0, 2 * sizeof *roots);
        ck_assert_int_eq(how(before), LOST);
        ck_assert_int_eq(how(after), LOST);
    }
}
END_TEST

/* ---- size ---- */

START_TEST (long_list_is_marked_to_its_end) {
    enum { COUNT = 300000 };
    uintptr_t *first = object(32), *last = first;
    for (int i = 1; i < COUNT; i++) {
        uintptr_t *next = object(32);
        last[2] = at(next, 0);
        last = next;
    }
    roots[0] = at(first, 0);
    ck_assert_int_eq(how(last), REACHABLE);
}
END_TEST

START_TEST (wide_tree_is_marked_whole) {
    enum { COUNT = 200000 };
    uintptr_t *hub = object(COUNT * sizeof *hub), *leaf = NULL;
    for (int i = 0; i < COUNT; i++)
        hub[i] = at(leaf = object(16), i % 2 ? 0 : 8);
    roots[0] = at(hub, 0);
    struct marks marks;
    heap_build_freeze(build);
    ck_assert_int_eq(run(&marks), 0);
    int reachable = 0, possible = 0;
    for (object_id id = 1; id < build->heap.id_end; id++) {
        reachable += mark_test(marks.reachable, id);
        possible += mark_test(marks.possible, id);
    }
    ck_assert_int_eq(reachable, 1 + COUNT / 2);
    ck_assert_int_eq(possible, COUNT / 2);
}
END_TEST

START_TEST (empty_heap_needs_no_marks) {
    struct marks marks;
    heap_build_freeze(build);
    ck_assert_int_eq(run(&marks), 0);
}
END_TEST

START_TEST (marking_without_memory_fails) {
    uintptr_t *a = object(16);
    struct marks marks;
    roots[0] = at(a, 0);
    heap_build_freeze(build);
    build->arena.block_bytes = 1024; /* so that bits and list do not fit into one block */
    for (size_t blocks = 0; blocks < 2; blocks++) {
        build->arena.next = build->arena.end = NULL;
        build->arena_left = blocks;
        ck_assert_int_eq(run(&marks), -ENOMEM);
    }
    build->arena_left = 8;
    ck_assert_int_eq(run(&marks), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("mark");
    TCase *tests = tcase_create("mark");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, start_pointer_makes_it_reachable);
    tcase_add_test(tests, without_a_pointer_it_is_lost);
    tcase_add_test(tests, interior_pointer_makes_it_possible);
    tcase_add_test(tests, pointer_past_the_end_does_not_count);
    tcase_add_test(tests, record_of_what_was_freed_unseen_hides_little_of_a_large_block);
    tcase_add_test(tests, start_pointer_found_later_beats_the_interior_one);
    tcase_add_test(tests, what_hangs_from_a_possible_one_is_possible);
    tcase_add_test(tests, reachable_stays_reachable_behind_a_possible_one);
    tcase_add_test(tests, interior_pointer_from_a_lost_object_does_nothing);
    tcase_add_test(tests, root_for_starts_only_ignores_interior_pointers);
    tcase_add_test(tests, pointer_to_the_end_holds_as_one_into_the_middle_does);
    tcase_add_test(tests, pointer_to_the_end_at_a_page_holds_what_is_too_small_to_be_mapped);
    tcase_add_test(tests, what_a_stack_and_a_possible_one_hold_needs_no_stack);
    tcase_add_test(tests, pointer_to_the_end_holds_nothing_where_another_may_begin_there);
    tcase_add_test(tests, pointer_to_the_end_of_the_heap_holds_what_ends_there);
    tcase_add_test(tests, objects_behind_a_starts_only_root_are_traced_in_full);
    tcase_add_test(tests, starts_only_root_ignores_the_inside_of_odd_objects);
    tcase_add_test(tests, ignored_object_is_reachable_and_traced);
    tcase_add_test(tests, inherited_object_is_marked_like_any_other);
    tcase_add_test(tests, last_whole_word_is_searched);
    tcase_add_test(tests, word_that_ends_outside_is_not_searched);
    tcase_add_test(tests, object_at_eight_bytes_is_searched);
    tcase_add_test(tests, odd_object_is_searched_at_aligned_words);
    tcase_add_test(tests, zero_sized_object_is_reached_by_its_start);
    tcase_add_test(tests, middle_of_a_large_object_makes_it_possible);
    tcase_add_test(tests, unreadable_pages_of_a_large_object_are_not_touched);
    tcase_add_test(tests, unreadable_page_before_a_pointer_is_not_touched);
    tcase_add_test(tests, length_before_the_content_makes_it_reachable);
    tcase_add_test(tests, length_is_no_shape_at_another_offset);
    tcase_add_test(tests, element_count_before_an_array_makes_it_reachable);
    tcase_add_test(tests, class_of_an_exception_makes_it_reachable);
    tcase_add_test(tests, string_characters_make_it_reachable);
    tcase_add_test(tests, second_base_makes_it_reachable);
    tcase_add_test(tests, second_base_elsewhere_does_not);
    tcase_add_test(tests, second_base_needs_memory_known_to_hold_vtables);
    tcase_add_test(tests, known_good_pointer_beside_another_interior_one_makes_it_reachable);
    tcase_add_test(tests, many_pointers_into_one_object_hide_none_of_its_neighbours);
    tcase_add_test(tests, long_list_is_marked_to_its_end);
    tcase_add_test(tests, wide_tree_is_marked_whole);
    tcase_add_test(tests, empty_heap_needs_no_marks);
    tcase_add_test(tests, marking_without_memory_fails);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
