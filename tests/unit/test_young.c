/* test_young.c - young scans: what they look at, and what they read of old memory. Whole programs: test_young_model.c.
 *
 * Linked with all of analysis/, heap_build.c and -lcheck. */
#include "analysis/places.h"
#include "analysis/verdict.h"
#include "tests/unit/heap_build.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, ROOM_BYTES = 16 << 20, ROOTS = 8 };

static struct heap_build *build;
static uintptr_t *roots;
static struct marks marks;

static void setup(void) {
    build = heap_build_new(ROOM_BYTES);
    roots = heap_build_gap(build, ROOTS * sizeof *roots);
}
static void teardown(void) {
    heap_build_free(build);
}

static void view(struct young young) {
    heap_build_view(build, young);
}

/* A view of what was born after `birth`. */
static void view_after(uint32_t birth) {
    view((struct young){.birth_from = birth + 1, .epochs_back = HEAP_EPOCHS});
}

static int is_viewed(const void *object) {
    return heap_build_is_viewed(build, object);
}

static void *object(size_t size_bytes) {
    return heap_build_object(build, size_bytes, 1);
}

/* Somewhere on the next page, so that what comes before has pages of its own. */
static void next_page(void) {
    build->next = (char *)(((uintptr_t)build->next + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
}

static struct range page_of(const void *place) {
    uintptr_t lo = (uintptr_t)place & ~(uintptr_t)(PAGE - 1);
    return (struct range){lo, lo + PAGE};
}

static void mark(const struct range *written, size_t count) {
    struct root all[64] = {{(uintptr_t)roots, (uintptr_t)(roots + ROOTS), 0}}, *old;
    size_t old_count;
    ck_assert_int_eq(young_old_words(&build->heap, written, count, &build->arena, &old, &old_count), 0);
    ck_assert_uint_lt(old_count, 63);
    if (old_count)
        memcpy(all + 1, old, old_count * sizeof *old);
    ck_assert_int_eq(mark_run(&build->heap, all, old_count + 1, &build->arena, &marks), 0);
}

static int is_lost(const void *place) {
    object_id id = heap_build_id(build, place);
    return !mark_test(marks.reachable, id) && !mark_test(marks.possible, id);
}

/* ---- the view ---- */

START_TEST (view_holds_what_was_born_since_and_nothing_else) {
    void *old = object(24), *half_old = heap_build_shifted(build, 8, 1, 8),
         *odd_old = heap_build_shifted(build, 5, 1, 3);
    uint32_t before = build->births;
    void *young = object(24), *half = heap_build_shifted(build, 8, 1, 8), *odd = heap_build_shifted(build, 5, 1, 3);
    view_after(before);
    ck_assert_uint_eq(build->heap.subset_count, 3);
    ck_assert_uint_eq(build->heap.object_count, 3);
    ck_assert_uint_eq(build->heap.object_bytes, 37);
    ck_assert(is_viewed(young) && is_viewed(half) && is_viewed(odd));
    ck_assert(!is_viewed(old) && !is_viewed(half_old) && !is_viewed(odd_old));
    for (size_t i = 1; i < build->heap.subset_count; i++)
        ck_assert_uint_lt(build->heap.subset[i - 1].address, build->heap.subset[i].address);
}
END_TEST

START_TEST (objects_made_after_a_scan_of_all_are_in_its_view_of_places) {
    object(32);
    heap_build_freeze(build);
    heap_build_gap(build, 2 * (size_t)HEAP_LEAF_BYTES);
    build->epoch++;
    void *young = object(32);
    view_after(2);
    ck_assert(places_used(build->heap.places, (uintptr_t)young));
}
END_TEST

START_TEST (view_of_nothing_is_a_view) {
    object(24);
    view_after(build->births);
    ck_assert_ptr_nonnull(build->heap.subset);
    ck_assert_uint_eq(build->heap.subset_count, 0);
    mark(NULL, 0);
    struct verdicts verdicts;
    ck_assert_int_eq(verdict_run(&build->heap, &marks, OBJECT_INHERITED, NULL, &build->arena, &verdicts), 0);
    ck_assert_uint_eq(verdicts.finding_count, 0);
}
END_TEST

/* An object in a block whose epoch is `born`, looked for at `now`, so many epochs back. */
static int is_found(unsigned born, unsigned now, unsigned back) {
    setup();
    build->epoch = (uint8_t)born;
    void *young = object(24);
    view((struct young){.birth_from = 1, .epoch = (uint8_t)now, .epochs_back = back});
    int found = is_viewed(young);
    teardown();
    return found;
}

START_TEST (blocks_of_other_epochs_are_not_looked_at) {
    ck_assert(is_found(7, 7, 0));
    ck_assert(!is_found(6, 7, 0));
    ck_assert(is_found(6, 7, 1));
    ck_assert(!is_found(8, 7, 1));
    ck_assert(is_found(255, 1, 1)); /* 255 is followed by 1 */
    ck_assert(!is_found(255, 2, 1));
    ck_assert(is_found(254, 2, 3));
    ck_assert(is_found(8, 7, HEAP_EPOCHS));
}
END_TEST

START_TEST (serials_that_wrap_stay_young) {
    build->births = UINT32_MAX - 3;
    void *old = object(24);
    uint32_t before = build->births;
    void *young = object(24);
    object(24);
    void *wrapped = object(24);
    ck_assert_uint_lt(build->births, before);
    view_after(before);
    ck_assert(is_viewed(young) && is_viewed(wrapped) && !is_viewed(old));
}
END_TEST

START_TEST (suspects_are_looked_at_unless_they_were_freed_or_replaced) {
    void *alive = object(24), *freed = object(24), *replaced = object(24), *odd = heap_build_shifted(build, 5, 1, 3);
    struct suspect suspects[4];
    void *places[] = {alive, freed, replaced, odd};
    for (int i = 0; i < 4; i++)
        suspects[i] = (struct suspect){.address = (uintptr_t)places[i],
                                       .id = heap_build_id(build, places[i]),
                                       .birth = heap_build_record(build, places[i])->birth};
    heap_build_forget(build, freed);
    heap_build_record(build, replaced)->birth = 77; /* the same id, used again */
    struct history history = {.suspects = suspects, .suspect_count = 4};
    view((struct young){.birth_from = 1000, .birth_end = 1001, .epochs_back = HEAP_EPOCHS, .history = &history});
    ck_assert_uint_eq(build->heap.subset_count, 2);
    ck_assert(is_viewed(alive) && is_viewed(odd));
}
END_TEST

START_TEST (young_suspect_is_looked_at_once) {
    void *both = object(24);
    struct suspect suspect = {.address = (uintptr_t)both, .id = heap_build_id(build, both), .birth = build->births};
    struct history history = {.suspects = &suspect, .suspect_count = 1};
    view((struct young){.birth_from = 1, .epochs_back = HEAP_EPOCHS, .history = &history});
    ck_assert_uint_eq(build->heap.subset_count, 1);
}
END_TEST

START_TEST (old_large_objects_are_known_to_heap_find) {
    char *large = object(3 << 20), *odd = heap_build_shifted(build, 100000, 1, 1);
    uint32_t before = build->births;
    object(24);
    view_after(before);
    uintptr_t start;
    ck_assert_uint_eq(heap_find(&build->heap, (uintptr_t)large + (3 << 20) - 1, &start), heap_build_id(build, large));
    ck_assert_uint_eq(heap_find(&build->heap, (uintptr_t)odd + 99999, &start), heap_build_id(build, odd));
    ck_assert_uint_eq(heap_find(&build->heap, (uintptr_t)odd + 100000, &start), 0);
}
END_TEST

START_TEST (ignored_young_object_keeps_what_it_holds) {
    uintptr_t *ignored = object(24), *held = object(24), *other = object(24);
    ignored[0] = (uintptr_t)held;
    heap_build_record(build, ignored)->flags = OBJECT_IGNORED;
    view_after(0);
    mark(NULL, 0);
    ck_assert(!is_lost(ignored) && !is_lost(held) && is_lost(other));
}
END_TEST

START_TEST (no_memory_is_an_error) {
    for (int i = 0; i < 1000; i++)
        object(8000);
    build->arena_left = 0;
    build->arena.next = build->arena.end;
    struct young young = {.birth_from = 1, .birth_end = 2000, .epoch = 1, .epochs_back = HEAP_EPOCHS};
    ck_assert_int_eq(young_view(&build->heap, &young, &build->arena), -ENOMEM);
    ck_assert_int_eq(mark_run(&build->heap, NULL, 0, &build->arena, &marks), -ENOMEM);
}
END_TEST

/* ---- words of old objects ---- */

START_TEST (old_object_on_a_written_page_keeps_a_young_one) {
    uintptr_t *old = object(64);
    next_page();
    uintptr_t *other = object(64);
    uint32_t before = build->births;
    uintptr_t *young = object(24), *lost = object(24);
    old[3] = (uintptr_t)young;
    other[3] = (uintptr_t)lost;
    struct range written = page_of(old);
    view_after(before);
    mark(&written, 1);
    ck_assert(!is_lost(young));
    ck_assert(is_lost(lost)); /* its page is said to be as it was */
}
END_TEST

START_TEST (ends_of_the_first_and_the_last_young_one_hold_them) {
    object(64);
    uint32_t before = build->births;
    uintptr_t *first = object(24), *between = object(24), *last = object(24);
    build->heap.ends_hold = 1;
    view_after(before);
    roots[0] = (uintptr_t)first;
    roots[1] = (uintptr_t)(last + 3);
    mark(NULL, 0);
    ck_assert(!is_lost(first));
    ck_assert(is_lost(between));
    ck_assert(!is_lost(last));
}
END_TEST

START_TEST (object_that_begins_before_the_page_is_read_there) {
    char *large = object(5 * PAGE);
    char *odd = heap_build_shifted(build, 3 * PAGE, 1, 3);
    uint32_t before = build->births;
    void *young = object(24), *another = object(24), *lost = object(24);
    uintptr_t *in_large = (uintptr_t *)page_of(large + 2 * PAGE).lo, *in_odd = (uintptr_t *)page_of(odd + 2 * PAGE).lo;
    in_large[0] = (uintptr_t)young;
    in_large[-1] = (uintptr_t)lost; /* on the page before */
    in_odd[0] = (uintptr_t)another;
    struct range written[] = {page_of(in_large), page_of(in_odd)};
    view_after(before);
    mark(written, 2);
    ck_assert(!is_lost(young) && !is_lost(another) && is_lost(lost));
}
END_TEST

START_TEST (young_objects_and_gaps_are_no_old_words) {
    uint32_t before = build->births;
    uintptr_t *gap = heap_build_gap(build, 64), *young = object(24), *first = object(24), *second = object(24);
    gap[0] = (uintptr_t)first;
    young[0] = (uintptr_t)second;
    struct range written = page_of(young);
    view_after(before);
    mark(&written, 1);
    ck_assert(is_lost(young) && is_lost(first) && is_lost(second));
}
END_TEST

START_TEST (memory_that_may_not_be_read_is_left_out) {
    next_page();
    char *large = object(3 * PAGE);
    uint32_t before = build->births;
    void *young = object(24);
    ((uintptr_t *)(large + 2 * PAGE))[0] = (uintptr_t)young;
    struct range hole = page_of(large + PAGE), written = {(uintptr_t)large, (uintptr_t)large + 3 * PAGE};
    build->heap.unreadable = &hole;
    build->heap.unreadable_count = 1;
    ck_assert_int_eq(mprotect((void *)hole.lo, PAGE, PROT_NONE), 0);
    view_after(before);
    mark(&written, 1);
    ck_assert(!is_lost(young));
    ck_assert_int_eq(mprotect((void *)hole.lo, PAGE, PROT_READ | PROT_WRITE), 0);
}
END_TEST

START_TEST (ranges_without_objects_are_nothing) {
    object(24);
    view_after(build->births);
    struct range written[] = {{0, PAGE},
                              {PAGE, (uintptr_t)build->memory & ~(uintptr_t)(PAGE - 1)},
                              {(uintptr_t)build->end & ~(uintptr_t)(PAGE - 1), UINTPTR_MAX & ~(uintptr_t)(PAGE - 1)}};
    struct root *old;
    size_t count;
    ck_assert_int_eq(young_old_words(&build->heap, written, 3, &build->arena, &old, &count), 0);
    ck_assert_uint_eq(count, 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("young");
    TCase *tests = tcase_create("young"), *plain = tcase_create("epochs");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, view_holds_what_was_born_since_and_nothing_else);
    tcase_add_test(tests, objects_made_after_a_scan_of_all_are_in_its_view_of_places);
    tcase_add_test(tests, view_of_nothing_is_a_view);
    tcase_add_test(tests, serials_that_wrap_stay_young);
    tcase_add_test(tests, suspects_are_looked_at_unless_they_were_freed_or_replaced);
    tcase_add_test(tests, young_suspect_is_looked_at_once);
    tcase_add_test(tests, old_large_objects_are_known_to_heap_find);
    tcase_add_test(tests, ignored_young_object_keeps_what_it_holds);
    tcase_add_test(tests, no_memory_is_an_error);
    tcase_add_test(tests, old_object_on_a_written_page_keeps_a_young_one);
    tcase_add_test(tests, ends_of_the_first_and_the_last_young_one_hold_them);
    tcase_add_test(tests, object_that_begins_before_the_page_is_read_there);
    tcase_add_test(tests, young_objects_and_gaps_are_no_old_words);
    tcase_add_test(tests, memory_that_may_not_be_read_is_left_out);
    tcase_add_test(tests, ranges_without_objects_are_nothing);
    tcase_add_test(plain, blocks_of_other_epochs_are_not_looked_at);
    suite_add_tcase(suite, tests);
    suite_add_tcase(suite, plain);
    return suite_run(suite);
}
