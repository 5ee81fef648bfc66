/* test_property.c - random heaps against a brute-force oracle: kinds, sources, what hangs from them, smallest cycles.
 *
 * Linked with all of analysis/, heap_build.c and -lcheck.  CASTAWAY_SEEDS=n tries n heaps (default 600). */
#include "analysis/cycle.h"
#include "analysis/verdict.h"
#include "tests/unit/draw.h"
#include "tests/unit/heap_build.h"
#include "tests/unit/suite.h"

#include <string.h>

enum { OBJECTS_MAX = 40, NEVER = 1000 };

/* A heap as drawn: objects by number, and everything again in the oracle's terms. */
struct world {
    struct heap_build *build;
    uintptr_t *roots; /* 4 words, then 4 for starts only */
    int count;
    uintptr_t start[OBJECTS_MAX];
    uint64_t size[OBJECTS_MAX];
    unsigned site[OBJECTS_MAX], flags[OBJECTS_MAX];
    enum kind kind[OBJECTS_MAX];
    int distance[OBJECTS_MAX][OBJECTS_MAX]; /* in pointers, lost graph; [i][i]: around, never by a self pointer */
    int has_inherited;
};

/* ---- drawing ---- */

static uint64_t draw_size(void) {
    static const uint64_t sizes[] = {0,  5,  8,   16,  24,   32,
                                     64, 72, 200, 300, 4096, 9000}; /* 25 could look like a string */
    return sizes[draw(sizeof sizes / sizeof *sizes)];
}

static uintptr_t draw_pointer(struct world *world, unsigned interior_percent) {
    int target = (int)draw((unsigned)world->count);
    if (draw(100) >= interior_percent)
        return world->start[target];
    return world->start[target] + draw((unsigned)world->size[target] + 2);
}

static void fill(struct world *world, int object, unsigned pointers_max, unsigned interior_percent) {
    struct range words = heap_words(world->start[object], world->size[object]);
    size_t room = (words.hi - words.lo) / sizeof(uintptr_t);
    for (unsigned p = draw(pointers_max + 1); p > 0 && room; p--) {
        size_t word = room > 30 && draw(2) ? room - 1 - draw(3) : draw(room < 30 ? (unsigned)room : 30);
        ((uintptr_t *)words.lo)[word] = draw_pointer(world, interior_percent);
    }
}

static void draw_world(struct world *world, uint64_t seed, int inherited) {
    memset(world, 0, sizeof *world);
    draw_from(seed);
    world->build = heap_build_new(4 << 20);
    world->roots = heap_build_gap(world->build, 8 * sizeof(uintptr_t));
    world->count = 1 + (int)draw(OBJECTS_MAX);
    unsigned odd_percent = draw(3) * 20, sites = draw(2) ? 3 : OBJECTS_MAX, small = draw(2);
    for (int i = 0; i < world->count; i++) {
        size_t shift = draw(100) < odd_percent ? (draw(2) ? 8 : 1 + draw(15)) : 0;
        world->size[i] = small ? 16 + 8 * draw(3) : draw_size();
        world->site[i] = 1 + (sites == OBJECTS_MAX ? (unsigned)i : draw(sites));
        world->flags[i] = inherited && draw(4) == 0 ? OBJECT_INHERITED : draw(40) == 0 ? OBJECT_IGNORED : 0;
        void *object = heap_build_shifted(world->build, world->size[i], world->site[i], shift);
        world->start[i] = (uintptr_t)object;
        heap_build_record(world->build, object)->flags = world->flags[i] & 63;
        world->has_inherited |= world->flags[i] == OBJECT_INHERITED;
    }
    unsigned pointers_max = 1 + draw(4), interior_percent = draw(4) * 20;
    for (int i = 0; i < world->count; i++)
        fill(world, i, pointers_max, interior_percent);
    for (int r = 0; r < 8; r++)
        if (draw(3) == 0)
            world->roots[r] = draw_pointer(world, 50);
}

/* ---- the oracle ---- */

static int holds(const struct world *world, uintptr_t word) {
    for (int i = 0; i < world->count; i++)
        if (word == world->start[i] || (word > world->start[i] && word < world->start[i] + world->size[i]))
            return i;
    return -1;
}

enum seen { UNSEEN, SEEN_POSSIBLE, SEEN_REACHABLE };

static int raise_to(enum seen *seen, enum seen to) {
    if (*seen >= to)
        return 0;
    *seen = to;
    return 1;
}

/* What a word means when it is found in something that is `source`; returns whether that changes anything. */
static int follow(const struct world *world, uintptr_t word, enum seen source, int starts_only, enum seen *seen) {
    int target = holds(world, word);
    if (target < 0)
        return 0;
    int tagged = !starts_only && world->start[target] % 8 == 0 && word - world->start[target] < 8;
    if (word == world->start[target] || tagged)
        return raise_to(&seen[target], source);
    return starts_only ? 0 : raise_to(&seen[target], SEEN_POSSIBLE);
}

static void oracle_marks(const struct world *world, enum seen *seen) {
    int changed = 1;
    for (int i = 0; i < world->count; i++)
        seen[i] = world->flags[i] == OBJECT_IGNORED ? SEEN_REACHABLE : UNSEEN;
    for (int r = 0; r < 8; r++)
        follow(world, world->roots[r], SEEN_REACHABLE, r >= 4, seen);
    while (changed) {
        changed = 0;
        for (int i = 0; i < world->count; i++)
            for (uintptr_t at = (world->start[i] + 7) / 8 * 8; at + 8 <= world->start[i] + world->size[i]; at += 8)
                if (seen[i])
                    changed |= follow(world, heap_load(at), seen[i], 0, seen);
    }
}

static void oracle_distances(struct world *world, const enum seen *seen) {
    int n = world->count;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            world->distance[i][j] = NEVER;
    for (int i = 0; i < n; i++)
        for (uintptr_t at = (world->start[i] + 7) / 8 * 8; at + 8 <= world->start[i] + world->size[i]; at += 8) {
            int target = holds(world, heap_load(at));
            if (target >= 0 && target != i && !seen[i] && !seen[target])
                world->distance[i][target] = 1;
        }
    for (int k = 0; k < n; k++)
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                if (world->distance[i][k] + world->distance[k][j] < world->distance[i][j])
                    world->distance[i][j] = world->distance[i][k] + world->distance[k][j];
}

static int in_one_group(const struct world *world, int i, int j) {
    return i == j || (world->distance[i][j] < NEVER && world->distance[j][i] < NEVER);
}

static void oracle_kinds(struct world *world) {
    enum seen seen[OBJECTS_MAX];
    oracle_marks(world, seen);
    oracle_distances(world, seen);
    for (int i = 0; i < world->count; i++) {
        world->kind[i] = seen[i] == SEEN_REACHABLE ? KIND_REACHABLE : KIND_POSSIBLE;
        if (seen[i])
            continue;
        int held = 0, others = 0;
        for (int j = 0; j < world->count; j++) {
            held |= world->distance[j][i] < NEVER && !in_one_group(world, i, j);
            others |= i != j && in_one_group(world, i, j);
        }
        world->kind[i] = held ? KIND_LOST_INDIRECT : others ? KIND_CYCLE : KIND_LOST;
    }
}

/* ---- comparing ---- */

static void check_tallies(const struct world *world, const struct verdicts *out) {
    struct tally expected[KIND_COUNT] = {0};
    uint64_t inherited = 0;
    for (int i = 0; i < world->count; i++) {
        if (world->flags[i] == OBJECT_INHERITED) {
            inherited++;
            continue;
        }
        expected[world->kind[i]].objects++;
        expected[world->kind[i]].bytes += world->size[i];
    }
    for (int k = 0; k < KIND_COUNT; k++) {
        ck_assert_uint_eq(out->tally[k].objects, expected[k].objects);
        ck_assert_uint_eq(out->tally[k].bytes, expected[k].bytes);
    }
    ck_assert_uint_eq(out->inherited_objects, inherited);
}

/* Findings of a kind add up to its tally, and what hangs from sources to lost-indirect. */
static void check_sums(const struct world *world, const struct verdicts *out) {
    struct tally sum[KIND_COUNT] = {0};
    uint64_t indirect_objects = 0, indirect_bytes = 0;
    for (size_t f = 0; f < out->finding_count; f++) {
        const struct finding *finding = &out->findings[f];
        sum[finding->kind].objects += finding->objects;
        sum[finding->kind].bytes += finding->bytes;
        sum[finding->kind].findings++;
        indirect_objects += finding->indirect_objects;
        indirect_bytes += finding->indirect_bytes;
    }
    ck_assert_int_eq(memcmp(sum, out->tally, sizeof sum), 0);
    ck_assert_uint_le(indirect_objects, out->tally[KIND_LOST_INDIRECT].objects);
    if (!world->has_inherited) {
        ck_assert_uint_eq(indirect_objects, out->tally[KIND_LOST_INDIRECT].objects);
        ck_assert_uint_eq(indirect_bytes, out->tally[KIND_LOST_INDIRECT].bytes);
    }
}

/* Groups of each smallest length, as often as the oracle says. */
static void check_cycles(const struct world *world, const struct verdicts *out) {
    uint64_t expected[OBJECTS_MAX + 1] = {0}, found[OBJECTS_MAX + 1] = {0};
    for (int i = 0; i < world->count; i++) {
        int smallest = NEVER, first = 1, counted = 0;
        for (int j = 0; j < world->count; j++) {
            if (world->kind[i] != KIND_CYCLE || !in_one_group(world, i, j))
                continue;
            first &= j >= i;
            counted |= world->flags[j] != OBJECT_INHERITED;
            if (world->distance[j][j] < smallest)
                smallest = world->distance[j][j];
        }
        if (world->kind[i] == KIND_CYCLE && first && counted)
            expected[smallest]++;
    }
    for (size_t f = 0; f < out->finding_count; f++)
        if (out->findings[f].kind == KIND_CYCLE)
            found[out->findings[f].cycle_length] += out->findings[f].count;
    ck_assert_int_eq(memcmp(expected, found, sizeof found), 0);
}

/* A lost object with a site of its own holds no more than the oracle can reach from it. */
static void check_held(const struct world *world, const struct verdicts *out) {
    for (int i = 0; i < world->count; i++) {
        int alone = world->kind[i] == KIND_LOST && world->flags[i] != OBJECT_INHERITED;
        uint64_t reach = 0, only = 0;
        for (int j = 0; j < world->count; j++) {
            alone &= i == j || world->site[i] != world->site[j];
            if (world->distance[i][j] == NEVER || world->flags[j] == OBJECT_INHERITED)
                continue;
            reach++;
            int shared = 0;
            for (int k = 0; k < world->count; k++)
                shared |= k != i && world->distance[k][j] < NEVER && world->kind[k] != KIND_LOST_INDIRECT;
            only += !shared;
        }
        for (size_t f = 0; alone && f < out->finding_count; f++)
            if (out->findings[f].kind == KIND_LOST && out->findings[f].site == world->site[i]) {
                ck_assert_uint_le(out->findings[f].indirect_objects, reach);
                ck_assert_uint_ge(out->findings[f].indirect_objects, only);
            }
    }
}

static void judge(struct world *world, struct verdicts *out) {
    struct root roots[] = {
        {(uintptr_t)world->roots, (uintptr_t)(world->roots + 4), 0},
        {(uintptr_t)(world->roots + 4), (uintptr_t)(world->roots + 8), ROOT_STARTS_ONLY},
    };
    struct marks marks;
    heap_build_freeze(world->build);
    ck_assert_int_eq(mark_run(&world->build->heap, roots, 2, &world->build->arena, &marks), 0);
    ck_assert_int_eq(verdict_run(&world->build->heap, &marks, OBJECT_INHERITED, NULL, &world->build->arena, out), 0);
}

static struct world world, again;

START_TEST (verdicts_agree_with_the_oracle) {
    for (uint64_t seed = 1; seed <= draw_seeds(600); seed++) {
        struct verdicts out;
        draw_world(&world, seed, seed % 3 == 0);
        oracle_kinds(&world);
        judge(&world, &out);
        check_tallies(&world, &out);
        check_sums(&world, &out);
        check_cycles(&world, &out);
        check_held(&world, &out);
        heap_build_free(world.build);
    }
}
END_TEST

START_TEST (every_address_belongs_to_whom_the_oracle_says) {
    for (uint64_t seed = 1; seed <= draw_seeds(600) / 10; seed++) {
        draw_world(&world, seed, 0);
        heap_build_freeze(world.build);
        uintptr_t end = (uintptr_t)world.build->next + 64;
        for (uintptr_t address = (uintptr_t)world.build->memory; address < end; address++) {
            uintptr_t start = 0;
            int expected = holds(&world, address);
            object_id id = heap_find(&world.build->heap, address, &start);
            ck_assert_uint_eq(id, expected < 0 ? 0 : heap_build_id(world.build, (void *)world.start[expected]));
            if (id)
                ck_assert_uint_eq(start, world.start[expected]);
        }
        heap_build_free(world.build);
    }
}
END_TEST

START_TEST (findings_do_not_depend_on_addresses) {
    for (uint64_t seed = 1; seed <= draw_seeds(600) / 4; seed++) {
        struct verdicts out, other;
        draw_world(&world, seed, seed % 3 == 0);
        draw_world(&again, seed, seed % 3 == 0);
        ck_assert_uint_ne(world.start[0], again.start[0]);
        judge(&world, &out);
        judge(&again, &other);
        ck_assert_uint_eq(out.finding_count, other.finding_count);
        for (size_t f = 0; f < out.finding_count; f++) {
            struct finding a = out.findings[f], b = other.findings[f];
            for (size_t e = 0; e < a.cycle_listed && e < b.cycle_listed; e++)
                ck_assert_int_eq(cycle_compare_edges(&a.cycle[e], &b.cycle[e]), 0);
            a.cycle = b.cycle = NULL;
            ck_assert_int_eq(memcmp(&a, &b, sizeof a), 0);
        }
        heap_build_free(world.build);
        heap_build_free(again.build);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("property");
    TCase *tests = tcase_create("property");
    tcase_set_timeout(tests, 600);
    tcase_add_test(tests, verdicts_agree_with_the_oracle);
    tcase_add_test(tests, every_address_belongs_to_whom_the_oracle_says);
    tcase_add_test(tests, findings_do_not_depend_on_addresses);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
