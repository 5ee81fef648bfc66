/* test_growth.c - which populations are called growing, and how fast.
 *
 * Linked with all of analysis/, heap_build.c and -lcheck. */
#include "analysis/growth.h"
#include "tests/unit/heap_build.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <string.h>

enum { MINUTE_US = 60000000, OBJECT_BYTES = 100 };

static struct heap_build *build;
static struct history history;
static struct site_window windows[300];

static void setup(void) {
    build = heap_build_new(1 << 16);
    memset(windows, 0, sizeof windows);
    history = (struct history){.windows = windows, .window_scans = HISTORY_WINDOW_MAX};
    for (int i = 0; i < HISTORY_WINDOW_MAX; i++)
        history.window_at_us[i] = (i + 1) * (int64_t)MINUTE_US;
}
static void teardown(void) {
    heap_build_free(build);
}

/* A site whose populations these were, a minute apart. */
static void site(uint32_t number, const uint64_t *objects) {
    struct site_window *window = &windows[history.window_count++];
    window->site = number;
    window->count = (uint32_t)history.window_scans;
    for (uint32_t i = 0; i < window->count; i++) {
        window->objects[i] = objects[i];
        window->bytes[i] = objects[i] * OBJECT_BYTES;
    }
}
#define SITE(number, ...) site(number, (const uint64_t[HISTORY_WINDOW_MAX]){__VA_ARGS__})

static struct growth *find(long expected) {
    struct growth *growth = NULL;
    ck_assert_int_eq(growth_find(&history, &build->arena, &growth), expected);
    return growth;
}

START_TEST (linear_growth_is_found_with_its_slope) {
    SITE(7, 1000, 1100, 1200, 1300, 1400, 1500, 1600, 1700);
    struct growth *growth = find(1);
    ck_assert_uint_eq(growth->site, 7);
    ck_assert_uint_eq(growth->scans, 7);
    ck_assert_uint_eq(growth->objects, 1700);
    ck_assert_uint_eq(growth->bytes, 1700 * OBJECT_BYTES);
    ck_assert_uint_eq(growth->objects_per_minute, 100);
    ck_assert_uint_eq(growth->bytes_per_minute, 100 * OBJECT_BYTES);
}
END_TEST

START_TEST (slope_counts_real_time_not_scans) {
    for (int i = 0; i < HISTORY_WINDOW_MAX; i++)
        history.window_at_us[i] = 5000000 + i * (int64_t)MINUTE_US / 10;
    SITE(7, 10, 20, 30, 40, 50, 60, 70, 80);
    ck_assert_uint_eq(find(1)->objects_per_minute, 100);
}
END_TEST

START_TEST (steady_cache_is_no_growth) {
    SITE(1, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000);
    SITE(2, 1000, 1003, 998, 1004, 1001, 999, 1002, 1000);
    find(0);
}
END_TEST

START_TEST (warm_up_that_ended_is_no_growth) {
    SITE(1, 0, 500, 1000, 1500, 2000, 2500, 2500, 2500);
    SITE(2, 0, 0, 0, 500, 900, 1000, 1000, 1000);
    find(0);
}
END_TEST

START_TEST (warm_up_that_slows_down_is_no_growth) {
    SITE(1, 0, 500, 750, 875, 937, 968, 984, 992);
    find(0);
}
END_TEST

START_TEST (sawtooth_is_no_growth) {
    SITE(1, 100, 200, 300, 100, 200, 300, 100, 200);
    SITE(2, 900, 100, 300, 500, 700, 900, 100, 300);
    find(0);
}
END_TEST

START_TEST (noise_that_happens_to_rise_is_no_growth) {
    SITE(1, 10000, 9990, 10010, 9980, 9985, 9990, 10005, 10010); /* rose four times, by 0.3 percent */
    find(0);
}
END_TEST

START_TEST (growth_with_noise_is_found) {
    SITE(1, 10000, 10390, 10710, 11090, 11420, 11790, 12110, 12490); /* 350 a minute, plus or minus 1 percent */
    struct growth *growth = find(1);
    ck_assert_uint_ge(growth->objects_per_minute, 340);
    ck_assert_uint_le(growth->objects_per_minute, 360);
}
END_TEST

START_TEST (growing_once_in_the_window_is_no_growth) {
    SITE(1, 10, 10, 10, 10, 10, 10, 10, 5000);
    SITE(2, 10, 10, 5000, 5000, 5000, 5000, 5000, 5000);
    find(0);
}
END_TEST

START_TEST (four_rises_are_growth_and_three_are_not) {
    SITE(1, 50, 50, 50, 50, 51, 52, 53, 54);
    SITE(2, 50, 50, 50, 50, 50, 52, 54, 56);
    struct growth *growth = find(1);
    ck_assert_uint_eq(growth->site, 1);
    ck_assert_uint_eq(growth->scans, 4);
    ck_assert_uint_eq(growth->objects_per_minute, 1); /* of the rise, not of the flat part before it */
}
END_TEST

START_TEST (young_history_has_no_growth) {
    history.window_scans = 4;
    SITE(1, 10, 20, 30, 40);
    find(0);
    history.window_count = 0;
    history.window_scans = 5;
    SITE(1, 10, 20, 30, 40, 50);
    ck_assert_uint_eq(find(1)->objects_per_minute, 10);
}
END_TEST

START_TEST (fastest_comes_first_and_sites_break_ties) {
    SITE(3, 10, 20, 30, 40, 50, 60, 70, 80);
    SITE(4, 0, 20, 40, 60, 80, 100, 120, 140);
    SITE(5, 20, 30, 40, 50, 60, 70, 80, 90);
    struct growth *growth = find(3);
    ck_assert_uint_eq(growth[0].site, 4);
    ck_assert_uint_eq(growth[1].site, 3);
    ck_assert_uint_eq(growth[2].site, 5);
}
END_TEST

START_TEST (what_it_was_told_from_stands_beside_it) {
    SITE(1, 10, 20, 30, 40, 50, 60, 70, 80);
    struct growth *growth = find(1);
    ck_assert_uint_eq(growth->point_count, HISTORY_WINDOW_MAX);
    ck_assert_mem_eq(growth->at_us, history.window_at_us, sizeof history.window_at_us);
    ck_assert_uint_eq(growth->objects_then[0], 10);
    ck_assert_uint_eq(growth->objects_then[HISTORY_WINDOW_MAX - 1], growth->objects);
    ck_assert_uint_eq(growth->bytes_then[HISTORY_WINDOW_MAX - 1], growth->bytes);
}
END_TEST

START_TEST (no_more_than_the_first_hundred) {
    for (uint32_t i = 1; i <= 300; i++)
        SITE(i, 0, i, 2 * i, 3 * i, 4 * i, 5 * i, 6 * i, 7 * i);
    struct growth *growth = find(GROWTH_SITES_MAX);
    ck_assert_uint_eq(growth[0].site, 300);
    ck_assert_uint_eq(growth[GROWTH_SITES_MAX - 1].site, 201);
}
END_TEST

START_TEST (scans_at_one_time_have_no_slope) {
    for (int i = 0; i < HISTORY_WINDOW_MAX; i++)
        history.window_at_us[i] = 7;
    SITE(1, 10, 20, 30, 40, 50, 60, 70, 80);
    ck_assert_uint_eq(find(1)->bytes_per_minute, 0);
}
END_TEST

START_TEST (no_memory_is_an_error) {
    SITE(1, 10, 20, 30, 40, 50, 60, 70, 80);
    build->arena_left = 0;
    find(-ENOMEM);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("growth");
    TCase *tests = tcase_create("growth");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, linear_growth_is_found_with_its_slope);
    tcase_add_test(tests, slope_counts_real_time_not_scans);
    tcase_add_test(tests, steady_cache_is_no_growth);
    tcase_add_test(tests, warm_up_that_ended_is_no_growth);
    tcase_add_test(tests, warm_up_that_slows_down_is_no_growth);
    tcase_add_test(tests, sawtooth_is_no_growth);
    tcase_add_test(tests, noise_that_happens_to_rise_is_no_growth);
    tcase_add_test(tests, growth_with_noise_is_found);
    tcase_add_test(tests, growing_once_in_the_window_is_no_growth);
    tcase_add_test(tests, four_rises_are_growth_and_three_are_not);
    tcase_add_test(tests, young_history_has_no_growth);
    tcase_add_test(tests, fastest_comes_first_and_sites_break_ties);
    tcase_add_test(tests, what_it_was_told_from_stands_beside_it);
    tcase_add_test(tests, no_more_than_the_first_hundred);
    tcase_add_test(tests, scans_at_one_time_have_no_slope);
    tcase_add_test(tests, no_memory_is_an_error);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
