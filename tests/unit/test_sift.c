/* test_sift.c - what is left out of the roots leads nowhere, and all that leads somewhere is left.
 *
 * Linked with all of analysis/, heap_build.c and -lcheck.  CASTAWAY_SEEDS=n tries n heaps (default 40). */
#include "analysis/sift.h"
#include "tests/unit/draw.h"
#include "tests/unit/heap_build.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <string.h>

enum { WORDS = 32 << 10, OBJECTS = 60, MIB = 1 << 20, LARGE_BYTES = 5 * MIB, FAR = 40 * MIB };

static struct heap_build *build;
static uintptr_t *words; /* of one root */
static const struct root *sifted;
static size_t sifted_count;

static void setup(void) {
    build = heap_build_new(64 << 20);
    words = heap_build_gap(build, WORDS * sizeof *words);
}
static void teardown(void) {
    heap_build_free(build);
}

static struct root root_of(size_t first, size_t end) {
    return (struct root){(uintptr_t)(words + first), (uintptr_t)(words + end), 0};
}

static void sift(const struct root *roots, size_t count) {
    ck_assert_int_eq(sift_roots(&build->heap, roots, count, &build->arena, &sifted, &sifted_count), 0);
}

static void sift_all(void) {
    struct root root = root_of(0, WORDS);
    heap_build_freeze(build);
    sift(&root, 1);
}

/* Is the word left? */
static int is_left(size_t number) {
    uintptr_t at = (uintptr_t)(words + number);
    for (size_t i = 0; i < sifted_count; i++)
        if (at >= sifted[i].lo && at < sifted[i].hi)
            return 1;
    return 0;
}

START_TEST (words_that_lead_nowhere_are_left_out) {
    char *low = heap_build_object(build, 64, 1), *high;
    heap_build_gap(build, FAR);
    high = heap_build_object(build, 64, 1);
    for (size_t i = 0; i < WORDS; i++) /* between two objects, as a library between mapped ones */
        words[i] = (uintptr_t)low + FAR / 2 + 8 * i;
    ck_assert(high > low + FAR / 2);
    words[0] = 0;
    words[1] = UINTPTR_MAX;
    words[2] = 1;
    sift_all();
    ck_assert_uint_eq(sifted_count, 0);
}
END_TEST

START_TEST (word_that_leads_somewhere_is_left_with_little_around_it) {
    words[WORDS / 2] = (uintptr_t)heap_build_object(build, 64, 1);
    sift_all();
    ck_assert_uint_eq(sifted_count, 1);
    ck_assert(is_left(WORDS / 2));
    ck_assert_uint_lt(sifted[0].hi - sifted[0].lo, WORDS * sizeof *words / 16);
}
END_TEST

START_TEST (first_and_last_word_are_left) {
    words[0] = words[WORDS - 1] = (uintptr_t)heap_build_object(build, 64, 1);
    sift_all();
    ck_assert(is_left(0) && is_left(WORDS - 1));
    ck_assert_uint_eq(sifted_count, 2);
}
END_TEST

START_TEST (neighbours_are_one_root) {
    uintptr_t object = (uintptr_t)heap_build_object(build, 64, 1);
    for (size_t i = 0; i < WORDS; i++)
        words[i] = object;
    sift_all();
    ck_assert_uint_eq(sifted_count, 1);
    ck_assert_uint_eq(sifted[0].hi - sifted[0].lo, WORDS * sizeof *words);
}
END_TEST

START_TEST (flags_stay_and_roots_do_not_grow_together) {
    uintptr_t object = (uintptr_t)heap_build_object(build, 64, 1);
    struct root roots[] = {root_of(0, WORDS / 2), root_of(WORDS / 2, WORDS)};
    roots[0].flags = ROOT_STARTS_ONLY;
    roots[1].flags = ROOT_STACK | ROOT_LIVE;
    words[WORDS / 2 - 1] = words[WORDS / 2] = object;
    heap_build_freeze(build);
    sift(roots, 2);
    ck_assert_uint_eq(sifted_count, 2);
    ck_assert_uint_eq(sifted[0].flags, ROOT_STARTS_ONLY);
    ck_assert_uint_eq(sifted[1].flags, ROOT_STACK | ROOT_LIVE);
    ck_assert_uint_eq(sifted[0].hi, sifted[1].lo);
}
END_TEST

START_TEST (middle_and_end_of_a_large_object_lead_to_it) {
    char *large = heap_build_object(build, LARGE_BYTES, 1);
    words[0] = (uintptr_t)large + LARGE_BYTES / 2;
    words[WORDS / 2] = (uintptr_t)large + LARGE_BYTES;
    build->heap.ends_hold = 1;
    sift_all();
    ck_assert(is_left(0) && is_left(WORDS / 2));
}
END_TEST

START_TEST (end_of_an_object_at_the_end_of_a_megabyte_leads_to_it) {
    char *at = heap_build_object(build, 64, 1);
    heap_build_gap(build, MIB - 64 - (uintptr_t)at % MIB - 32);
    char *last = heap_build_object(build, 32, 1);
    ck_assert_uint_eq((uintptr_t)(last + 32) % MIB, 0);
    build->heap.ends_hold = 1;
    words[0] = (uintptr_t)(last + 32);
    sift_all();
    ck_assert(is_left(0));
}
END_TEST

START_TEST (odd_object_far_from_all_others_is_led_to) {
    heap_build_object(build, 64, 1);
    heap_build_gap(build, FAR);
    char *odd = heap_build_shifted(build, 48, 1, 3);
    words[0] = (uintptr_t)odd;
    sift_all();
    ck_assert(is_left(0));
}
END_TEST

START_TEST (roots_of_a_few_pages_and_of_tagged_or_unaligned_pointers_stay_as_they_are) {
    struct root few = root_of(0, 512), all = root_of(0, WORDS);
    heap_build_object(build, 64, 1);
    heap_build_freeze(build);
    sift(&few, 1);
    ck_assert_ptr_eq(sifted, &few);
    build->heap.unaligned = 1;
    sift(&all, 1);
    ck_assert_ptr_eq(sifted, &all);
    build->heap.unaligned = 0;
    build->heap.pointer_mask = UINTPTR_MAX >> 8;
    sift(&all, 1);
    ck_assert_ptr_eq(sifted, &all);
}
END_TEST

START_TEST (without_memory_it_fails) {
    struct root root = root_of(0, WORDS);
    words[0] = (uintptr_t)heap_build_object(build, 64, 1);
    heap_build_freeze(build);
    build->arena.next = build->arena.end;
    build->arena_left = 0;
    ck_assert_int_eq(sift_roots(&build->heap, &root, 1, &build->arena, &sifted, &sifted_count), -ENOMEM);
}
END_TEST

/* ---- random heaps: what is left marks what all marks ---- */

static struct {
    uintptr_t start[OBJECTS];
    size_t size[OBJECTS];
} drawn;

static void draw_objects(void) {
    for (size_t i = 0; i < OBJECTS; i++) {
        size_t size = draw(10) ? 8 * draw(30) : draw(3) * MIB + draw(20000);
        size_t shift = draw(5) ? 0 : draw(2) ? 8 : draw(16);
        if (!draw(6))
            heap_build_gap(build, draw(3 * MIB));
        drawn.size[i] = size;
        drawn.start[i] = (uintptr_t)(shift ? heap_build_shifted(build, size, 1 + draw(5), shift)
                                           : heap_build_object(build, size, 1 + draw(5)));
    }
}

static uintptr_t draw_word(void) {
    size_t target = draw(OBJECTS);
    switch (draw(4)) {
    case 0:
        return drawn.start[target] + draw((unsigned)drawn.size[target] + 2);
    case 1:
        return drawn.start[0] + draw(FAR);
    default:
        return drawn.start[target] + draw(8) * !draw(4);
    }
}

static void fill(uintptr_t *place, size_t count, unsigned pointers) {
    for (; count && pointers; pointers--)
        place[draw((unsigned)count)] = draw_word();
}

static void assert_equal(const struct marks *all, const struct marks *left) {
    for (size_t i = 0; i < OBJECTS; i++) {
        object_id id = heap_build_id(build, (const void *)drawn.start[i]);
        ck_assert_int_eq(mark_test(all->reachable, id), mark_test(left->reachable, id));
        ck_assert_int_eq(mark_test(all->possible, id), mark_test(left->possible, id));
        ck_assert_int_eq(mark_test(all->settled, id), mark_test(left->settled, id));
    }
}

START_TEST (what_is_left_marks_what_all_marks) {
    for (uint64_t seed = 1; seed <= draw_seeds(40); seed++) {
        struct root roots[4];
        struct marks all, left;
        setup();
        draw_from(seed);
        draw_objects();
        fill(words, WORDS, draw(40));
        for (size_t i = 0; i < OBJECTS; i++)
            if (drawn.start[i] % sizeof(uintptr_t) == 0)
                fill((uintptr_t *)drawn.start[i], drawn.size[i] / sizeof(uintptr_t), draw(3));
        for (unsigned i = 0; i < 4; i++) {
            roots[i] = root_of(i * WORDS / 4, (i + 1) * WORDS / 4);
            roots[i].flags = (unsigned[]){0, ROOT_STARTS_ONLY, ROOT_LIVE, ROOT_STACK | ROOT_LIVE}[i];
        }
        build->heap.ends_hold = (int)draw(2);
        heap_build_freeze(build);
        sift(roots, 4);
        ck_assert_int_eq(mark_run(&build->heap, roots, 4, &build->arena, &all), 0);
        ck_assert_int_eq(mark_run(&build->heap, sifted, sifted_count, &build->arena, &left), 0);
        assert_equal(&all, &left);
        teardown();
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("sift");
    TCase *tests = tcase_create("sift"), *random = tcase_create("random");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(random, 60);
    tcase_add_test(tests, words_that_lead_nowhere_are_left_out);
    tcase_add_test(tests, word_that_leads_somewhere_is_left_with_little_around_it);
    tcase_add_test(tests, first_and_last_word_are_left);
    tcase_add_test(tests, neighbours_are_one_root);
    tcase_add_test(tests, flags_stay_and_roots_do_not_grow_together);
    tcase_add_test(tests, middle_and_end_of_a_large_object_lead_to_it);
    tcase_add_test(tests, end_of_an_object_at_the_end_of_a_megabyte_leads_to_it);
    tcase_add_test(tests, odd_object_far_from_all_others_is_led_to);
    tcase_add_test(tests, roots_of_a_few_pages_and_of_tagged_or_unaligned_pointers_stay_as_they_are);
    tcase_add_test(tests, without_memory_it_fails);
    tcase_add_test(random, what_is_left_marks_what_all_marks);
    suite_add_tcase(suite, tests);
    suite_add_tcase(suite, random);
    return suite_run(suite);
}
