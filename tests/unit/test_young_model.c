/* test_young_model.c - random programs, scanned again and again: every young scan against full marking of the same memory,
 * and the history against a plain model of what README.md, "Suspects", says.
 *
 * Linked with all of analysis/, heap_build.c and -lcheck.  CASTAWAY_SEEDS=n tries n/10 programs (default 600).
 * Start: run_program(). */
#include "analysis/verdict.h"
#include "tests/unit/draw.h"
#include "tests/unit/heap_build.h"
#include "tests/unit/suite.h"

#include <string.h>

enum { PAGE = 4096, ROOM_BYTES = 16 << 20, ROOTS = 8, CONFIRM = 2 };

static struct heap_build *build;
static uintptr_t *roots;
static struct marks marks;

/* ---- programs ---- */

enum { OBJECTS_MAX = 400, PAGES = 256, SCANS = 24 };

struct life { /* an object as the model sees it */
    uintptr_t address;
    uint64_t size;
    object_id id;
    uint32_t birth;
    int alive, inherited;
    /* what the history should say */
    int scans;                /* lost and unchanged in so many; 0: no suspect */
    uint64_t contents, edges; /* then */
    uint32_t looked, found;   /* the last scan that looked at it, by its birth; the first that found it lost */
    uint32_t seen;            /* the one before that */
    int counted;              /* the generation in which it is counted; -1: none */
};
struct page_log { /* pages written since the last scan of a generation */
    char written[GENERATIONS][PAGES];
};
struct world {
    struct life life[OBJECTS_MAX];
    int count;
    struct page_log pages;
    struct history history;
    struct scan_entry last[GENERATIONS]; /* the last scan of that generation or more */
    uint32_t scans;
};

static void touch(struct world *world, uintptr_t address) {
    size_t page = (address - (uintptr_t)build->memory) / PAGE;
    ck_assert_uint_lt(page, PAGES);
    for (int g = 0; g < GENERATIONS; g++)
        world->pages.written[g][page] = 1;
}

static void write_word(struct world *world, uintptr_t at, uintptr_t word) {
    *(uintptr_t *)at = word;
    touch(world, at);
}

static int draw_alive(const struct world *world) {
    for (int tries = 0; tries < 50 && world->count; tries++) {
        int i = (int)draw((unsigned)world->count);
        if (world->life[i].alive)
            return i;
    }
    return -1;
}

static uintptr_t draw_pointer(const struct world *world) {
    int i = draw_alive(world);
    if (i < 0 || draw(6) == 0)
        return 0;
    const struct life *to = &world->life[i];
    return draw(4) || !to->size ? to->address : to->address + draw((unsigned)to->size);
}

static void live_write(struct world *world) {
    int i = draw_alive(world);
    if (i < 0 || draw(3) == 0) {
        write_word(world, (uintptr_t)(roots + draw(ROOTS)), draw_pointer(world));
        return;
    }
    struct range words = heap_words(world->life[i].address, world->life[i].size);
    if (words.lo < words.hi)
        write_word(world, words.lo + 8 * draw((unsigned)((words.hi - words.lo) / 8)), draw_pointer(world));
}

static void live_birth(struct world *world) {
    static const uint64_t sizes[] = {0, 5, 16, 24, 40, 64, 100, 300, 4096, 9000};
    if (world->count == OBJECTS_MAX)
        return;
    struct life *life = &world->life[world->count++];
    size_t shift = draw(6) ? 0 : draw(2) ? 8 : 1 + draw(7);
    life->size = sizes[draw(draw(5) ? 8 : 10)];
    void *place = heap_build_shifted(build, life->size, 1 + draw(4), shift);
    *life = (struct life){
        (uintptr_t)place,       life->size,   heap_build_id(build, place), build->births, 1, draw(30) == 0,
        .looked = world->scans, .counted = -1};
    if (life->inherited)
        heap_build_record(build, place)->flags = OBJECT_INHERITED;
    if (draw(3)) /* most are held by something */
        write_word(world, (uintptr_t)(roots + draw(ROOTS)), life->address);
}

static void live_death(struct world *world) {
    int i = draw_alive(world);
    if (i < 0)
        return;
    heap_build_forget(build, (void *)world->life[i].address);
    world->life[i].alive = 0;
}

static void live(struct world *world) {
    for (unsigned steps = 5 + draw(40); steps > 0; steps--) {
        unsigned what = draw(10);
        if (what < 4)
            live_birth(world);
        else if (what < 9)
            live_write(world);
        else
            live_death(world);
    }
}

static const struct suspect *suspect_of(const struct history *history, const struct life *life) {
    for (size_t i = 0; i < history->suspect_count; i++)
        if (history->suspects[i].id == life->id && history->suspects[i].birth == life->birth)
            return &history->suspects[i];
    return NULL;
}

static int should_view(const struct world *world, const struct life *life, unsigned generation) {
    uint32_t from = generation < 2 ? world->last[generation].birth_end : 0;
    return life->alive && (life->birth >= from || suspect_of(&world->history, life));
}

/* ---- young scans against full marking ---- */

static void check_view(const struct world *world, unsigned generation) {
    size_t expected = 0;
    for (int i = 0; i < world->count; i++) {
        int should = should_view(world, &world->life[i], generation);
        expected += (size_t)should;
        if (world->life[i].alive)
            ck_assert_int_eq(heap_build_is_viewed(build, (void *)world->life[i].address), should);
    }
    ck_assert_uint_eq(build->heap.subset_count, expected);
}

/* Every word of the old objects on written pages once, in order, and no other. */
static void check_old_words(const struct world *world, unsigned generation, const struct root *old, size_t count) {
    static char seen[PAGES * PAGE / 8];
    memset(seen, 0, sizeof seen);
    uintptr_t last = 0;
    for (size_t r = 0; r < count; r++)
        for (uintptr_t at = old[r].lo; at < old[r].hi; at += 8) {
            ck_assert_uint_gt(at, last);
            last = at;
            seen[(at - (uintptr_t)build->memory) / 8] = 1;
        }
    for (int i = 0; i < world->count; i++) {
        const struct life *life = &world->life[i];
        struct range words = heap_words(life->address, life->size);
        int is_old = life->alive && !should_view(world, life, generation);
        for (uintptr_t at = words.lo; at < words.hi && life->alive; at += 8) {
            size_t word = (at - (uintptr_t)build->memory) / 8;
            ck_assert_int_eq(seen[word], is_old && world->pages.written[generation][word * 8 / PAGE]);
            seen[word] = 0;
        }
    }
    ck_assert_ptr_null(memchr(seen, 1, sizeof seen));
}

static size_t written_ranges(const struct world *world, unsigned generation, struct range *out) {
    size_t count = 0;
    uintptr_t base = (uintptr_t)build->memory;
    for (uintptr_t page = 0; page < PAGES; page++) {
        if (!world->pages.written[generation][page])
            continue;
        if (count && out[count - 1].hi == base + page * PAGE)
            out[count - 1].hi += PAGE;
        else
            out[count++] = (struct range){base + page * PAGE, base + (page + 1) * PAGE};
    }
    return count;
}

/* Full marking of the same memory, and again with what young scans do not look at taken for reachable. */
static void full_marks(const struct world *world, unsigned generation, struct marks *truth, struct marks *generous) {
    struct heap full = build->heap;
    struct root all[OBJECTS_MAX + 1] = {{(uintptr_t)roots, (uintptr_t)(roots + ROOTS), 0}};
    size_t count = 1;
    ck_assert_int_eq(heap_freeze(&full, &build->arena), 0);
    ck_assert_int_eq(mark_run(&full, all, 1, &build->arena, truth), 0);
    for (int i = 0; i < world->count; i++) {
        struct range words = heap_words(world->life[i].address, world->life[i].size);
        if (world->life[i].alive && !should_view(world, &world->life[i], generation))
            all[count++] = (struct root){words.lo, words.hi, 0};
    }
    ck_assert_int_eq(mark_run(&full, all, count, &build->arena, generous), 0);
}

static int lost_in(const struct marks *these, object_id id) {
    return !mark_test(these->reachable, id) && !mark_test(these->possible, id);
}

static void check_marks(const struct world *world, unsigned generation) {
    struct marks truth, generous;
    full_marks(world, generation, &truth, &generous);
    for (int i = 0; i < world->count; i++) {
        const struct life *life = &world->life[i];
        if (!should_view(world, life, generation))
            continue;
        int lost = lost_in(&marks, life->id);
        ck_assert_msg(!lost || lost_in(&truth, life->id), "a live object is called lost");
        ck_assert_msg(lost || !lost_in(&generous, life->id), "a young object that nothing holds is not called lost");
    }
}

static void scan_young(struct world *world, unsigned generation) {
    static struct range written[PAGES];
    struct root all[4 * OBJECTS_MAX] = {{(uintptr_t)roots, (uintptr_t)(roots + ROOTS), 0}}, *old;
    size_t count;
    heap_build_view(build, (struct young){.birth_from = history_young_from(&world->history, generation),
                                          .epochs_back = world->scans - world->last[generation].number,
                                          .history = &world->history});
    check_view(world, generation);
    size_t ranges = written_ranges(world, generation, written);
    ck_assert_int_eq(young_old_words(&build->heap, written, ranges, &build->arena, &old, &count), 0);
    check_old_words(world, generation, old, count);
    if (count)
        memcpy(all + 1, old, count * sizeof *old);
    ck_assert_int_eq(mark_run(&build->heap, all, count + 1, &build->arena, &marks), 0);
    check_marks(world, generation);
}

static void scan_full(struct world *world) {
    struct root root = {(uintptr_t)roots, (uintptr_t)(roots + ROOTS), 0};
    (void)world;
    heap_build_freeze(build);
    ck_assert_int_eq(mark_run(&build->heap, &root, 1, &build->arena, &marks), 0);
}

/* ---- what the history should be ---- */

static uint64_t fnv(uint64_t hash, uint64_t value) {
    for (int i = 0; i < 8; i++, value >>= 8)
        hash = (hash ^ (value & 255)) * UINT64_C(1099511628211);
    return hash;
}

static uint64_t contents_of(const struct life *life) {
    uint64_t hash = 1;
    for (uint64_t i = 0; i < life->size; i++)
        hash = fnv(hash, ((unsigned char *)life->address)[i]);
    return hash;
}

static int is_lost_life(const struct life *life) {
    return life->alive && lost_in(&marks, life->id);
}

/* All pointers from lost objects to this one, or only from those that were suspects before. */
static uint64_t edges_of(const struct world *world, const struct life *to, int known_only) {
    uint64_t hash = 1;
    for (int i = 0; i < world->count; i++) {
        const struct life *from = &world->life[i];
        struct range words = heap_words(from->address, from->size);
        if (!is_lost_life(from) || from->inherited || (known_only && !from->scans))
            continue;
        for (uintptr_t at = words.lo; at < words.hi; at += 8) {
            uintptr_t offset = heap_load(at) - to->address;
            if (offset == 0 || offset < to->size)
                hash = fnv(fnv(fnv(hash, (uint64_t)i), at), offset);
        }
    }
    return hash;
}

static uint32_t last_number(const struct world *world) {
    return world->last[0].number;
}

/* Judge one object as README.md, "Suspects", says; `next` is what it becomes. */
static void model_lost(const struct world *world, const struct life *life, struct life *next,
                       struct history_counts *counts) {
    uint64_t contents = contents_of(life);
    int changed = life->scans && (life->contents != contents || life->edges != edges_of(world, life, 1));
    counts->withdrawn += (uint64_t)changed;
    counts->confirmed_withdrawn += changed && life->scans >= CONFIRM;
    counts->suspects += !life->scans || changed;
    next->scans = changed ? 1 : life->scans + 1;
    counts->confirmed += next->scans == CONFIRM;
    next->contents = contents;
    next->edges = edges_of(world, life, 0);
    if (next->scans == 1) {
        next->found = world->scans;
        next->seen = changed ? last_number(world) : life->looked;
    }
}

static void model_gone(const struct life *life, struct life *next, struct history_counts *counts) {
    next->scans = 0;
    if (!life->scans)
        return;
    counts->withdrawn += (uint64_t)life->alive;
    counts->confirmed_withdrawn += life->alive && life->scans >= CONFIRM;
    counts->freed_by_program += (uint64_t)!life->alive;
    counts->confirmed_freed += !life->alive && life->scans >= CONFIRM;
}

static int generation_by_birth(const struct world *world, const struct life *life) {
    return life->birth >= world->last[0].birth_end ? 0 : life->birth >= world->last[1].birth_end ? 1 : 2;
}

static void model_count(const struct world *world, const struct life *life, struct life *next, int generation) {
    if (life->counted <= generation)
        next->counted = -1;
    if (!should_view(world, life, (unsigned)generation) || life->inherited)
        return;
    int own = generation_by_birth(world, life);
    next->counted = is_lost_life(life) ? 0 : own > generation ? own : generation < 2 ? generation + 1 : 2;
}

static void model(struct world *world, int generation, struct history_counts *counts) {
    static struct life next[OBJECTS_MAX];
    memcpy(next, world->life, sizeof next);
    for (int i = 0; i < world->count; i++) {
        const struct life *life = &world->life[i];
        model_count(world, life, &next[i], generation);
        if (is_lost_life(life) && !life->inherited)
            model_lost(world, life, &next[i], counts);
        else
            model_gone(life, &next[i], counts);
        if (generation_by_birth(world, life) <= generation)
            next[i].looked = world->scans;
    }
    memcpy(world->life, next, sizeof next);
}

static void check_suspects(const struct world *world, const struct history *after) {
    size_t expected = 0, found = 0;
    for (size_t i = 0; i < after->suspect_count; i++) {
        found += after->suspects[i].scans > 0;
        ck_assert(i == 0 || after->suspects[i - 1].address < after->suspects[i].address);
    }
    for (int i = 0; i < world->count; i++) {
        const struct life *life = &world->life[i];
        const struct suspect *suspect = suspect_of(after, life);
        ck_assert_int_eq(suspect ? suspect->scans : 0, life->scans);
        if (!life->scans)
            continue;
        expected++;
        ck_assert_uint_eq(suspect->found_scan, life->found);
        ck_assert_uint_eq(suspect->seen_scan, life->seen);
        ck_assert_int_eq(suspect->found_us, 1000 * (int64_t)life->found);
        ck_assert_int_eq(suspect->seen_us, 1000 * (int64_t)life->seen);
        unsigned flag = life->scans < CONFIRM ? OBJECT_SUSPECT : life->scans == CONFIRM ? 0 : OBJECT_KNOWN;
        ck_assert_uint_eq(heap_build_record(build, (void *)life->address)->flags & (OBJECT_SUSPECT | OBJECT_KNOWN),
                          flag);
    }
    ck_assert_uint_eq(found, expected);
}

static void check_generations(const struct world *world, const struct history *after) {
    uint64_t objects[GENERATIONS] = {0}, bytes[GENERATIONS] = {0};
    for (int i = 0; i < world->count; i++)
        if (world->life[i].counted >= 0) {
            objects[world->life[i].counted]++;
            bytes[world->life[i].counted] += world->life[i].size;
        }
    for (int g = 0; g < GENERATIONS; g++) {
        ck_assert_uint_eq(after->objects[g], objects[g]);
        ck_assert_uint_eq(after->bytes[g], bytes[g]);
    }
    const struct scan_entry *logged = &after->scans[after->scan_count - 1];
    ck_assert_mem_eq(logged->objects, objects, sizeof objects);
    ck_assert_mem_eq(logged->bytes, bytes, sizeof bytes);
}

static void check_history(struct world *world, const struct history *after, unsigned generation) {
    struct history_counts counts = world->history.counts;
    model(world, (int)generation, &counts);
    ck_assert_int_eq(memcmp(&counts, &after->counts, sizeof counts), 0);
    check_suspects(world, after);
    check_generations(world, after);
}

static void remember(struct world *world, const struct scan_entry *entry) {
    struct history after;
    struct history_input in = {&build->heap, &marks, world->scans > 1 ? &world->history : NULL, *entry, CONFIRM, 0};
    ck_assert_int_eq(history_update(&in, &build->arena, &build->arena, &after), 0);
    check_history(world, &after, entry->generation);
    world->history = after;
    for (unsigned g = 0; g <= entry->generation; g++) {
        world->last[g] = *entry;
        memset(world->pages.written[g], 0, sizeof world->pages.written[g]);
    }
    build->epoch = build->epoch == HEAP_EPOCHS ? 1 : (uint8_t)(build->epoch + 1);
}

static void run_program(struct world *world, uint64_t seed) {
    memset(world, 0, sizeof *world);
    draw_from(seed);
    build->epoch = (uint8_t)(1 + draw(HEAP_EPOCHS));
    world->history = (struct history){0};
    for (int s = 0; s < SCANS; s++) {
        unsigned generation = draw(6) ? draw(3) ? 0 : 1 : 2;
        live(world);
        world->scans++;
        struct scan_entry entry = {.number = world->scans,
                                   .generation = generation,
                                   .at_us = 1000 * (int64_t)world->scans,
                                   .birth_end = build->births + 1};
        if (generation == 2)
            scan_full(world);
        else
            scan_young(world, generation);
        remember(world, &entry);
    }
}

START_TEST (young_scans_agree_with_full_ones_and_the_history_with_a_model) {
    static struct world world;
    for (uint64_t seed = 1; seed <= draw_seeds(600) / 10; seed++) {
        build = heap_build_new(ROOM_BYTES);
        roots = heap_build_gap(build, ROOTS * sizeof *roots);
        run_program(&world, seed);
        heap_build_free(build);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("young programs");
    TCase *tests = tcase_create("property");
    tcase_set_timeout(tests, 600);
    tcase_add_test(tests, young_scans_agree_with_full_ones_and_the_history_with_a_model);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
