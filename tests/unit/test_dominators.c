/* test_dominators.c - what a holder keeps alive alone, against an oracle that takes it away and looks what is left.
 *
 * Linked with all of analysis/, heap_build.c and -lcheck.  CASTAWAY_SEEDS=n tries n heaps (default 600). */
#include "analysis/dominators.h"
#include "tests/unit/draw.h"
#include "tests/unit/heap_build.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <string.h>

enum { OBJECTS_MAX = 40, GROUPS = 4, ENTRIES_MAX = 12, NOBODY = -1 };

static struct heap_build *build;
static struct dominators tree;
static struct retained groups[GROUPS];
static struct dominator_entry entries[ENTRIES_MAX];
static size_t entry_count;

static void setup(void) {
    build = heap_build_new(512 << 20);
    entry_count = 0;
}
static void teardown(void) {
    heap_build_free(build);
}

static uintptr_t *object(size_t size_bytes, unsigned site) {
    return heap_build_object(build, size_bytes, site);
}

static void enter(uint32_t group, const void *target) {
    entries[entry_count++] = (struct dominator_entry){heap_build_id(build, target), group, (uintptr_t)target};
}

static void find(void) {
    heap_build_freeze(build);
    ck_assert_int_eq(dominators_build(&build->heap, entries, entry_count, GROUPS, GROUPS, &build->arena, &tree), 0);
    dominators_groups(&tree, groups);
}

static void group_is(uint32_t group, uint64_t objects, uint64_t bytes) {
    ck_assert_uint_eq(groups[group].objects, objects);
    ck_assert_uint_eq(groups[group].bytes, bytes);
}

START_TEST (group_retains_all_that_hangs_from_it) {
    uintptr_t *a = object(24, 1), *b = object(40, 2);
    a[1] = (uintptr_t)b;
    object(64, 3); /* nobody's */
    enter(0, a);
    find();
    group_is(0, 2, 64);
    group_is(1, 0, 0);
    ck_assert_uint_eq(dominators_shared(&tree).objects, 0);
}
END_TEST

START_TEST (what_two_groups_hold_belongs_to_neither) {
    uintptr_t *a = object(24, 1), *b = object(24, 2), *common = object(100, 3), *below = object(50, 4);
    a[0] = (uintptr_t)common;
    b[2] = (uintptr_t)common;
    common[0] = (uintptr_t)below;
    enter(0, a);
    enter(1, b);
    find();
    group_is(0, 1, 24);
    group_is(1, 1, 24);
    struct retained shared = dominators_shared(&tree);
    ck_assert_uint_eq(shared.objects, 2);
    ck_assert_uint_eq(shared.bytes, 150);
    ck_assert_uint_eq(shared.largest_site, 3);
}
END_TEST

START_TEST (what_marking_follows_is_retained) {
    uintptr_t *a = object(48, 1), *ended = object(40, 2), *empty = object(sizeof(uintptr_t), 3);
    a[0] = (uintptr_t)ended + 40;
    a[1] = (uintptr_t)(empty + 1); /* new T[0] */
    object(24, 4);                 /* so that this is not the end of the heap */
    enter(0, a);
    find();
    group_is(0, 2, 56);
    build->heap.ends_hold = 1;
    find();
    group_is(0, 3, 96);
}
END_TEST

START_TEST (pointer_below_an_entry_retains_nothing) {
    uintptr_t *a = object(24, 1), *counted = object(40, 2);
    uint8_t entry[8] = {0};
    a[0] = (uintptr_t)counted;
    entry[heap_build_id(build, counted)] = 2 | HEAP_ENTRY_COUNTED;
    enter(0, a);
    build->heap.entry = entry;
    find();
    group_is(0, 1, 24);
    a[1] = (uintptr_t)(counted + 2);
    find();
    group_is(0, 2, 64);
}
END_TEST

START_TEST (two_entries_of_one_group_share_nothing) {
    uintptr_t *a = object(24, 1), *b = object(24, 2), *common = object(100, 3);
    a[0] = b[0] = (uintptr_t)common;
    enter(2, a);
    enter(2, b);
    find();
    group_is(2, 3, 148);
    ck_assert_uint_eq(groups[2].largest_site, 3);
    ck_assert_uint_eq(groups[2].largest_bytes, 100);
}
END_TEST

START_TEST (largest_part_is_told_with_what_hangs_from_it) {
    uintptr_t *small = object(500, 1), *table = object(64, 2), *entry = object(600, 3);
    table[7] = (uintptr_t)entry + 8;
    enter(0, small);
    enter(0, table);
    find();
    group_is(0, 3, 1164);
    ck_assert_uint_eq(groups[0].largest_site, 2);
    ck_assert_uint_eq(groups[0].largest_bytes, 664);
    ck_assert_uint_eq(groups[0].largest_objects, 2);
}
END_TEST

START_TEST (lost_group_holds_nothing_that_is_alive) {
    uintptr_t *a = object(24, 1), *b = object(40, 2), *lost = object(64, 3), *below = object(16, 4);
    a[0] = lost[0] = (uintptr_t)b;
    lost[1] = (uintptr_t)below;
    enter(0, a);
    enter(3, lost);
    heap_build_freeze(build);
    ck_assert_int_eq(dominators_build(&build->heap, entries, entry_count, 3, GROUPS, &build->arena, &tree), 0);
    dominators_groups(&tree, groups);
    group_is(0, 2, 64);
    group_is(3, 2, 80);
    ck_assert_uint_eq(dominators_shared(&tree).objects, 0);
}
END_TEST

START_TEST (inherited_objects_are_passed_through_and_not_counted) {
    uintptr_t *a = object(24, 1), *b = object(40, 2);
    a[0] = (uintptr_t)b;
    heap_build_record(build, a)->flags = OBJECT_INHERITED;
    enter(0, a);
    find();
    group_is(0, 1, 40);
}
END_TEST

START_TEST (list_of_a_million_needs_no_recursion) {
    uintptr_t *first = object(16, 1), *last = first;
    for (int i = 1; i < 1000000; i++) {
        uintptr_t *node = object(16, 1);
        last[0] = (uintptr_t)node;
        node[1] = (uintptr_t)last;
        last = node;
    }
    last[0] = (uintptr_t)first;
    enter(0, first);
    find();
    group_is(0, 1000000, 16000000);
    ck_assert_uint_eq(groups[0].largest_objects, 1000000);
    enter(1, last);
    find(); /* each node can be reached from both ends */
    group_is(0, 0, 0);
    ck_assert_uint_eq(dominators_shared(&tree).objects, 1000000);
}
END_TEST

START_TEST (memory_that_runs_out_is_an_error) {
    int failed = 0;
    for (int i = 0; i < 400; i++)
        enter(0, object(16, 1)), entry_count = 1;
    heap_build_freeze(build);
    for (size_t left = 0; left < 3; left++) {
        build->arena_left = left;
        build->arena.next = build->arena.end = NULL;
        failed += dominators_build(&build->heap, entries, entry_count, GROUPS, GROUPS, &build->arena, &tree) == -ENOMEM;
    }
    ck_assert_int_gt(failed, 0);
}
END_TEST

/* ---- random heaps ---- */

struct world {
    int count;
    uintptr_t *start[OBJECTS_MAX];
    uint64_t size[OBJECTS_MAX];
    int to[OBJECTS_MAX][OBJECTS_MAX]; /* is there a pointer from one to the other? */
};

static void draw_world(struct world *world, uint64_t seed) {
    memset(world, 0, sizeof *world);
    draw_from(seed);
    world->count = 1 + (int)draw(OBJECTS_MAX);
    for (int i = 0; i < world->count; i++) {
        world->size[i] = 16 + 8 * draw(5);
        world->start[i] = object(world->size[i], 1 + draw(5));
    }
    for (int i = 0; i < world->count; i++)
        for (unsigned word = 0; word < world->size[i] / 8; word++)
            if (draw(3) == 0) {
                int to = (int)draw((unsigned)world->count);
                world->start[i][word] = (uintptr_t)world->start[to] + draw((unsigned)world->size[to]);
                world->to[i][to] = 1;
            }
    for (unsigned left = 1 + draw(ENTRIES_MAX - 1); left > 0; left--)
        enter(draw(GROUPS), world->start[draw((unsigned)world->count)]);
}

static int number_in(const struct world *world, object_id id) {
    int i = 0;
    while (heap_build_id(build, world->start[i]) != id)
        i++;
    return i;
}

/* What is reached when one group, or one object, is not there. */
static void reach(const struct world *world, int no_group, int no_object, int *reached) {
    memset(reached, 0, OBJECTS_MAX * sizeof *reached);
    for (size_t e = 0; e < entry_count; e++) {
        int i = number_in(world, entries[e].id);
        reached[i] |= (int)entries[e].group != no_group && i != no_object;
    }
    for (int again = 1; again;) {
        again = 0;
        for (int i = 0; i < world->count; i++)
            for (int to = 0; to < world->count; to++)
                if (reached[i] && world->to[i][to] && !reached[to] && to != no_object)
                    again = reached[to] = 1;
    }
}

static struct retained taken_away(const struct world *world, int group, int number) {
    int with[OBJECTS_MAX], without[OBJECTS_MAX];
    struct retained lost = {0};
    reach(world, NOBODY, NOBODY, with);
    reach(world, group, number, without);
    for (int i = 0; i < world->count; i++)
        if (with[i] && !without[i]) {
            lost.objects++;
            lost.bytes += world->size[i];
        }
    return lost;
}

static void check_world(const struct world *world) {
    find();
    for (int group = 0; group < GROUPS; group++) {
        struct retained want = taken_away(world, group, NOBODY);
        group_is((uint32_t)group, want.objects, want.bytes);
    }
    for (int i = 0; i < world->count; i++) {
        uint32_t number = tree.number_of_object[heap_build_id(build, world->start[i])];
        struct retained want = taken_away(world, NOBODY, i);
        ck_assert_uint_eq(number ? tree.objects[number] : 0, want.objects);
        ck_assert_uint_eq(number ? tree.bytes[number] : 0, want.bytes);
    }
}

START_TEST (as_if_taken_away_in_random_heaps) {
    static struct world world;
    for (uint64_t seed = 1; seed <= draw_seeds(600); seed++) {
        setup();
        draw_world(&world, seed);
        check_world(&world);
        teardown();
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("dominators");
    TCase *by_hand = tcase_create("by hand"), *random = tcase_create("random");
    tcase_add_checked_fixture(by_hand, setup, teardown);
    tcase_add_test(by_hand, group_retains_all_that_hangs_from_it);
    tcase_add_test(by_hand, what_two_groups_hold_belongs_to_neither);
    tcase_add_test(by_hand, what_marking_follows_is_retained);
    tcase_add_test(by_hand, pointer_below_an_entry_retains_nothing);
    tcase_add_test(by_hand, two_entries_of_one_group_share_nothing);
    tcase_add_test(by_hand, largest_part_is_told_with_what_hangs_from_it);
    tcase_add_test(by_hand, lost_group_holds_nothing_that_is_alive);
    tcase_add_test(by_hand, inherited_objects_are_passed_through_and_not_counted);
    tcase_add_test(by_hand, list_of_a_million_needs_no_recursion);
    tcase_add_test(by_hand, memory_that_runs_out_is_an_error);
    tcase_add_test(random, as_if_taken_away_in_random_heaps);
    tcase_set_timeout(by_hand, 60);
    tcase_set_timeout(random, 120);
    suite_add_tcase(suite, by_hand);
    suite_add_tcase(suite, random);
    return suite_run(suite);
}
