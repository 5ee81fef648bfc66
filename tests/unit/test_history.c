/* test_history.c - what one scan leaves to the next: suspects, findings, and how much memory it takes.
 *
 * What is told of the scans themselves: test_history_told.c. The bookkeeping over many scans is compared with a model in
 * test_young.c. Linked with all of analysis/, heap_build.c and -lcheck. */
#include "tests/unit/history_scans.h"

/* ---- suspects ---- */

START_TEST (suspect_is_a_finding_after_two_scans) {
    void *lost = object(24, 1);
    scan(FULL);
    ck_assert_uint_eq(flags_of(lost), OBJECT_SUSPECT);
    counts_are(1, 0, 0, 0);
    scan(FULL);
    ck_assert_uint_eq(flags_of(lost), 0); /* new */
    counts_are(1, 1, 0, 0);
    scan(FULL);
    ck_assert_uint_eq(flags_of(lost), OBJECT_KNOWN);
    counts_are(1, 1, 0, 0);
}
END_TEST

START_TEST (confirm_says_how_many_scans) {
    confirm = 1;
    void *lost = object(24, 1);
    scan(FULL);
    ck_assert_uint_eq(flags_of(lost), 0);
    counts_are(1, 1, 0, 0);
    confirm = 3;
    void *other = object(24, 1);
    scan(FULL);
    scan(FULL);
    ck_assert_uint_eq(flags_of(other), OBJECT_SUSPECT);
    scan(FULL);
    ck_assert_uint_eq(flags_of(other), 0);
}
END_TEST

START_TEST (reached_again_is_withdrawn_and_freed_is_freed) {
    void *back = object(24, 1), *freed = object(24, 1);
    scan(FULL);
    roots[0] = (uintptr_t)back;
    heap_build_forget(build, freed);
    scan(FULL);
    counts_are(2, 0, 1, 1);
    ck_assert_uint_eq(history.suspect_count, 0);
    ck_assert_uint_eq(history.counts.confirmed_withdrawn + history.counts.confirmed_freed, 0);
    ck_assert_uint_eq(flags_of(back), 0);
}
END_TEST

START_TEST (findings_that_were_none_are_counted_apart) {
    void *back = object(24, 1), *freed = object(24, 1);
    scan(FULL);
    scan(FULL);
    roots[0] = (uintptr_t)back;
    heap_build_forget(build, freed);
    scan(FULL);
    counts_are(2, 2, 1, 1);
    ck_assert_uint_eq(history.counts.confirmed_withdrawn, 1);
    ck_assert_uint_eq(history.counts.confirmed_freed, 1);
}
END_TEST

START_TEST (object_made_in_a_freed_ones_place_is_another) {
    void *lost = object(24, 1);
    scan(FULL);
    heap_build_forget(build, lost);
    heap_build_adopt(build, lost, 24, 1);
    scan(FULL);
    counts_are(2, 0, 0, 1);
    ck_assert_uint_eq(flags_of(lost), OBJECT_SUSPECT);
}
END_TEST

/* Any byte of it, the last ones of an odd size, too. */
START_TEST (written_suspect_begins_anew) {
    static const size_t offsets[] = {0, 8, 16, 18};
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        setup();
        char *lost = heap_build_object(build, 19, 1);
        scan(FULL);
        lost[offsets[i]] ^= 1;
        scan(FULL);
        counts_are(2, 0, 1, 0);
        ck_assert_uint_eq(flags_of(lost), OBJECT_SUSPECT);
        scan(FULL);
        counts_are(2, 1, 1, 0);
        teardown();
    }
}
END_TEST

START_TEST (bytes_behind_a_suspect_are_not_its_own) {
    char *lost = heap_build_object(build, 19, 1);
    scan(FULL);
    lost[19] ^= 1;
    scan(FULL);
    counts_are(1, 1, 0, 0);
}
END_TEST

START_TEST (holder_that_lets_go_changes_what_it_held) {
    uintptr_t *holder = object(24, 1), *held = object(24, 2);
    holder[1] = (uintptr_t)held;
    scan(FULL);
    heap_build_forget(build, holder);
    scan(FULL);
    counts_are(3, 0, 1, 1);
    ck_assert_uint_eq(flags_of(held), OBJECT_SUSPECT);
}
END_TEST

START_TEST (new_holder_is_no_change_whether_suspect_or_finding) {
    uintptr_t *held = object(24, 2);
    scan(FULL);
    object(24, 1)[0] = (uintptr_t)held;
    scan(FULL);
    ck_assert_uint_eq(flags_of(held), 0);
    object(24, 1)[0] = (uintptr_t)held;
    scan(FULL);
    ck_assert_uint_eq(flags_of(held), OBJECT_KNOWN);
    counts_are(3, 2, 0, 0);
    scan(FULL);
    counts_are(3, 3, 0, 0);
}
END_TEST

START_TEST (pointers_of_suspects_to_each_other_are_watched) {
    uintptr_t *a = object(24, 1), *b = object(24, 2), *c = object(24, 3);
    a[0] = (uintptr_t)b;
    scan(FULL);
    a[0] = (uintptr_t)c;
    scan(FULL);
    counts_are(6, 0, 3, 0); /* a's contents, the pointers to b and c */
}
END_TEST

START_TEST (inherited_objects_are_no_suspects) {
    uintptr_t *inherited = object(24, 1), *held = object(24, 2);
    inherited[0] = (uintptr_t)held;
    heap_build_record(build, inherited)->flags = OBJECT_INHERITED;
    scan(FULL);
    scan(FULL);
    counts_are(1, 1, 0, 0);
    ck_assert_uint_eq(flags_of(inherited), OBJECT_INHERITED);
    ck_assert_uint_eq(history.objects[0], 1);
    heap_build_forget(build, inherited);
    scan(FULL);
    counts_are(1, 1, 0, 0);
}
END_TEST

START_TEST (held_by_a_stack_alone_is_looked_at_again) {
    scan(FULL);
    root_flags = ROOT_LIVE;
    roots[0] = (uintptr_t)object(24, 1);
    scan(0);
    ck_assert_uint_eq(history.suspect_count, 1);
    counts_are(0, 0, 0, 0);
    roots[0] = 0;
    scan(0);
    counts_are(1, 0, 0, 0);
    scan(0);
    counts_are(1, 1, 0, 0);
}
END_TEST

START_TEST (held_by_a_stack_for_three_scans_is_old) {
    scan(FULL);
    root_flags = ROOT_LIVE;
    roots[0] = (uintptr_t)object(24, 1);
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_eq(history.suspect_count, i > 0);
        scan(0);
    }
    ck_assert_uint_eq(history.suspect_count, 1);
    scan(0);
    ck_assert_uint_eq(history.suspect_count, 0);
    counts_are(0, 0, 0, 0);
    ck_assert_uint_eq(history.objects[1], 1); /* counted once */
}
END_TEST

START_TEST (held_by_anything_else_is_not_looked_at_again) {
    scan(FULL);
    roots[0] = (uintptr_t)object(24, 1);
    scan(0);
    ck_assert_uint_eq(history.suspect_count, 0);
}
END_TEST

START_TEST (held_by_a_possible_one_as_well_is_not_looked_at_again) {
    scan(FULL);
    uintptr_t *possible = object(64, 1), *held = object(24, 2);
    root_flags = ROOT_LIVE;
    possible[1] = roots[0] = (uintptr_t)held;
    roots[1] = (uintptr_t)possible + 20;
    scan(0);
    ck_assert_uint_eq(history.suspect_count, 0);
}
END_TEST

START_TEST (million_suspects_are_judged_in_linear_time) {
    teardown();
    setup();
    heap_build_free(build);
    build = heap_build_new(64 << 20);
    roots = heap_build_gap(build, ROOTS * sizeof *roots);
    for (int i = 0; i < 1000000; i++)
        object(16, 1);
    scan(FULL);
    scan(FULL);
    counts_are(1000000, 1000000, 0, 0);
}
END_TEST

/* ---- memory ---- */

static size_t update_in(size_t bytes, int *error) {
    static char room[4 << 20] __attribute__((aligned(16)));
    struct root root = {(uintptr_t)roots, (uintptr_t)(roots + ROOTS), 0};
    struct arena keep = {.next = room, .end = room + bytes, .more = heap_build_more, .context = build};
    struct history after;
    ck_assert_uint_lt(bytes, sizeof room);
    heap_build_freeze(build);
    ck_assert_int_eq(mark_run(&build->heap, &root, 1, &build->arena, &marks), 0);
    struct history_input in = {&build->heap, &marks, &history, next_entry(FULL), confirm, is_last};
    build->arena.block_bytes = 64 << 20; /* the scratch memory is there, so that `more` is only asked for the other */
    build->arena.next = build->arena.end;
    ck_assert_ptr_nonnull(arena_alloc(&build->arena, 1, 1));
    build->arena_left = 0;
    *error = history_update(&in, &keep, &build->arena, &after);
    build->arena_left = SIZE_MAX;
    return keep.used_bytes;
}

START_TEST (bytes_max_is_enough_for_the_worst_case) {
    enum { OBJECTS = 3000 };
    int error;
    for (int i = 0; i < HISTORY_SCANS_MAX + 5; i++)
        scan(0);
    for (unsigned i = 0; i < OBJECTS; i++)
        roots[0] = (uintptr_t)memcpy(object(24, i), &roots[0], sizeof *roots);
    scan(1);
    scan(FULL);
    ck_assert_uint_eq(history.window_count, OBJECTS);
    roots[0] = 0; /* all lost now, and all sites have windows still */
    size_t max = history_bytes_max(OBJECTS, OBJECTS), used = update_in(max, &error);
    ck_assert_int_eq(error, 0);
    ck_assert_uint_le(used, max);
    ck_assert_uint_ge(used, max - 1024 - 64); /* and not much too large */
    update_in(used - 64, &error);
    ck_assert_int_eq(error, -ENOMEM);
}
END_TEST

START_TEST (no_memory_leaves_the_history_before) {
    object(24, 1);
    scan(FULL);
    struct history before = history;
    build->arena.next = build->arena.end;
    for (size_t blocks = 0; blocks < 3; blocks++) {
        struct history_input in = {&build->heap, &marks, &history, next_entry(FULL), confirm, is_last};
        struct arena keep = {.more = heap_build_more, .context = build};
        struct history after;
        build->arena_left = blocks;
        int error = history_update(&in, &keep, &build->arena, &after);
        build->arena_left = SIZE_MAX;
        if (blocks == 0)
            ck_assert_int_eq(error, -ENOMEM);
        ck_assert_int_eq(memcmp(&before, &history, sizeof before), 0);
        ck_assert_uint_eq(history.suspects[0].scans, 1);
    }
}
END_TEST

/* ---- the last scan ---- */

enum { LAST_OBJECTS = 6 };

/* Some reached, some lost, one of these inherited; scanned before when `scans_before` says so, then some more of each. */
static void lead_up(void **place, unsigned scans_before) {
    setup();
    for (unsigned i = 0; i < LAST_OBJECTS; i++) {
        place[i] = object(24 + 8 * i, i);
        if (i % 3 == 0)
            roots[i] = (uintptr_t)place[i];
        if (i == LAST_OBJECTS / 2 - 1)
            for (unsigned k = 0; k < scans_before; k++)
                scan(FULL);
    }
    heap_build_record(build, place[LAST_OBJECTS - 1])->flags |= OBJECT_INHERITED;
    roots[0] = 0;
    confirm = 1;
}

START_TEST (last_scan_tells_what_another_one_would) {
    void *place[LAST_OBJECTS];
    struct age age[LAST_OBJECTS];
    lead_up(place, (unsigned)_i);
    scan(FULL);
    struct history any = history;
    for (unsigned i = 0; i < LAST_OBJECTS; i++)
        age[i] = age_of(place[i]);
    teardown();
    lead_up(place, (unsigned)_i);
    is_last = 1;
    scan(FULL);
    ck_assert_mem_eq(&history.counts, &any.counts, sizeof any.counts);
    ck_assert_mem_eq(history.objects, any.objects, sizeof any.objects);
    ck_assert_mem_eq(history.bytes, any.bytes, sizeof any.bytes);
    ck_assert_uint_eq(history.window_count, any.window_count);
    ck_assert_mem_eq(history.windows, any.windows, any.window_count * sizeof *any.windows);
    ck_assert_uint_eq(any.suspect_count, LAST_OBJECTS - 1);
    ck_assert_uint_eq(history.suspect_count, _i ? 2 : 0); /* those that the scan before has kept */
    for (unsigned i = 0; i < LAST_OBJECTS - 1; i++)       /* nobody asks for an inherited one's */
        ck_assert(age[i].generation == age_of(place[i]).generation && age[i].scan_a == age_of(place[i]).scan_a &&
                  age[i].scan_b == age_of(place[i]).scan_b);
    teardown();
}
END_TEST

START_TEST (last_scan_takes_no_suspect_for_a_finding_that_was_none) {
    void *back = object(24, 1), *freed = object(24, 1);
    object(24, 1);
    scan(FULL);
    confirm = 1;
    is_last = 1;
    roots[0] = (uintptr_t)back;
    heap_build_forget(build, freed);
    scan(FULL);
    counts_are(3, 1, 1, 1);
    ck_assert_uint_eq(history.counts.confirmed_withdrawn + history.counts.confirmed_freed, 0);
}
END_TEST

START_TEST (suspect_that_changed_is_seen_in_the_last_scan) {
    uintptr_t *changed = object(24, 1), *same = object(24, 1);
    confirm = 1;
    scan(FULL);
    changed[1] = 7;
    is_last = 1;
    scan(FULL);
    counts_are(3, 3, 1, 0);
    ck_assert_uint_eq(age_of(same).scan_b, 1);
    ck_assert_uint_eq(age_of(changed).scan_b, 2);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("history");
    TCase *tests = tcase_create("history");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, teardown);
    TCase *plain = tcase_create("own setup");
    tcase_add_test(tests, suspect_is_a_finding_after_two_scans);
    tcase_add_test(tests, confirm_says_how_many_scans);
    tcase_add_test(tests, reached_again_is_withdrawn_and_freed_is_freed);
    tcase_add_test(tests, findings_that_were_none_are_counted_apart);
    tcase_add_test(tests, object_made_in_a_freed_ones_place_is_another);
    tcase_add_test(plain, written_suspect_begins_anew);
    tcase_add_test(tests, bytes_behind_a_suspect_are_not_its_own);
    tcase_add_test(tests, holder_that_lets_go_changes_what_it_held);
    tcase_add_test(tests, new_holder_is_no_change_whether_suspect_or_finding);
    tcase_add_test(tests, pointers_of_suspects_to_each_other_are_watched);
    tcase_add_test(tests, inherited_objects_are_no_suspects);
    tcase_add_test(tests, held_by_a_stack_alone_is_looked_at_again);
    tcase_add_test(tests, held_by_a_stack_for_three_scans_is_old);
    tcase_add_test(tests, held_by_a_possible_one_as_well_is_not_looked_at_again);
    tcase_add_test(tests, held_by_anything_else_is_not_looked_at_again);
    tcase_add_test(tests, million_suspects_are_judged_in_linear_time);
    tcase_add_test(tests, bytes_max_is_enough_for_the_worst_case);
    tcase_add_test(tests, no_memory_leaves_the_history_before);
    tcase_add_loop_test(plain, last_scan_tells_what_another_one_would, 0, 2);
    tcase_add_test(tests, last_scan_takes_no_suspect_for_a_finding_that_was_none);
    tcase_add_test(tests, suspect_that_changed_is_seen_in_the_last_scan);
    suite_add_tcase(suite, tests);
    suite_add_tcase(suite, plain);
    return suite_run(suite);
}
