/* test_breaks.c - sets of references to make weak, against a brute-force oracle over small random groups.
 *
 * Linked with all of analysis/, heap_build.c and -lcheck.  CASTAWAY_SEEDS=n tries n groups (default 1000). */
#include "analysis/audit.h"
#include "analysis/verdict.h"
#include "tests/unit/heap_build.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { OBJECTS_MAX = 6, WORDS = 3, ELEMENTS_MAX = 2 * OBJECTS_MAX * WORDS, MANY = 1000 };

static struct heap_build *build;
static struct counts counts;
static struct marks marks;
static struct audit audit;
static struct verdicts verdicts;

static void setup(void) {
    build = heap_build_new(64 << 20);
    counts_begin(&counts, &build->arena);
}
static void teardown(void) {
    heap_build_free(build);
}

static uintptr_t *made_by(unsigned site, size_t words, int64_t count) {
    uintptr_t *object = heap_build_object(build, words * sizeof(uintptr_t), site);
    struct counted item = {.id = heap_build_id(build, object), .count = count, .source = COUNT_HOOK};
    ck_assert_int_eq(counts_add(&counts, &item), 0);
    return object;
}

static void judge(void) {
    struct verdict_times times = {.now.number = 1, .audit = &audit};
    heap_build_freeze(build);
    ck_assert_int_eq(counts_install(&counts, &build->heap), 0);
    ck_assert_int_eq(mark_run(&build->heap, NULL, 0, &build->arena, &marks), 0);
    ck_assert_int_eq(audit_run(NULL, &build->heap, &counts, NULL, 0, 0, &marks, &build->arena, &audit), 0);
    ck_assert_int_eq(verdict_run(&build->heap, &marks, 0, &times, &build->arena, &verdicts), 0);
}

static const struct breaks *breaks_of_first(void) {
    ck_assert_uint_eq(verdicts.finding_count, 1);
    ck_assert_ptr_nonnull(verdicts.findings[0].blame);
    ck_assert_ptr_nonnull(verdicts.findings[0].blame->breaks);
    return verdicts.findings[0].blame->breaks;
}

/* ---- shapes ---- */

enum { PARENT = 1, CHILD = 2 };

static void family(size_t children) {
    uintptr_t *parent = made_by(PARENT, children + 1, 1 + (int64_t)children);
    for (size_t i = 0; i < children; i++) {
        uintptr_t *child = made_by(CHILD, 2, 1);
        parent[i] = (uintptr_t)child;
        child[1] = (uintptr_t)parent;
    }
    counts.item[0].count = (int64_t)children;
    judge();
    const struct breaks *breaks = breaks_of_first();
    const struct break_set *best = &breaks->set[0];
    ck_assert_int_eq(breaks->is_complete, 1);
    ck_assert_uint_eq(best->part_count, 1);
    ck_assert_uint_eq(best->part[0].references, children);
    ck_assert_uint_eq(best->part[0].from_site, CHILD);
    ck_assert_uint_eq(best->part[0].offset, 8);
    ck_assert_uint_eq(best->frees_objects, children + 1);
    ck_assert_uint_eq(best->frees_bytes, (children + 1) * 8 + children * 16);
    ck_assert_int_eq(best->frees_all, 1);
}

START_TEST (two_children_are_one_class) {
    family(2);
}
END_TEST

START_TEST (a_thousand_children_are_one_class) {
    family(MANY);
}
END_TEST

START_TEST (backward_links_of_a_list_are_one_class) {
    uintptr_t *last = made_by(1, 2, 1);
    for (int i = 1; i < MANY; i++) {
        uintptr_t *next = made_by(1, 2, i == MANY - 1 ? 1 : 2);
        last[0] = (uintptr_t)next;
        next[1] = (uintptr_t)last;
        last = next;
    }
    judge();
    const struct break_set *best = &breaks_of_first()->set[0];
    ck_assert_uint_eq(best->part_count, 1);
    ck_assert_uint_eq(best->part[0].offset, 8);
    ck_assert_uint_eq(best->part[0].references, MANY - 1);
    ck_assert_uint_eq(best->frees_objects, MANY);
}
END_TEST

START_TEST (references_back_to_the_oldest_of_a_ring_with_a_chord) { /* not all of its own class: one is enough */
    uintptr_t *ring[3];
    for (int i = 0; i < 3; i++)
        ring[i] = made_by(1, 2, i ? 1 : 2);
    for (int i = 0; i < 3; i++)
        ring[i][0] = (uintptr_t)ring[(i + 1) % 3];
    ring[1][1] = (uintptr_t)ring[0]; /* a chord, of another class */
    judge();
    const struct breaks *breaks = breaks_of_first();
    ck_assert_uint_eq(breaks->set[0].part_count, 2);
    ck_assert_uint_eq(breaks->set[0].frees_objects, 3);
    for (int i = 0; i < 2; i++) {
        ck_assert_uint_eq(breaks->set[0].part[i].target, heap_build_id(build, ring[0]));
        ck_assert_uint_eq(breaks->set[0].part[i].references, 1);
    }
}
END_TEST

START_TEST (one_reference_of_a_plain_ring_will_do) {
    uintptr_t *ring[5];
    for (int i = 0; i < 5; i++)
        ring[i] = made_by(1, 1, 1);
    for (int i = 0; i < 5; i++)
        ring[i][0] = (uintptr_t)ring[(i + 1) % 5];
    judge();
    const struct breaks *breaks = breaks_of_first();
    ck_assert_uint_eq(breaks->set[0].part[0].references, 1);
    ck_assert_uint_eq(breaks->set[0].part[0].target, heap_build_id(build, ring[0]));
    ck_assert_uint_eq(breaks->set[0].frees_objects, 5);
}
END_TEST

START_TEST (two_cycles_through_one_object_are_broken_together) {
    uintptr_t *shared = made_by(1, 2, 2), *left = made_by(2, 2, 1), *right = made_by(3, 2, 1);
    shared[0] = (uintptr_t)left;
    shared[1] = (uintptr_t)right;
    left[0] = right[0] = (uintptr_t)shared;
    judge();
    const struct breaks *breaks = breaks_of_first();
    ck_assert_uint_eq(breaks->count, 1);
    ck_assert_uint_eq(breaks->set[0].part_count, 2);
    ck_assert_uint_eq(breaks->set[0].frees_objects, 3);
    for (int i = 0; i < 2; i++)
        ck_assert_uint_eq(breaks->set[0].part[i].target, heap_build_id(build, shared));
}
END_TEST

START_TEST (only_way_to_an_object_is_the_last_resort) { /* one reference would do: the one that the middle hangs from */
    uintptr_t *top = made_by(1, 1, 2), *middle = made_by(2, 2, 1), *left = made_by(3, 1, 1), *right = made_by(4, 1, 1);
    top[0] = (uintptr_t)middle;
    middle[0] = (uintptr_t)left;
    middle[1] = (uintptr_t)right;
    left[0] = right[0] = (uintptr_t)top;
    judge();
    const struct breaks *breaks = breaks_of_first();
    ck_assert_uint_eq(breaks->set[0].part_count, 2);
    for (size_t i = 0; i < breaks->count; i++)
        for (size_t p = 0; p < breaks->set[i].part_count; p++)
            ck_assert_uint_ne(breaks->set[i].part[p].from_site, 1);
}
END_TEST

START_TEST (makers_that_are_one_make_one_class) {
    static const uint32_t maker[] = {0, 1, 2, 2, 2, 2};
    uintptr_t *top = made_by(1, 4, 4);
    for (unsigned i = 0; i < 4; i++) {
        uintptr_t *child = made_by(2 + i, 2, 1);
        top[i] = (uintptr_t)child;
        child[0] = (uintptr_t)top;
    }
    counts.maker = maker;
    judge();
    const struct break_set *best = &breaks_of_first()->set[0];
    ck_assert_uint_eq(best->part_count, 1);
    ck_assert_uint_eq(best->part[0].references, 4);
}
END_TEST

START_TEST (many_classes_are_put_together_one_by_one) {
    enum { CHILDREN = 7 };
    uintptr_t *top = made_by(1, CHILDREN, CHILDREN);
    for (unsigned i = 0; i < CHILDREN; i++) {
        uintptr_t *child = made_by(2 + i, 2, 1);
        top[i] = (uintptr_t)child;
        child[0] = (uintptr_t)top;
    }
    judge();
    const struct breaks *breaks = breaks_of_first();
    ck_assert_uint_eq(breaks->set[0].part_count, CHILDREN);
    ck_assert_uint_eq(breaks->set[0].frees_objects, CHILDREN + 1);
    ck_assert_int_eq(breaks->is_complete, 0);
}
END_TEST

START_TEST (pointer_to_itself_beyond_the_count_is_weak) {
    uintptr_t *parent = made_by(1, 2, 1), *child = made_by(2, 1, 1);
    parent[0] = (uintptr_t)child;
    parent[1] = (uintptr_t)parent; /* std::enable_shared_from_this */
    child[0] = (uintptr_t)parent;
    judge();
    const struct break_set *best = &breaks_of_first()->set[0];
    ck_assert_uint_eq(best->part_count, 1);
    ck_assert_uint_eq(best->part[0].from_site, 2);
    ck_assert_uint_eq(best->frees_objects, 2);
}
END_TEST

START_TEST (what_no_weak_reference_frees_is_said_to_be_freed_in_part) { /* parts without a count hold each other */
    uintptr_t *object = made_by(1, 1, 1), *other = made_by(2, 2, 1);
    uintptr_t *part = heap_build_object(build, 32, 3), *more = heap_build_object(build, 32, 4);
    object[0] = (uintptr_t)other;
    other[0] = (uintptr_t)object;
    other[1] = (uintptr_t)part;
    part[0] = (uintptr_t)more;
    more[0] = (uintptr_t)part;
    more[1] = (uintptr_t)other;
    judge();
    const struct breaks *breaks = breaks_of_first();
    for (size_t i = 0; i < breaks->count; i++)
        ck_assert_int_eq(breaks->set[i].frees_all, 0);
}
END_TEST

/* ---- random groups ---- */

/* What can be made weak: all references of a class, or one. */
struct element {
    unsigned from, to; /* sites */
    size_t word;
    int holder; /* of the one; -1: all */
};
struct world {
    int count;
    unsigned site[OBJECTS_MAX];
    int target[OBJECTS_MAX][WORDS]; /* -1: none */
    struct element element[ELEMENTS_MAX];
    int element_count;
};
struct weak { /* elements */
    int element[BREAK_PARTS_MAX];
    int count;
};
struct score {
    int severs, parts, references, forward;
};

static uint64_t state;
static unsigned draw(unsigned below) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (unsigned)((state * UINT64_C(2685821657736338717)) >> 33) % below;
}

static int has(const struct world *world, const struct element *element, int from, size_t word) {
    if (element->word != word || world->target[from][word] < 0)
        return 0;
    if (element->holder >= 0)
        return element->holder == from;
    return element->from == world->site[from] && element->to == world->site[world->target[from][word]];
}

static int is_weak(const struct world *world, const struct weak *weak, int from, size_t word) {
    for (int i = 0; i < weak->count; i++)
        if (has(world, &world->element[weak->element[i]], from, word))
            return 1;
    return 0;
}

static unsigned held_by(const struct world *world, const struct weak *weak, unsigned holders) {
    unsigned held = 0;
    for (int i = 0; i < world->count; i++)
        for (size_t w = 0; w < WORDS; w++)
            if (holders >> i & 1 && world->target[i][w] >= 0 && !is_weak(world, weak, i, w))
                held |= 1u << world->target[i][w];
    return held;
}

static int reached_from_oldest(const struct world *world, const struct weak *weak) {
    unsigned met = 1, before;
    do {
        before = met;
        met |= held_by(world, weak, met);
    } while (met != before);
    return met == (1u << world->count) - 1;
}

static int is_freed(const struct world *world, const struct weak *weak) {
    unsigned alive = (1u << world->count) - 1, before;
    do {
        before = alive;
        alive &= held_by(world, weak, alive);
    } while (alive != before);
    return alive == 0;
}

static struct score score_of(const struct world *world, const struct weak *weak) {
    struct score score = {.severs = !reached_from_oldest(world, weak), .parts = weak->count};
    for (int e = 0; e < weak->count; e++)
        for (int i = 0; i < world->count; i++)
            for (size_t w = 0; w < WORDS; w++)
                if (has(world, &world->element[weak->element[e]], i, w)) {
                    score.references++;
                    score.forward += world->target[i][w] > i;
                }
    return score;
}

static int is_better(const struct score *a, const struct score *b) {
    if (a->severs != b->severs)
        return a->severs < b->severs;
    if (a->parts != b->parts)
        return a->parts < b->parts;
    if (a->references != b->references)
        return a->references < b->references;
    return a->forward < b->forward;
}

/* The best of all sets of up to `left` more elements, from `first` on. */
static void try_all(const struct world *world, struct weak *weak, int first, int left, struct score *best) {
    if (left == 0) {
        struct score score = score_of(world, weak);
        if (is_better(&score, best) && is_freed(world, weak))
            *best = score;
        return;
    }
    for (int i = first; i < world->element_count; i++) {
        weak->element[weak->count++] = i;
        try_all(world, weak, i + 1, left - 1, best);
        weak->count--;
    }
}

static struct score oracle(const struct world *world, int parts_max) {
    struct score best = {2, MANY, MANY, MANY};
    for (int parts = 1; parts <= parts_max && best.severs; parts++)
        try_all(world, &(struct weak){0}, 0, parts, &best);
    return best;
}

static void add_element(struct world *world, struct element element) {
    for (int i = 0; i < world->element_count; i++)
        if (!memcmp(&world->element[i], &element, sizeof element))
            return;
    world->element[world->element_count++] = element;
}

static void find_elements(struct world *world) {
    for (int i = 0; i < world->count; i++)
        for (size_t w = 0; w < WORDS; w++) {
            if (world->target[i][w] < 0)
                continue;
            struct element class;
            memset(&class, 0, sizeof class);
            class.from = world->site[i];
            class.to = world->site[world->target[i][w]];
            class.word = w;
            class.holder = -1;
            add_element(world, class);
            class.holder = i;
            add_element(world, class);
        }
}

static void draw_world(struct world *world, uint64_t seed) {
    memset(world, 0, sizeof *world);
    state = seed * 7919 + 88172645463325252u;
    world->count = 2 + (int)draw(OBJECTS_MAX - 1);
    unsigned sites = 1 + draw(4), chance = 2 + draw(4);
    for (int i = 0; i < world->count; i++)
        world->site[i] = 1 + draw(sites);
    for (int i = 0; i < world->count; i++)
        for (size_t w = 0; w < WORDS; w++) {
            int target = (int)draw((unsigned)world->count);
            world->target[i][w] = draw(chance) || target == i ? -1 : target;
        }
    for (int i = 0; i < world->count; i++) /* a ring through all makes it one group */
        world->target[i][0] = (i + 1) % world->count;
    find_elements(world);
}

static void build_world(const struct world *world) {
    uintptr_t *object[OBJECTS_MAX];
    for (int i = 0; i < world->count; i++)
        object[i] = made_by(world->site[i], WORDS, 0);
    for (int i = 0; i < world->count; i++)
        for (size_t w = 0; w < WORDS; w++)
            if (world->target[i][w] >= 0) {
                object[i][w] = (uintptr_t)object[world->target[i][w]];
                counts.item[world->target[i][w]].count++;
            }
}

/* The element that a part is. */
static int element_of(const struct world *world, const struct break_part *part) {
    int references = 0, class = -1, single = -1;
    for (int e = 0; e < world->element_count; e++) {
        const struct element *element = &world->element[e];
        if (element->from != part->from_site || element->to != part->to_site || element->word * 8 != part->offset)
            continue;
        if (element->holder < 0)
            class = e;
        else if (counts.item[element->holder].id == part->holder)
            single = e;
        references += element->holder >= 0;
    }
    ck_assert_int_ge(single, 0);
    ck_assert(part->references == 1 || part->references == (uint64_t)references);
    return part->references == 1 ? single : class;
}

static void compare(const struct world *world, const struct breaks *breaks, unsigned long seed) {
    struct weak weak = {.count = (int)breaks->set[0].part_count};
    ck_assert_msg(breaks->count > 0, "seed %lu: no set", seed);
    for (int i = 0; i < weak.count; i++)
        weak.element[i] = element_of(world, &breaks->set[0].part[i]);
    struct score got = score_of(world, &weak), want = oracle(world, weak.count < 3 ? 3 : weak.count);
    ck_assert_msg(is_freed(world, &weak), "seed %lu: that frees nothing", seed);
    ck_assert_msg(breaks->set[0].frees_objects == (uint64_t)world->count, "seed %lu: not all", seed);
    ck_assert_msg(!is_better(&want, &got), "seed %lu: %d %d %d %d, not %d %d %d %d", seed, got.severs, got.parts,
                  got.references, got.forward, want.severs, want.parts, want.references, want.forward);
}

START_TEST (best_set_is_that_of_brute_force) {
    const char *given = getenv("CASTAWAY_SEEDS");
    uint64_t seeds = given ? strtoull(given, NULL, 10) : 1000, complete = 0;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        struct world world;
        draw_world(&world, seed);
        setup();
        build_world(&world);
        judge();
        if (breaks_of_first()->is_complete) {
            compare(&world, breaks_of_first(), seed);
            complete++;
        }
        teardown();
    }
    ck_assert_uint_gt(complete, seeds * 9 / 10);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("breaks");
    TCase *tests = tcase_create("breaks"), *random = tcase_create("random");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, two_children_are_one_class);
    tcase_add_test(tests, a_thousand_children_are_one_class);
    tcase_add_test(tests, backward_links_of_a_list_are_one_class);
    tcase_add_test(tests, references_back_to_the_oldest_of_a_ring_with_a_chord);
    tcase_add_test(tests, one_reference_of_a_plain_ring_will_do);
    tcase_add_test(tests, two_cycles_through_one_object_are_broken_together);
    tcase_add_test(tests, only_way_to_an_object_is_the_last_resort);
    tcase_add_test(tests, makers_that_are_one_make_one_class);
    tcase_add_test(tests, many_classes_are_put_together_one_by_one);
    tcase_add_test(tests, pointer_to_itself_beyond_the_count_is_weak);
    tcase_add_test(tests, what_no_weak_reference_frees_is_said_to_be_freed_in_part);
    suite_add_tcase(suite, tests);
    tcase_add_test(random, best_set_is_that_of_brute_force);
    tcase_set_timeout(random, 120);
    suite_add_tcase(suite, random);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
