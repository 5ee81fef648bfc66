/* test_lingering.c - which objects hang from unchanged words of stacks alone, scan after scan.
 *
 * Linked with all of analysis/, heap_build.c and -lcheck. */
#include "analysis/lingering.h"
#include "tests/unit/heap_build.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <string.h>

enum { ROOM_BYTES = 1 << 20, WORDS = 8 };

static struct heap_build *build;
static uintptr_t *stack, *registers, *global;
static struct lingering last;

static void setup(void) {
    build = heap_build_new(ROOM_BYTES);
    stack = heap_build_gap(build, WORDS * sizeof *stack);
    registers = heap_build_gap(build, WORDS * sizeof *registers);
    global = heap_build_gap(build, WORDS * sizeof *global);
    last = (struct lingering){0};
}
static void teardown(void) {
    heap_build_free(build);
}

static uintptr_t *object(size_t size_bytes, unsigned site) {
    return heap_build_object(build, size_bytes, site);
}

static int scan_with(struct arena *scratch) {
    struct root roots[] = {
        {(uintptr_t)stack, (uintptr_t)(stack + WORDS), ROOT_LIVE | ROOT_STACK},
        {(uintptr_t)registers, (uintptr_t)(registers + WORDS), ROOT_LIVE | ROOT_STACK | ROOT_REGISTER},
        {(uintptr_t)global, (uintptr_t)(global + WORDS), 0}};
    struct marks marks;
    struct lingering_words before = last.words;
    heap_build_freeze(build);
    ck_assert_int_eq(mark_run(&build->heap, roots, 3, &build->arena, &marks), 0);
    return lingering_find(&build->heap, &marks, roots, 3, &before, &build->arena, scratch, &last);
}
static void scan(int times) {
    while (times-- > 0)
        ck_assert_int_eq(scan_with(&build->arena), 0);
}
static void site_is(size_t at, uint32_t site, uint64_t objects, uint64_t bytes, uint32_t scans) {
    ck_assert_uint_lt(at, last.site_count);
    ck_assert_uint_eq(last.site[at].site, site);
    ck_assert_uint_eq(last.site[at].objects, objects);
    ck_assert_uint_eq(last.site[at].bytes, bytes);
    ck_assert_uint_eq(last.site[at].scans, scans);
}

START_TEST (word_that_stays_is_told_from_the_third_scan_on) {
    stack[3] = (uintptr_t)object(40, 1);
    scan(2);
    ck_assert_uint_eq(last.site_count, 0);
    scan(1);
    site_is(0, 1, 1, 40, 3);
    scan(4);
    site_is(0, 1, 1, 40, 7);
}
END_TEST

START_TEST (word_that_changes_begins_anew) {
    uintptr_t *a = object(40, 1), *b = object(40, 1);
    stack[3] = (uintptr_t)a;
    scan(2);
    stack[3] = (uintptr_t)b;
    scan(2);
    ck_assert_uint_eq(last.site_count, 0);
    scan(1);
    site_is(0, 1, 1, 40, 3);
}
END_TEST

START_TEST (another_object_at_the_same_address_begins_anew) {
    uintptr_t *a = object(40, 1);
    stack[3] = (uintptr_t)a;
    scan(2);
    heap_build_forget(build, a);
    heap_build_adopt(build, a, 40, 1);
    scan(1);
    ck_assert_uint_eq(last.site_count, 0);
}
END_TEST

START_TEST (object_that_something_else_holds_is_not_told) {
    uintptr_t *by_global = object(40, 1), *by_register = object(40, 2), *by_fresh = object(40, 3),
              *fresh = object(64, 4), *next = object(64, 4);
    global[0] = stack[0] = (uintptr_t)by_global;
    registers[0] = stack[1] = (uintptr_t)by_register;
    stack[2] = (uintptr_t)by_fresh;
    fresh[7] = next[7] = (uintptr_t)by_fresh;
    for (int i = 0; i < 5; i++) {
        stack[5] = (uintptr_t)(i % 2 ? fresh : next);
        scan(1);
        ck_assert_uint_eq(last.site_count, 0);
    }
}
END_TEST

START_TEST (only_what_is_held_directly_is_told_once_and_largest_first) {
    uintptr_t *small = object(24, 1), *other = object(24, 1), *large = object(200, 2), *below = object(500, 3);
    large[0] = (uintptr_t)below;
    stack[0] = stack[1] = (uintptr_t)small;
    stack[2] = (uintptr_t)large;
    scan(1);
    stack[3] = (uintptr_t)other;
    scan(3);
    ck_assert_uint_eq(last.site_count, 2);
    site_is(0, 2, 1, 200, 4);
    site_is(1, 1, 2, 48, 3);
}
END_TEST

START_TEST (word_that_is_overwritten_is_forgotten) {
    stack[3] = (uintptr_t)object(40, 1);
    scan(4);
    stack[3] = 0;
    scan(1);
    ck_assert_uint_eq(last.site_count, 0);
    ck_assert_uint_eq(last.words.count, 0);
}
END_TEST

static void *no_memory(void *unused, size_t bytes) {
    (void)unused;
    (void)bytes;
    return NULL;
}

START_TEST (memory_that_runs_out_is_an_error) {
    struct arena none = {.more = no_memory};
    stack[3] = (uintptr_t)object(40, 1);
    scan(3);
    site_is(0, 1, 1, 40, 3);
    ck_assert_int_eq(scan_with(&none), -ENOMEM);
    ck_assert_uint_eq(last.site_count, 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("lingering");
    TCase *by_hand = tcase_create("by hand");
    tcase_add_checked_fixture(by_hand, setup, teardown);
    tcase_add_test(by_hand, word_that_stays_is_told_from_the_third_scan_on);
    tcase_add_test(by_hand, word_that_changes_begins_anew);
    tcase_add_test(by_hand, another_object_at_the_same_address_begins_anew);
    tcase_add_test(by_hand, object_that_something_else_holds_is_not_told);
    tcase_add_test(by_hand, only_what_is_held_directly_is_told_once_and_largest_first);
    tcase_add_test(by_hand, word_that_is_overwritten_is_forgotten);
    tcase_add_test(by_hand, memory_that_runs_out_is_an_error);
    suite_add_tcase(suite, by_hand);
    return suite_run(suite);
}
