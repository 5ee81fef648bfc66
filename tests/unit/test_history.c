/* test_history.c - what one scan leaves to the next: suspects, findings, ages, the log, windows, and how much memory it takes.
 *
 * The bookkeeping over many scans is compared with a model in test_young.c.
 * Linked with all of analysis/, heap_build.c and -lcheck. */
#include "analysis/settle.h"
#include "analysis/verdict.h"
#include "tests/unit/heap_build.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <string.h>

enum { ROOTS = 16, FULL = 2 };

static struct heap_build *build;
static uintptr_t *roots;
static struct history history;
static struct marks marks;
static unsigned confirm;
static uint32_t scans;

static unsigned root_flags;
static int is_last;

static void setup(void) {
    build = heap_build_new(16 << 20);
    roots = heap_build_gap(build, ROOTS * sizeof *roots);
    history = (struct history){0};
    scans = 0;
    confirm = 2;
    root_flags = 0;
    is_last = 0;
}
static void teardown(void) {
    heap_build_free(build);
}

static uintptr_t *object(size_t size_bytes, unsigned site) {
    return heap_build_object(build, size_bytes, site);
}

static struct scan_entry next_entry(unsigned generation) {
    scans++;
    return (struct scan_entry){.number = scans,
                               .generation = generation,
                               .at_us = 1000 * (int64_t)scans,
                               .birth_end = build->births + 1,
                               .pause_us = 10 * scans,
                               .scan_us = 100 * scans};
}

static int update(struct scan_entry entry) {
    struct root root = {(uintptr_t)roots, (uintptr_t)(roots + ROOTS), root_flags};
    struct history after;
    heap_build_freeze(build);
    ck_assert_int_eq(mark_run(&build->heap, &root, 1, &build->arena, &marks), 0);
    ck_assert_int_eq(settle_possible(&build->heap, &marks, &build->arena), 0);
    struct history_input in = {&build->heap, &marks, entry.number > 1 ? &history : NULL, entry, confirm, is_last};
    int error = history_update(&in, &build->arena, &build->arena, &after);
    if (!error)
        history = after;
    return error;
}

/* A scan of all that is logged as one of that generation. */
static void scan(unsigned generation) {
    ck_assert_int_eq(update(next_entry(generation)), 0);
}

static void counts_are(uint64_t suspects, uint64_t confirmed, uint64_t withdrawn, uint64_t freed) {
    ck_assert_uint_eq(history.counts.suspects, suspects);
    ck_assert_uint_eq(history.counts.confirmed, confirmed);
    ck_assert_uint_eq(history.counts.withdrawn, withdrawn);
    ck_assert_uint_eq(history.counts.freed_by_program, freed);
}

static unsigned flags_of(const void *place) {
    return heap_build_record(build, place)->flags;
}

static struct age age_of(const void *place) {
    struct scan_entry now = {.number = scans, .at_us = 1000 * (int64_t)scans};
    return history_age(&history, &now, NULL, 0, (uintptr_t)place, heap_build_record(build, place));
}

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
    suite_add_tcase(suite, plain);
    return suite_run(suite);
}
