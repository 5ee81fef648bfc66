/* test_path.c - the shortest way from a root to an object, against a plain search over random heaps.
 *
 * Linked with all of analysis/, heap_build.c and -lcheck.  CASTAWAY_SEEDS=n tries n heaps (default 600). */
#include "analysis/path.h"
#include "tests/unit/draw.h"
#include "tests/unit/heap_build.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ROOTS = 8, PAGE = 4096 };

static struct heap_build *build;
static uintptr_t *roots;
static struct root root_list[2]; /* 4 words, then 4 for starts only */
static struct path path;

static void setup(void) {
    build = heap_build_new(512 << 20);
    roots = heap_build_gap(build, ROOTS * sizeof *roots);
    root_list[0] = (struct root){(uintptr_t)roots, (uintptr_t)(roots + 4), 0};
    root_list[1] = (struct root){(uintptr_t)(roots + 4), (uintptr_t)(roots + ROOTS), ROOT_STARTS_ONLY};
}
static void teardown(void) {
    heap_build_free(build);
}

static uintptr_t *object(size_t size_bytes, unsigned site) {
    return heap_build_object(build, size_bytes, site);
}

static int find(const void *target) {
    heap_build_freeze(build);
    return path_find(&build->heap, root_list, 2, (uintptr_t)target, &build->arena, &path);
}

static void step_is(size_t number, uint32_t site, uint64_t size_bytes, uint64_t offset, uint64_t count) {
    ck_assert_uint_lt(number, path.step_count);
    const struct path_step *step = &path.steps[number];
    ck_assert_uint_eq(step->site, site);
    ck_assert_uint_eq(step->size_bytes, size_bytes);
    ck_assert_uint_eq(step->offset, offset);
    ck_assert_uint_eq(step->count, count);
}

START_TEST (root_that_points_at_it_is_the_whole_way) {
    uintptr_t *a = object(24, 5);
    roots[2] = (uintptr_t)a;
    ck_assert_int_eq(find(a), 0);
    ck_assert_uint_eq(path.root, 0);
    ck_assert_uint_eq(path.root_word, (uintptr_t)&roots[2]);
    ck_assert_uint_eq(path.step_count, 1);
    step_is(0, 5, 24, 0, 1);
}
END_TEST

START_TEST (offsets_say_where_the_pointers_stand) {
    uintptr_t *a = object(40, 1), *b = object(64, 2), *c = object(32, 3);
    roots[0] = (uintptr_t)a;
    a[4] = (uintptr_t)b + 8;
    b[2] = (uintptr_t)c + 24;
    ck_assert_int_eq(find(c), 0);
    ck_assert_uint_eq(path.step_count, 3);
    step_is(0, 1, 40, 32, 1);
    step_is(1, 2, 64, 16, 1);
    step_is(2, 3, 32, 24, 1); /* where the way arrives */
}
END_TEST

START_TEST (pointer_at_any_address_leads_on_where_the_heap_is_unaligned) {
    uintptr_t *a = object(40, 1), *b = object(24, 2), *c = object(32, 3);
    roots[0] = (uintptr_t)a;
    memcpy((char *)a + 13, &b, sizeof b);
    b[1] = (uintptr_t)c;
    ck_assert_int_eq(find(c), -ENOENT);
    build->heap.unaligned = 1;
    ck_assert_int_eq(find(c), 0);
    ck_assert_uint_eq(path.step_count, 3);
    step_is(0, 1, 40, 13, 1);
    step_is(1, 2, 24, 8, 1);
}
END_TEST

START_TEST (tags_in_high_bits_are_masked) {
    uintptr_t *a = object(40, 1), *b = object(24, 2);
    roots[0] = (uintptr_t)a | (uintptr_t)3 << 56;
    a[2] = (uintptr_t)(b + 1) | (uintptr_t)1 << 63;
    ck_assert_int_eq(find(b), -ENOENT);
    build->heap.pointer_mask = ~(uintptr_t)0 >> 8;
    ck_assert_int_eq(find(b), 0);
    step_is(0, 1, 40, 16, 1);
    step_is(1, 2, 24, 8, 1);
}
END_TEST

START_TEST (shorter_way_wins) {
    uintptr_t *a = object(24, 1), *b = object(24, 2), *c = object(24, 3);
    roots[0] = (uintptr_t)a;
    roots[3] = (uintptr_t)b;
    a[0] = (uintptr_t)b;
    b[0] = (uintptr_t)c;
    ck_assert_int_eq(find(c), 0);
    ck_assert_uint_eq(path.root_word, (uintptr_t)&roots[3]);
    ck_assert_uint_eq(path.step_count, 2);
}
END_TEST

START_TEST (nodes_of_a_list_are_one_step) {
    uintptr_t *first = object(24, 1), *node = first;
    roots[0] = (uintptr_t)first;
    for (int i = 0; i < 100000; i++) {
        uintptr_t *next = object(48, 2);
        node[node == first ? 1 : 5] = (uintptr_t)next;
        node = next;
    }
    ck_assert_int_eq(find(node), 0);
    ck_assert_uint_eq(path.step_count, 3);
    step_is(0, 1, 24, 8, 1);
    step_is(1, 2, 48, 40, 99999);
    step_is(2, 2, 48, 0, 1);
}
END_TEST

START_TEST (different_steps_are_not_folded) {
    uintptr_t *a = object(24, 1), *b = object(24, 1), *c = object(24, 1), *d = object(24, 1);
    roots[0] = (uintptr_t)a;
    a[0] = (uintptr_t)b;
    b[1] = (uintptr_t)c;
    c[1] = (uintptr_t)d;
    ck_assert_int_eq(find(d), 0);
    ck_assert_uint_eq(path.step_count, 3);
    step_is(0, 1, 24, 0, 1);
    step_is(1, 1, 24, 8, 2);
}
END_TEST

START_TEST (lost_object_has_no_path) {
    uintptr_t *a = object(24, 1), *b = object(24, 2);
    a[0] = (uintptr_t)b;
    b[0] = (uintptr_t)a;
    ck_assert_int_eq(find(a), -ENOENT);
}
END_TEST

START_TEST (address_of_nothing_has_no_path) {
    uintptr_t *gap = heap_build_gap(build, 64), *a = object(24, 1);
    roots[0] = (uintptr_t)a;
    ck_assert_int_eq(find(gap), -ENOENT);
    ck_assert_int_eq(find(NULL), -ENOENT);
}
END_TEST

START_TEST (starts_only_roots_lead_nowhere_from_inside) {
    uintptr_t *a = object(24, 1);
    roots[5] = (uintptr_t)a + 8;
    ck_assert_int_eq(find(a), -ENOENT);
    roots[6] = (uintptr_t)a;
    ck_assert_int_eq(find(a), 0);
    ck_assert_uint_eq(path.root, 1);
    ck_assert_uint_eq(path.root_word, (uintptr_t)&roots[6]);
}
END_TEST

START_TEST (ignored_object_is_where_a_way_begins) {
    uintptr_t *a = object(24, 1), *b = object(32, 2);
    a[2] = (uintptr_t)b;
    heap_build_record(build, a)->flags = OBJECT_IGNORED;
    ck_assert_int_eq(find(b), 0);
    ck_assert_uint_eq(path.root, 2);
    ck_assert_uint_eq(path.root_word, (uintptr_t)a);
    ck_assert_uint_eq(path.step_count, 2);
    step_is(0, 1, 24, 16, 1);
    ck_assert_int_eq(find(a), 0);
    ck_assert_uint_eq(path.step_count, 1);
    step_is(0, 1, 24, 0, 1);
}
END_TEST

/* A stack that was made by malloc: its words are a root's, not the object's. */
START_TEST (root_inside_an_object_is_a_root) {
    uintptr_t *stack = object(256, 1), *a = object(24, 2);
    stack[10] = (uintptr_t)a;
    root_list[0] = (struct root){(uintptr_t)(stack + 8), (uintptr_t)(stack + 32), 0};
    ck_assert_int_eq(find(a), 0);
    ck_assert_uint_eq(path.root, 0);
    ck_assert_uint_eq(path.step_count, 1);
}
END_TEST

START_TEST (memory_that_may_not_be_read_is_not_searched) {
    char *large = heap_build_object(build, 4 * PAGE, 1);
    uintptr_t *a = object(24, 2), hole = ((uintptr_t)large + PAGE) & ~(uintptr_t)(PAGE - 1);
    struct range unreadable = {hole, hole + PAGE};
    roots[0] = (uintptr_t)large;
    *(uintptr_t *)(hole + PAGE) = (uintptr_t)a;
    build->heap.unreadable = &unreadable;
    build->heap.unreadable_count = 1;
    ck_assert_int_eq(mprotect((void *)hole, PAGE, PROT_NONE), 0);
    ck_assert_int_eq(find(a), 0);
    ck_assert_int_eq(mprotect((void *)hole, PAGE, PROT_READ | PROT_WRITE), 0);
    step_is(0, 1, 4 * PAGE, hole + PAGE - (uintptr_t)large, 1);
}
END_TEST

START_TEST (several_targets_are_found_in_one_search) {
    uintptr_t *a = object(24, 1), *b = object(24, 2), *lost = object(24, 3);
    roots[0] = (uintptr_t)a;
    a[1] = (uintptr_t)b;
    uintptr_t targets[] = {(uintptr_t)b, (uintptr_t)lost, (uintptr_t)a, (uintptr_t)b + 9};
    struct path found[4];
    heap_build_freeze(build);
    ck_assert_int_eq(path_find_all(&build->heap, root_list, 2, targets, 4, &build->arena, found), 0);
    ck_assert_uint_eq(found[0].step_count, 2);
    ck_assert_uint_eq(found[1].step_count, 0);
    ck_assert_uint_eq(found[2].step_count, 1);
    ck_assert_uint_eq(found[3].step_count, 2);
}
END_TEST

START_TEST (memory_is_what_the_header_says) {
    enum { COUNT = 200000 };
    uintptr_t *before = roots;
    for (int i = 0; i < COUNT; i++) {
        uintptr_t *next = object(48, 2);
        *before = (uintptr_t)next;
        before = next;
    }
    heap_build_freeze(build);
    size_t used = build->arena.used_bytes;
    ck_assert_int_eq(path_find(&build->heap, root_list, 2, (uintptr_t)before, &build->arena, &path), 0);
    ck_assert_uint_le(build->arena.used_bytes - used, COUNT * 8 + COUNT / 8 + (256 << 10));
}
END_TEST

START_TEST (no_memory_is_an_error) {
    uintptr_t *a = object(24, 1);
    roots[0] = (uintptr_t)a;
    heap_build_freeze(build);
    build->arena_left = 0;
    build->arena.next = build->arena.end;
    ck_assert_int_eq(path_find(&build->heap, root_list, 2, (uintptr_t)a, &build->arena, &path), -ENOMEM);
}
END_TEST

/* ---- random heaps ---- */

enum { OBJECTS_MAX = 40, FAR = 1000 };

struct world {
    int count;
    uintptr_t start[OBJECTS_MAX];
    uint64_t size[OBJECTS_MAX];
    int distance[OBJECTS_MAX]; /* in objects, itself counted */
};

static uintptr_t draw_pointer(const struct world *world) {
    int to = (int)draw((unsigned)world->count);
    return draw(3) ? world->start[to] : world->start[to] + draw((unsigned)world->size[to] + 2);
}

static void draw_world(struct world *world, uint64_t seed) {
    draw_from(seed);
    world->count = 1 + (int)draw(OBJECTS_MAX);
    for (int i = 0; i < world->count; i++) {
        world->size[i] = 16 + 8 * draw(4);
        size_t shift = draw(5) ? 0 : 1 + draw(15);
        world->start[i] = (uintptr_t)heap_build_shifted(build, world->size[i], 1 + draw(3), shift);
        world->distance[i] = FAR;
    }
    for (int i = 0; i < world->count; i++)
        for (unsigned p = draw(3); p > 0; p--) {
            struct range words = heap_words(world->start[i], world->size[i]);
            ((uintptr_t *)words.lo)[draw((unsigned)(words.hi - words.lo) / 8)] = draw_pointer(world);
        }
    for (int r = 0; r < ROOTS; r++)
        roots[r] = draw(3) ? 0 : draw_pointer(world);
}

static int holder(const struct world *world, uintptr_t word) {
    for (int i = 0; i < world->count; i++)
        if (word - world->start[i] < world->size[i])
            return i;
    return -1;
}

/* Shorten until nothing changes. */
static void measure(struct world *world) {
    for (int r = 0; r < ROOTS; r++) {
        int to = holder(world, roots[r]);
        if (to >= 0 && (r < 4 || roots[r] == world->start[to]))
            world->distance[to] = 1;
    }
    for (int changed = 1; changed;) {
        changed = 0;
        for (int i = 0; i < world->count; i++) {
            struct range words = heap_words(world->start[i], world->size[i]);
            for (uintptr_t at = words.lo; at < words.hi; at += 8) {
                int to = holder(world, heap_load(at));
                if (to < 0 || world->distance[i] + 1 >= world->distance[to])
                    continue;
                world->distance[to] = world->distance[i] + 1;
                changed = 1;
            }
        }
    }
}

/* Walk the path from its root: every step must be there, and the last must be the target. */
static void check_way(const struct world *world, int target) {
    uintptr_t word = heap_load(path.root_word), end = 0;
    int steps = 0;
    for (size_t s = 0; s < path.step_count; s++)
        for (uint64_t c = 0; c < path.steps[s].count; c++, steps++) {
            int at = holder(world, word);
            ck_assert_int_ge(at, 0);
            ck_assert_uint_eq(heap_build_record(build, (void *)world->start[at])->site, path.steps[s].site);
            ck_assert_uint_eq(world->size[at], path.steps[s].size_bytes);
            end = word;
            if (s + 1 < path.step_count)
                word = heap_load(world->start[at] + path.steps[s].offset);
        }
    ck_assert_int_eq(holder(world, end), target);
    ck_assert_uint_eq(end - world->start[target], path.steps[path.step_count - 1].offset);
    ck_assert_int_eq(steps, world->distance[target]);
}

START_TEST (paths_are_ways_and_as_short_as_the_oracle_says) {
    for (uint64_t seed = 1; seed <= draw_seeds(600); seed++) {
        struct world world;
        setup();
        draw_world(&world, seed);
        measure(&world);
        for (int i = 0; i < world.count; i++) {
            ck_assert_int_eq(find((void *)world.start[i]), world.distance[i] == FAR ? -ENOENT : 0);
            if (world.distance[i] != FAR)
                check_way(&world, i);
        }
        teardown();
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("path");
    TCase *tests = tcase_create("path"), *plain = tcase_create("property");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, root_that_points_at_it_is_the_whole_way);
    tcase_add_test(tests, offsets_say_where_the_pointers_stand);
    tcase_add_test(tests, pointer_at_any_address_leads_on_where_the_heap_is_unaligned);
    tcase_add_test(tests, tags_in_high_bits_are_masked);
    tcase_add_test(tests, shorter_way_wins);
    tcase_add_test(tests, nodes_of_a_list_are_one_step);
    tcase_add_test(tests, different_steps_are_not_folded);
    tcase_add_test(tests, lost_object_has_no_path);
    tcase_add_test(tests, address_of_nothing_has_no_path);
    tcase_add_test(tests, starts_only_roots_lead_nowhere_from_inside);
    tcase_add_test(tests, ignored_object_is_where_a_way_begins);
    tcase_add_test(tests, root_inside_an_object_is_a_root);
    tcase_add_test(tests, memory_that_may_not_be_read_is_not_searched);
    tcase_add_test(tests, several_targets_are_found_in_one_search);
    tcase_add_test(tests, memory_is_what_the_header_says);
    tcase_add_test(tests, no_memory_is_an_error);
    tcase_set_timeout(plain, 600);
    tcase_add_test(plain, paths_are_ways_and_as_short_as_the_oracle_says);
    suite_add_tcase(suite, tests);
    suite_add_tcase(suite, plain);
    return suite_run(suite);
}
