/* test_young.c - young scans: what they look at, what they read of old memory, and that they never call a live object lost.
 *
 * Linked with all of analysis/, heap_build.c and -lcheck.  CASTAWAY_SEEDS=n tries n programs (default 600). */
#include "analysis/young.h"
#include "analysis/verdict.h"
#include "tests/unit/heap_build.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, ROOM_BYTES = 16 << 20, ROOTS = 8, CONFIRM = 2 };

static struct heap_build *build;
static uintptr_t *roots;
static struct marks marks;

static void setup(void) {
    build = heap_build_new(ROOM_BYTES);
    roots = heap_build_gap(build, ROOTS * sizeof *roots);
}
static void teardown(void) {
    heap_build_free(build);
}

static void view(struct young young) {
    if (!young.birth_end)
        young.birth_end = build->births + 1;
    if (!young.epoch)
        young.epoch = build->epoch;
    ck_assert_int_eq(young_view(&build->heap, &young, &build->arena), 0);
}

/* A view of what was born after `birth`. */
static void view_after(uint32_t birth) {
    view((struct young){.birth_from = birth + 1, .epochs_back = HEAP_EPOCHS});
}

static int is_viewed(const void *object) {
    for (size_t i = 0; i < build->heap.subset_count; i++)
        if (build->heap.subset[i].address == (uintptr_t)object)
            return build->heap.subset[i].id == heap_build_id(build, object);
    return 0;
}

static void *object(size_t size_bytes) {
    return heap_build_object(build, size_bytes, 1);
}

/* Somewhere on the next page, so that what comes before has pages of its own. */
static void next_page(void) {
    build->next = (char *)(((uintptr_t)build->next + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
}

static struct range page_of(const void *place) {
    uintptr_t lo = (uintptr_t)place & ~(uintptr_t)(PAGE - 1);
    return (struct range){lo, lo + PAGE};
}

static void mark(const struct range *written, size_t count) {
    struct root all[64] = {{(uintptr_t)roots, (uintptr_t)(roots + ROOTS), 0}}, *old;
    size_t old_count;
    ck_assert_int_eq(young_old_words(&build->heap, written, count, &build->arena, &old, &old_count), 0);
    ck_assert_uint_lt(old_count, 63);
    if (old_count)
        memcpy(all + 1, old, old_count * sizeof *old);
    ck_assert_int_eq(mark_run(&build->heap, all, old_count + 1, &build->arena, &marks), 0);
}

static int is_lost(const void *place) {
    object_id id = heap_build_id(build, place);
    return !mark_test(marks.reachable, id) && !mark_test(marks.possible, id);
}

/* ---- the view ---- */

START_TEST (view_holds_what_was_born_since_and_nothing_else) {
    void *old = object(24), *half_old = heap_build_shifted(build, 8, 1, 8),
         *odd_old = heap_build_shifted(build, 5, 1, 3);
    uint32_t before = build->births;
    void *young = object(24), *half = heap_build_shifted(build, 8, 1, 8), *odd = heap_build_shifted(build, 5, 1, 3);
    view_after(before);
    ck_assert_uint_eq(build->heap.subset_count, 3);
    ck_assert_uint_eq(build->heap.object_count, 3);
    ck_assert_uint_eq(build->heap.object_bytes, 37);
    ck_assert(is_viewed(young) && is_viewed(half) && is_viewed(odd));
    ck_assert(!is_viewed(old) && !is_viewed(half_old) && !is_viewed(odd_old));
    for (size_t i = 1; i < build->heap.subset_count; i++)
        ck_assert_uint_lt(build->heap.subset[i - 1].address, build->heap.subset[i].address);
}
END_TEST

START_TEST (view_of_nothing_is_a_view) {
    object(24);
    view_after(build->births);
    ck_assert_ptr_nonnull(build->heap.subset);
    ck_assert_uint_eq(build->heap.subset_count, 0);
    mark(NULL, 0);
    struct verdicts verdicts;
    ck_assert_int_eq(verdict_run(&build->heap, &marks, OBJECT_INHERITED, NULL, &build->arena, &verdicts), 0);
    ck_assert_uint_eq(verdicts.finding_count, 0);
}
END_TEST

/* An object in a block whose epoch is `born`, looked for at `now`, so many epochs back. */
static int is_found(unsigned born, unsigned now, unsigned back) {
    setup();
    build->epoch = (uint8_t)born;
    void *young = object(24);
    view((struct young){.birth_from = 1, .epoch = (uint8_t)now, .epochs_back = back});
    int found = is_viewed(young);
    teardown();
    return found;
}

START_TEST (blocks_of_other_epochs_are_not_looked_at) {
    ck_assert(is_found(7, 7, 0));
    ck_assert(!is_found(6, 7, 0));
    ck_assert(is_found(6, 7, 1));
    ck_assert(!is_found(8, 7, 1));
    ck_assert(is_found(255, 1, 1)); /* 255 is followed by 1 */
    ck_assert(!is_found(255, 2, 1));
    ck_assert(is_found(254, 2, 3));
    ck_assert(is_found(8, 7, HEAP_EPOCHS));
}
END_TEST

START_TEST (serials_that_wrap_stay_young) {
    build->births = UINT32_MAX - 3;
    void *old = object(24);
    uint32_t before = build->births;
    void *young = object(24);
    object(24);
    void *wrapped = object(24);
    ck_assert_uint_lt(build->births, before);
    view_after(before);
    ck_assert(is_viewed(young) && is_viewed(wrapped) && !is_viewed(old));
}
END_TEST

START_TEST (suspects_are_looked_at_unless_they_were_freed_or_replaced) {
    void *alive = object(24), *freed = object(24), *replaced = object(24), *odd = heap_build_shifted(build, 5, 1, 3);
    struct suspect suspects[4];
    void *places[] = {alive, freed, replaced, odd};
    for (int i = 0; i < 4; i++)
        suspects[i] = (struct suspect){.address = (uintptr_t)places[i],
                                       .id = heap_build_id(build, places[i]),
                                       .birth = heap_build_record(build, places[i])->birth};
    heap_build_forget(build, freed);
    heap_build_record(build, replaced)->birth = 77; /* the same id, used again */
    struct history history = {.suspects = suspects, .suspect_count = 4};
    view((struct young){.birth_from = 1000, .birth_end = 1001, .epochs_back = HEAP_EPOCHS, .history = &history});
    ck_assert_uint_eq(build->heap.subset_count, 2);
    ck_assert(is_viewed(alive) && is_viewed(odd));
}
END_TEST

START_TEST (young_suspect_is_looked_at_once) {
    void *both = object(24);
    struct suspect suspect = {.address = (uintptr_t)both, .id = heap_build_id(build, both), .birth = build->births};
    struct history history = {.suspects = &suspect, .suspect_count = 1};
    view((struct young){.birth_from = 1, .epochs_back = HEAP_EPOCHS, .history = &history});
    ck_assert_uint_eq(build->heap.subset_count, 1);
}
END_TEST

START_TEST (old_large_objects_are_known_to_heap_find) {
    char *large = object(3 << 20), *odd = heap_build_shifted(build, 100000, 1, 1);
    uint32_t before = build->births;
    object(24);
    view_after(before);
    uintptr_t start;
    ck_assert_uint_eq(heap_find(&build->heap, (uintptr_t)large + (3 << 20) - 1, &start), heap_build_id(build, large));
    ck_assert_uint_eq(heap_find(&build->heap, (uintptr_t)odd + 99999, &start), heap_build_id(build, odd));
    ck_assert_uint_eq(heap_find(&build->heap, (uintptr_t)odd + 100000, &start), 0);
}
END_TEST

START_TEST (ignored_young_object_keeps_what_it_holds) {
    uintptr_t *ignored = object(24), *held = object(24), *other = object(24);
    ignored[0] = (uintptr_t)held;
    heap_build_record(build, ignored)->flags = OBJECT_IGNORED;
    view_after(0);
    mark(NULL, 0);
    ck_assert(!is_lost(ignored) && !is_lost(held) && is_lost(other));
}
END_TEST

START_TEST (no_memory_is_an_error) {
    for (int i = 0; i < 1000; i++)
        object(8000);
    build->arena_left = 0;
    build->arena.next = build->arena.end;
    struct young young = {.birth_from = 1, .birth_end = 2000, .epoch = 1, .epochs_back = HEAP_EPOCHS};
    ck_assert_int_eq(young_view(&build->heap, &young, &build->arena), -ENOMEM);
    ck_assert_int_eq(mark_run(&build->heap, NULL, 0, &build->arena, &marks), -ENOMEM);
}
END_TEST

/* ---- words of old objects ---- */

START_TEST (old_object_on_a_written_page_keeps_a_young_one) {
    uintptr_t *old = object(64);
    next_page();
    uintptr_t *other = object(64);
    uint32_t before = build->births;
    uintptr_t *young = object(24), *lost = object(24);
    old[3] = (uintptr_t)young;
    other[3] = (uintptr_t)lost;
    struct range written = page_of(old);
    view_after(before);
    mark(&written, 1);
    ck_assert(!is_lost(young));
    ck_assert(is_lost(lost)); /* its page is said to be as it was */
}
END_TEST

START_TEST (object_that_begins_before_the_page_is_read_there) {
    char *large = object(5 * PAGE);
    char *odd = heap_build_shifted(build, 3 * PAGE, 1, 3);
    uint32_t before = build->births;
    void *young = object(24), *another = object(24), *lost = object(24);
    uintptr_t *in_large = (uintptr_t *)page_of(large + 2 * PAGE).lo, *in_odd = (uintptr_t *)page_of(odd + 2 * PAGE).lo;
    in_large[0] = (uintptr_t)young;
    in_large[-1] = (uintptr_t)lost; /* on the page before */
    in_odd[0] = (uintptr_t)another;
    struct range written[] = {page_of(in_large), page_of(in_odd)};
    view_after(before);
    mark(written, 2);
    ck_assert(!is_lost(young) && !is_lost(another) && is_lost(lost));
}
END_TEST

START_TEST (young_objects_and_gaps_are_no_old_words) {
    uint32_t before = build->births;
    uintptr_t *gap = heap_build_gap(build, 64), *young = object(24), *first = object(24), *second = object(24);
    gap[0] = (uintptr_t)first;
    young[0] = (uintptr_t)second;
    struct range written = page_of(young);
    view_after(before);
    mark(&written, 1);
    ck_assert(is_lost(young) && is_lost(first) && is_lost(second));
}
END_TEST

START_TEST (memory_that_may_not_be_read_is_left_out) {
    next_page();
    char *large = object(3 * PAGE);
    uint32_t before = build->births;
    void *young = object(24);
    ((uintptr_t *)(large + 2 * PAGE))[0] = (uintptr_t)young;
    struct range hole = page_of(large + PAGE), written = {(uintptr_t)large, (uintptr_t)large + 3 * PAGE};
    build->heap.unreadable = &hole;
    build->heap.unreadable_count = 1;
    ck_assert_int_eq(mprotect((void *)hole.lo, PAGE, PROT_NONE), 0);
    view_after(before);
    mark(&written, 1);
    ck_assert(!is_lost(young));
    ck_assert_int_eq(mprotect((void *)hole.lo, PAGE, PROT_READ | PROT_WRITE), 0);
}
END_TEST

START_TEST (ranges_without_objects_are_nothing) {
    object(24);
    view_after(build->births);
    struct range written[] = {{0, PAGE},
                              {PAGE, (uintptr_t)build->memory & ~(uintptr_t)(PAGE - 1)},
                              {(uintptr_t)build->end & ~(uintptr_t)(PAGE - 1), UINTPTR_MAX & ~(uintptr_t)(PAGE - 1)}};
    struct root *old;
    size_t count;
    ck_assert_int_eq(young_old_words(&build->heap, written, 3, &build->arena, &old, &count), 0);
    ck_assert_uint_eq(count, 0);
}
END_TEST

/* ---- random programs: scan after scan against full marking and a plain model ---- */

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

static uint64_t state;
static unsigned draw(unsigned below) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (unsigned)((state * UINT64_C(2685821657736338717)) >> 33) % below;
}

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

static void check_view(const struct world *world, unsigned generation) {
    size_t expected = 0;
    for (int i = 0; i < world->count; i++) {
        int should = should_view(world, &world->life[i], generation);
        expected += (size_t)should;
        if (world->life[i].alive)
            ck_assert_int_eq(is_viewed((void *)world->life[i].address), should);
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
    view((struct young){.birth_from = history_young_from(&world->history, generation),
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
    struct history_input in = {&build->heap, &marks, world->scans > 1 ? &world->history : NULL, *entry, CONFIRM};
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
    state = seed * 7919 + 88172645463325252u;
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

static uint64_t seeds(void) {
    const char *text = getenv("CASTAWAY_SEEDS");
    return text ? strtoull(text, NULL, 10) : 600;
}

START_TEST (young_scans_agree_with_full_ones_and_the_history_with_a_model) {
    static struct world world;
    for (uint64_t seed = 1; seed <= seeds() / 10; seed++) {
        setup();
        run_program(&world, seed);
        teardown();
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("young");
    TCase *tests = tcase_create("young"), *plain = tcase_create("property");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, view_holds_what_was_born_since_and_nothing_else);
    tcase_add_test(tests, view_of_nothing_is_a_view);
    tcase_add_test(tests, serials_that_wrap_stay_young);
    tcase_add_test(tests, suspects_are_looked_at_unless_they_were_freed_or_replaced);
    tcase_add_test(tests, young_suspect_is_looked_at_once);
    tcase_add_test(tests, old_large_objects_are_known_to_heap_find);
    tcase_add_test(tests, ignored_young_object_keeps_what_it_holds);
    tcase_add_test(tests, no_memory_is_an_error);
    tcase_add_test(tests, old_object_on_a_written_page_keeps_a_young_one);
    tcase_add_test(tests, object_that_begins_before_the_page_is_read_there);
    tcase_add_test(tests, young_objects_and_gaps_are_no_old_words);
    tcase_add_test(tests, memory_that_may_not_be_read_is_left_out);
    tcase_add_test(tests, ranges_without_objects_are_nothing);
    tcase_set_timeout(plain, 600);
    tcase_add_test(plain, blocks_of_other_epochs_are_not_looked_at);
    tcase_add_test(plain, young_scans_agree_with_full_ones_and_the_history_with_a_model);
    suite_add_tcase(suite, tests);
    suite_add_tcase(suite, plain);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
