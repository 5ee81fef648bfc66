/* test_history_told.c - what the history tells of scans: the log, ages, windows, times.
 *
 * Linked with all of analysis/, heap_build.c and -lcheck. */
#include "tests/unit/history_scans.h"

/* ---- the log, and ages ---- */

START_TEST (log_keeps_the_last_scan_of_each_generation) {
    scan(FULL);
    scan(1);
    for (int i = 0; i < 3 * HISTORY_SCANS_MAX; i++)
        scan(0);
    ck_assert_uint_eq(history.scan_count, HISTORY_SCANS_MAX);
    ck_assert_uint_eq(history.scans[0].number, 1);
    ck_assert_uint_eq(history.scans[1].number, 2);
    for (size_t i = 3; i < history.scan_count; i++)
        ck_assert_uint_eq(history.scans[i].number, history.scans[i - 1].number + 1);
    ck_assert_uint_eq(history.scans[history.scan_count - 1].number, scans);
    ck_assert_uint_eq(history.scans_done[0], 3 * HISTORY_SCANS_MAX);
    ck_assert_uint_eq(history.scans_done[1], 1);
    scan(FULL);
    scan(0);
    scan(0);
    ck_assert_uint_gt(history.scans[0].number, 2); /* not the last ones any more */
}
END_TEST

START_TEST (young_scans_begin_where_the_last_one_of_them_ended) {
    ck_assert_uint_eq(history_young_from(NULL, 0), 0);
    object(24, 1);
    scan(FULL);
    object(24, 1);
    scan(0);
    object(24, 1);
    ck_assert_uint_eq(history_young_from(&history, 0), 3);
    ck_assert_uint_eq(history_young_from(&history, 1), 2);
    ck_assert_uint_eq(history_young_from(&history, 2), 0);
}
END_TEST

static void age_is(const void *place, uint32_t generation, uint32_t scan_a, uint32_t scan_b) {
    struct age age = age_of(place);
    ck_assert_uint_eq(age.generation, generation);
    ck_assert_uint_eq(age.scan_a, scan_a);
    ck_assert_uint_eq(age.scan_b, scan_b);
    ck_assert_int_eq(age.a_us, 1000 * (int64_t)scan_a);
    ck_assert_int_eq(age.b_us, 1000 * (int64_t)scan_b);
}

START_TEST (lost_before_the_first_scan_is_lost_since_the_start) {
    void *lost = object(24, 1);
    scan(FULL);
    age_is(lost, 0, 0, 1);
    scan(FULL);
    age_is(lost, 0, 0, 1); /* and stays so */
}
END_TEST

START_TEST (lost_between_the_scan_that_saw_it_and_the_one_that_did_not) {
    void *first = object(24, 1);
    roots[0] = (uintptr_t)first;
    scan(FULL);
    void *second = object(24, 1);
    roots[1] = (uintptr_t)second;
    scan(1);
    scan(0);
    scan(0);
    roots[0] = roots[1] = 0;
    void *newborn = object(24, 1);
    scan(FULL);
    age_is(first, 2, 1, 5);  /* the young scans did not look at it */
    age_is(second, 2, 2, 5); /* scan 2 looked at it, 3 and 4 did not */
    age_is(newborn, 0, 4, 5);
}
END_TEST

START_TEST (generation_when_lost_is_by_birth) {
    scan(FULL);
    void *middle = object(24, 1);
    roots[0] = (uintptr_t)middle;
    scan(0);
    roots[0] = 0;
    scan(1);
    age_is(middle, 1, 2, 3);
}
END_TEST

START_TEST (changed_one_is_lost_since_the_scan_before) {
    uintptr_t *lost = object(24, 1);
    scan(FULL);
    scan(FULL);
    lost[0] = 5;
    scan(FULL);
    age_is(lost, 0, 2, 3);
}
END_TEST

START_TEST (age_without_a_suspect_is_of_the_scan_at_hand) {
    void *first = object(24, 1);
    roots[0] = (uintptr_t)first;
    scan(FULL);
    void *second = object(24, 1);
    scans++;
    age_is(second, 0, 1, 2);
    age_is(first, 2, 1, 2);
    struct scan_entry now = {.number = 1, .at_us = 9};
    struct age age = history_age(NULL, &now, NULL, 0, (uintptr_t)first, heap_build_record(build, first));
    ck_assert_uint_eq(age.scan_a, 0);
    ck_assert_uint_eq(age.scan_b, 1);
    ck_assert_int_eq(age.b_us, 9);
    ck_assert_int_eq(age.born_us, -1);
}
END_TEST

START_TEST (time_of_birth_is_that_of_the_note_before) {
    static const struct birth_time births[] = {{2, 200}, {10, 1000}, {11, 1100}};
    static const struct {
        uint32_t birth;
        int64_t at_us;
    } expected[] = {{1, -1}, {2, 200}, {9, 200}, {10, 1000}, {11, 1100}, {5000, 1100}};
    struct scan_entry now = {.number = 1};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        struct object o = {.birth = expected[i].birth};
        ck_assert_int_eq(history_age(&history, &now, births, 3, 16, &o).born_us, expected[i].at_us);
    }
}
END_TEST

START_TEST (finding_has_the_age_of_what_was_lost_first) {
    void *first = object(24, 7);
    uintptr_t *a = object(24, 8), *b = object(24, 9);
    roots[0] = (uintptr_t)a;
    a[0] = (uintptr_t)b;
    b[0] = (uintptr_t)a;
    (void)first;
    scan(FULL);
    object(24, 7);
    roots[0] = 0;
    scan(FULL);
    struct birth_time births[] = {{1, 11}, {2, 22}, {3, 33}, {4, 44}};
    struct verdict_times times = {&history, history.scans[history.scan_count - 1], births, 4, NULL, 0};
    struct verdicts verdicts;
    ck_assert_int_eq(verdict_run(&build->heap, &marks, 0, &times, &build->arena, &verdicts), 0);
    ck_assert_uint_eq(verdicts.finding_count, 2);
    for (size_t f = 0; f < 2; f++) {
        const struct finding *finding = &verdicts.findings[f];
        int is_cycle = finding->kind == KIND_CYCLE;
        ck_assert_uint_eq(finding->age.scan_a, is_cycle ? 1 : 0);
        ck_assert_uint_eq(finding->age.scan_b, is_cycle ? 2 : 1);
        ck_assert_uint_eq(finding->age.generation, is_cycle ? 2 : 0);
        ck_assert_int_eq(finding->age.born_us, is_cycle ? 22 : 11);
    }
}
END_TEST

START_TEST (finding_of_a_first_scan_is_as_old_as_its_oldest_object) {
    uintptr_t *node[4];
    for (unsigned i = 0; i < 4; i++) {
        node[i] = object(24, 8 + i % 2);
        heap_build_record(build, node[i])->birth = 10 - i; /* those with higher ids are older */
    }
    for (unsigned i = 0; i < 4; i++)
        node[i][0] = (uintptr_t)node[i ^ 1];
    is_last = 1;
    scan(FULL);
    struct birth_time births[] = {{7, 77}, {8, 88}, {9, 99}, {10, 100}};
    struct verdict_times times = {&history, history.scans[history.scan_count - 1], births, 4, NULL, 0};
    struct verdicts verdicts;
    ck_assert_int_eq(verdict_run(&build->heap, &marks, 0, &times, &build->arena, &verdicts), 0);
    ck_assert_uint_eq(verdicts.finding_count, 1);
    ck_assert_int_eq(verdicts.findings[0].age.born_us, 77);
    ck_assert_uint_eq(verdicts.findings[0].age.scan_b, 1);
}
END_TEST

START_TEST (suspects_are_in_no_finding_but_hold_what_hangs_from_them) {
    uintptr_t *lost = object(24, 7), *held = object(32, 8);
    lost[0] = (uintptr_t)held;
    scan(FULL);
    heap_build_record(build, held)->flags = 0;
    struct verdicts verdicts;
    ck_assert_int_eq(verdict_run(&build->heap, &marks, OBJECT_SUSPECT, NULL, &build->arena, &verdicts), 0);
    ck_assert_uint_eq(verdicts.tally[KIND_LOST].objects, 0);
    ck_assert_uint_eq(verdicts.tally[KIND_LOST_INDIRECT].objects, 1);
    ck_assert_uint_eq(verdicts.findings[0].age.scan_b, 0);
    ck_assert_int_eq(verdicts.findings[0].age.born_us, -1);
}
END_TEST

/* ---- windows ---- */

static void grow(unsigned site, int count) {
    for (int i = 0; i < count; i++)
        roots[site] = (uintptr_t)memcpy(object(32, site), &roots[site], sizeof *roots);
}

static const struct site_window *window_of(uint32_t site) {
    for (size_t i = 0; i < history.window_count; i++)
        if (history.windows[i].site == site)
            return &history.windows[i];
    return NULL;
}

START_TEST (windows_count_old_objects_at_full_scans) {
    grow(3, 10);
    scan(FULL);
    ck_assert_ptr_null(window_of(3)); /* none was old */
    grow(3, 5);
    scan(FULL);
    scan(0);
    scan(1);
    scan(FULL);
    const struct site_window *window = window_of(3);
    ck_assert_uint_eq(window->count, 3);
    ck_assert_uint_eq(window->objects[0], 0);
    ck_assert_uint_eq(window->objects[1], 10);
    ck_assert_uint_eq(window->objects[2], 15);
    ck_assert_uint_eq(window->bytes[2], 15 * 32);
    ck_assert_uint_eq(history.window_scans, 3);
    ck_assert_int_eq(history.window_at_us[0], 1000);
    ck_assert_int_eq(history.window_at_us[2], 5000);
}
END_TEST

START_TEST (windows_move_when_they_are_full) {
    for (int i = 0; i < HISTORY_WINDOW_MAX + 4; i++) {
        grow(3, 1);
        scan(FULL);
    }
    const struct site_window *window = window_of(3);
    ck_assert_uint_eq(window->count, HISTORY_WINDOW_MAX);
    ck_assert_uint_eq(history.window_scans, HISTORY_WINDOW_MAX);
    for (uint64_t i = 0; i < HISTORY_WINDOW_MAX; i++) {
        ck_assert_uint_eq(window->objects[i], i + 4);
        ck_assert_int_eq(history.window_at_us[i], 1000 * (int64_t)(i + 5));
    }
}
END_TEST

START_TEST (lost_objects_are_no_population_and_empty_windows_go) {
    grow(3, 4);
    grow(5, 1);
    scan(FULL);
    scan(FULL);
    ck_assert_uint_eq(history.window_count, 2);
    roots[3] = 0;
    scan(FULL);
    ck_assert_uint_eq(window_of(3)->objects[2], 0);
    for (int i = 0; i < HISTORY_WINDOW_MAX; i++)
        scan(FULL);
    ck_assert_ptr_null(window_of(3));
    ck_assert_ptr_nonnull(window_of(5));
}
END_TEST

/* ---- times ---- */

START_TEST (pauses_have_percentiles_by_nearest_rank) {
    ck_assert_uint_eq(history_pauses(&history, &build->arena).max, 0);
    scan(FULL);
    struct spread one = history_pauses(&history, &build->arena);
    ck_assert(one.p50 == 10 && one.p99 == 10 && one.max == 10);
    for (int i = 0; i < 199; i++)
        scan(i % 2 ? 0 : 1);
    struct spread pauses = history_pauses(&history, &build->arena);
    ck_assert_uint_eq(pauses.p50, 1000);
    ck_assert_uint_eq(pauses.p99, 1980);
    ck_assert_uint_eq(pauses.max, 2000);
    ck_assert_uint_eq(history_scan_times(&history, 2, &build->arena).max, 100);
    ck_assert_uint_eq(history_scan_times(&history, 1, &build->arena).max, 20000);
    ck_assert_uint_eq(history_scan_times(&history, 0, &build->arena).max, 19900);
    ck_assert_uint_eq(history.scans[0].number, 1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("history told");
    TCase *tests = tcase_create("history told");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, log_keeps_the_last_scan_of_each_generation);
    tcase_add_test(tests, young_scans_begin_where_the_last_one_of_them_ended);
    tcase_add_test(tests, lost_before_the_first_scan_is_lost_since_the_start);
    tcase_add_test(tests, lost_between_the_scan_that_saw_it_and_the_one_that_did_not);
    tcase_add_test(tests, generation_when_lost_is_by_birth);
    tcase_add_test(tests, changed_one_is_lost_since_the_scan_before);
    tcase_add_test(tests, age_without_a_suspect_is_of_the_scan_at_hand);
    tcase_add_test(tests, time_of_birth_is_that_of_the_note_before);
    tcase_add_test(tests, finding_has_the_age_of_what_was_lost_first);
    tcase_add_test(tests, finding_of_a_first_scan_is_as_old_as_its_oldest_object);
    tcase_add_test(tests, suspects_are_in_no_finding_but_hold_what_hangs_from_them);
    tcase_add_test(tests, windows_count_old_objects_at_full_scans);
    tcase_add_test(tests, windows_move_when_they_are_full);
    tcase_add_test(tests, lost_objects_are_no_population_and_empty_windows_go);
    tcase_add_test(tests, pauses_have_percentiles_by_nearest_rank);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
