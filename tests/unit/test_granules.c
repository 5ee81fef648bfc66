/* test_granules.c - what the granules' bytes say of an address, against heap_find() for every word of random heaps.
 *
 * Linked with all of analysis/, heap_build.c and -lcheck.  CASTAWAY_SEEDS=n tries n heaps (default 20). */
#include "analysis/granules.h"
#include "analysis/met.h"
#include "tests/unit/draw.h"
#include "tests/unit/heap_build.h"
#include "tests/unit/suite.h"

enum { ROOM = 3 << 20, OBJECTS = 600, WORD = sizeof(uintptr_t), LEAVES = 32 };

static struct heap_build *build;
static struct met met;

/* Far from what a test makes lies something in as many leaves as it takes to have pages closed. */
static void begin(void) {
    build = heap_build_new(ROOM);
    for (int i = 0; i < PLACES_LEAVES_MIN; i++)
        heap_build_adopt(build, build->memory + ROOM + ((size_t)i + 1) * HEAP_LEAF_BYTES, 16, 1);
}

static void freeze(void) {
    heap_build_freeze(build);
    ck_assert_int_eq(met_begin(&met, &build->heap, NULL, &build->arena), 0);
}

static uint64_t draw_size(void) {
    static const uint64_t sizes[] = {0,    1,    24,   64,   927,  928,  935,  936,  944,
                                     1000, 1024, 2047, 3000, 4080, 4095, 4096, 4100, 20000};
    return draw(4) ? sizes[draw(sizeof sizes / sizeof *sizes)] : draw(draw(2) ? 100 : 6000);
}

/* half: some begin in the middle of a granule */
static void draw_heap(uint64_t seed, int half) {
    draw_from(seed);
    for (int i = 0; i < OBJECTS; i++) {
        heap_build_shifted(build, draw_size(), 1, half && draw(5) == 0 ? 8 : 0);
        if (draw(8) == 0)
            heap_build_gap(build, 16 * draw(draw(4) ? 8 : 300) + 16);
    }
    build->heap.ends_hold = 1;
    freeze();
}

static int meet(void *nothing, uintptr_t address, object_id id) {
    uint8_t code;
    (void)nothing;
    if (draw(3) == 0)
        met_note(&met, address, id, &code);
    return 0;
}

/* As a search does when a word points into a large one that was met. */
static int note(void *nothing, uintptr_t address, object_id id) {
    uint64_t bytes = heap_object(&build->heap, id)->size_bytes;
    (void)nothing;
    for (int i = 0; bytes >= HEAP_LARGE_BYTES && met_is(&met, address, id, met_byte(&met, address)) && i < 2; i++)
        granules_note_met(&met.granules, (struct range){address, address + bytes}, address + draw(bytes));
    return 0;
}

/* As a search does of words that lead to nothing, here and there. */
static void note_nothing(void) {
    struct range none = {0, 0};
    uintptr_t start, end = (uintptr_t)build->next + 64;
    for (uintptr_t address = (uintptr_t)build->memory; address < end && !build->heap.odd_count; address += draw(200)) {
        enum granules_inside inside = granules_look(&met.granules, address, &start);
        if (heap_find_far(&build->heap, address, &start, &none))
            continue;
        if (inside == GRANULES_NOWHERE || inside == GRANULES_IN_MET || inside == GRANULES_FAR)
            granules_settle(&met.granules, none, address);
    }
}

static int is_met(uintptr_t start, object_id id) {
    return met_is(&met, start, id, met_byte(&met, start));
}

static unsigned is_open(uintptr_t address) {
    return closed_is_open(met.granules.closed.open, address);
}

/* Does what is said of an address agree with what the index knows? */
static int agrees(uintptr_t address) {
    const struct heap *heap = &build->heap;
    uintptr_t start = 0, at = 0;
    object_id id = heap_find(heap, address, &at);
    if (!id)
        id = heap_ended(heap, address, &at);
    if (!is_open(address) && id && !is_met(at, id))
        return 0;
    switch (granules_look(&met.granules, address, &start)) {
    case GRANULES_NOWHERE:
        return !id;
    case GRANULES_IN_MET:
        return !id || is_met(at, id);
    case GRANULES_IN_UNMET:
        return id && start == at && heap_contains(heap, at, id, address) && !is_met(at, id);
    case GRANULES_AT_UNMET:
        return !id || start == at;
    case GRANULES_FAR:
        return !id || heap_object(heap, id)->size_bytes >= HEAP_LARGE_BYTES;
    case GRANULES_ASK:
        return 1;
    }
    return 0;
}

static void all_agree(void) {
    uintptr_t bad = 0; /* one assertion, for each is told to the runner */
    for (uintptr_t address = (uintptr_t)build->memory; address < (uintptr_t)build->next + 64; address += WORD)
        if (address % GRANULE_BYTES || !granules_begins(met_byte(&met, address)))
            bad = agrees(address + draw(2)) ? bad : address;
        else if (!is_open(address) && !(met_byte(&met, address) & GRANULE_MET))
            bad = address;
    ck_assert_uint_eq(bad, 0);
}

static void random_heaps_agree(int half) {
    for (uint64_t seed = 1; seed <= draw_seeds(20); seed++) {
        begin();
        draw_heap(seed, half);
        all_agree();
        heap_each(&build->heap, meet, NULL);
        all_agree();
        heap_each(&build->heap, note, NULL);
        note_nothing();
        all_agree();
        heap_build_free(build);
    }
}

START_TEST (bytes_agree_with_the_index) {
    random_heaps_agree(0);
}
END_TEST

START_TEST (bytes_agree_where_objects_begin_in_the_middle_of_granules) {
    random_heaps_agree(1);
}
END_TEST

static enum granules_inside look(const char *address) {
    uintptr_t start;
    return granules_look(&met.granules, (uintptr_t)address, &start);
}

START_TEST (middle_of_a_long_object_is_told_without_the_index) {
    begin();
    const char *object = heap_build_object(build, 4000, 1);
    freeze();
    for (int i = 16; i < 4000; i += 8)
        ck_assert_int_eq(look(object + i), GRANULES_IN_UNMET);
    uint8_t code;
    ck_assert(met_note(&met, (uintptr_t)object, heap_build_id(build, object), &code));
    for (int i = 16; i <= 4000; i += 8)
        ck_assert_int_eq(look(object + i), GRANULES_IN_MET);
    heap_build_free(build);
}
END_TEST

START_TEST (memory_far_from_any_object_is_told_without_the_index) {
    begin();
    heap_build_object(build, 4000, 1);
    const char *gap = heap_build_gap(build, 8192);
    heap_build_object(build, 32, 1);
    freeze();
    ck_assert_int_eq(look(gap + 64), GRANULES_NOWHERE);
    ck_assert_int_eq(look(gap + 6000), GRANULES_FAR);
    heap_build_free(build);
}
END_TEST

static uint8_t byte_at(const char *address) {
    return met_byte(&met, (uintptr_t)address);
}

enum { PAGE = CLOSED_PAGE_BYTES };
static const struct range anywhere = {0, UINTPTR_MAX};

static void settle(const char *address, struct range none) {
    granules_settle(&met.granules, none, (uintptr_t)address);
}

/* Another object so far away that its pages' bits are those of what is near, or so large. */
static void adopt_far(uint64_t size_bytes) {
    heap_build_adopt(build, build->memory + (UINT64_C(1) << 32), size_bytes, 1);
}

static void meet_one(const char *object) {
    uint8_t code;
    ck_assert(met_note(&met, (uintptr_t)object, heap_build_id(build, object), &code));
}

/* Room up to a page's begin. */
static char *next_page(void) {
    uintptr_t next = (uintptr_t)build->next, page = (next + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
    heap_build_gap(build, page - next);
    return build->next;
}

START_TEST (memory_with_no_object_is_noted_and_closed) {
    begin();
    heap_build_object(build, 64, 1);
    const char *gap = next_page();
    heap_build_gap(build, 16 * PAGE);
    const char *object = heap_build_object(build, 32, 1);
    freeze();
    for (const char *at = gap; at < object; at += 2 * PAGE) {
        settle(at + 1000, anywhere);
        ck_assert_uint_eq(byte_at(at), GRANULE_WITHIN);
        ck_assert_uint_eq(byte_at(at + PAGE - 16), GRANULE_WITHIN);
        ck_assert_uint_eq(byte_at(at + PAGE), GRANULE_EMPTY);
        ck_assert(!is_open((uintptr_t)at) && is_open((uintptr_t)at + PAGE));
    }
    settle(object, anywhere);
    ck_assert_uint_eq(byte_at(object + 16), GRANULE_EMPTY);
    ck_assert_uint_eq(byte_at(object + 48), GRANULE_WITHIN); /* not its end */
    ck_assert(is_open((uintptr_t)object));
    heap_build_free(build);
}
END_TEST

START_TEST (memory_is_noted_as_far_as_it_is_known_to_have_no_object) {
    begin();
    heap_build_object(build, 32, 1);
    const char *gap = next_page();
    const uintptr_t at = (uintptr_t)gap;
    heap_build_gap(build, PAGE);
    freeze();
    settle(gap + 40, (struct range){at + 24, at + 104});
    ck_assert_uint_eq(byte_at(gap + 16), GRANULE_EMPTY);
    ck_assert_uint_eq(byte_at(gap + 32), GRANULE_WITHIN);
    ck_assert_uint_eq(byte_at(gap + 80), GRANULE_WITHIN);
    ck_assert_uint_eq(byte_at(gap + 96), GRANULE_EMPTY);
    ck_assert(is_open(at));
    settle(gap + 96, (struct range){0, 0});
    ck_assert_uint_eq(byte_at(gap + 96), GRANULE_EMPTY);
    settle(gap + 96, anywhere);
    ck_assert(!is_open(at));
    heap_build_free(build);
}
END_TEST

/* _i: its size. A word may lead to its end, or into the word that it ends in. */
START_TEST (end_of_an_object_that_was_not_met_is_not_noted) {
    static const struct {
        size_t bytes, free_from;
    } objects[] = {{0, 16},  {8, 16},  {9, 16},    {16, 32},   {24, 32},
                   {33, 48}, {40, 48}, {928, 944}, {940, 944}, {4000, 4016}};
    begin();
    next_page();
    heap_build_gap(build, PAGE - 512);
    const char *object = heap_build_object(build, objects[_i].bytes, 1), *free_from = object + objects[_i].free_from;
    heap_build_gap(build, 2 * PAGE);
    freeze();
    settle(object, anywhere);
    settle(object + PAGE, anywhere);
    for (const char *at = object + 16; at < free_from; at += 16)
        ck_assert_uint_ne(byte_at(at), GRANULE_WITHIN);
    ck_assert_uint_eq(byte_at(free_from), GRANULE_WITHIN);
    ck_assert(is_open((uintptr_t)object));
    ck_assert_int_eq(is_open((uintptr_t)object + PAGE) != 0, objects[_i].free_from > 512);
    heap_build_free(build);
}
END_TEST

/* Else each word into a page of small objects would have all of it looked at again. */
START_TEST (behind_a_short_object_no_more_is_noted_than_up_to_the_next) {
    begin();
    next_page();
    const char *first = heap_build_object(build, 100, 1), *first_gap = heap_build_gap(build, 64);
    const char *unmet = heap_build_object(build, 32, 1), *second_gap = heap_build_gap(build, 64);
    heap_build_object(build, 32, 1);
    freeze();
    meet_one(first);
    settle(first + 32, anywhere);
    for (const char *at = first + 16; at < unmet; at += 16)
        ck_assert_uint_eq(byte_at(at), GRANULE_WITHIN);
    ck_assert_uint_eq(byte_at(second_gap + 16), GRANULE_EMPTY);
    settle(second_gap + 32, anywhere);
    ck_assert_uint_eq(byte_at(unmet + 16), GRANULE_EMPTY);
    ck_assert_uint_eq(byte_at(second_gap), GRANULE_EMPTY); /* the end of `unmet` */
    ck_assert_uint_eq(byte_at(second_gap + 16), GRANULE_WITHIN);
    ck_assert_ptr_eq(first_gap, first + 112);
    heap_build_free(build);
}
END_TEST

/* The granule's other half may lead to the end of an object that was not met. */
START_TEST (nothing_is_looked_at_where_a_granule_can_not_be_noted) {
    begin();
    next_page();
    const char *object = heap_build_object(build, 32, 1);
    heap_build_gap(build, 256);
    freeze();
    ck_assert_int_eq(look(object + 40), GRANULES_NOWHERE);
    settle(object + 40, anywhere);
    settle(object + 104, (struct range){(uintptr_t)object + 100, UINTPTR_MAX});
    for (const char *at = object + 16; at < object + 256; at += 16)
        ck_assert_uint_eq(byte_at(at), GRANULE_EMPTY);
    heap_build_free(build);
}
END_TEST

/* What begins in the leaf before reaches 4 KiB into it, and not further. */
START_TEST (second_page_of_a_leaf_is_closed) {
    begin();
    uintptr_t border = ((uintptr_t)build->next | (HEAP_LEAF_BYTES - 1)) + 1;
    heap_build_gap(build, border - 4096 - (uintptr_t)build->next);
    heap_build_object(build, 4095, 1);
    heap_build_gap(build, 65536);
    heap_build_object(build, 32, 1);
    freeze();
    settle((const char *)border + PAGE + 512, anywhere);
    ck_assert(!is_open(border + PAGE));
    settle((const char *)border + 512, anywhere);
    ck_assert(is_open(border));
    heap_build_free(build);
}
END_TEST

START_TEST (page_of_a_large_objects_end_is_closed) {
    begin();
    next_page();
    const char *object = heap_build_object(build, 2 * PAGE + 72, 1);
    heap_build_gap(build, 2 * PAGE);
    freeze();
    const uintptr_t lo = (uintptr_t)object, hi = lo + 2 * PAGE + 72, last = lo + 2 * PAGE;
    meet_one(object);
    granules_note_met(&met.granules, (struct range){lo, last + 80}, lo + 5000);
    ck_assert(!is_open(lo + PAGE) && is_open(last));
    settle((const char *)last + 512, (struct range){hi + 1, UINTPTR_MAX});
    ck_assert(!is_open(last));
    heap_build_free(build);
}
END_TEST

/* Its byte does not say how long it is. */
START_TEST (object_that_is_not_read_word_by_word_is_not_noted) {
    begin();
    next_page();
    const char *object = heap_build_object(build, 64, 1);
    heap_build_gap(build, 2 * PAGE);
    heap_build_record(build, object)->flags |= OBJECT_LINKS;
    freeze();
    settle(object, anywhere);
    ck_assert_uint_eq(byte_at(object + 16), GRANULE_EMPTY);
    ck_assert_uint_eq(byte_at(object + 64), GRANULE_EMPTY);
    meet_one(object);
    settle(object, anywhere);
    ck_assert_uint_eq(byte_at(object + 16), GRANULE_WITHIN);
    ck_assert(!is_open((uintptr_t)object));
    heap_build_free(build);
}
END_TEST

/* As arenas lie: each in two pages, with some bytes between. */
START_TEST (page_of_long_objects_is_closed_when_all_were_met) {
    enum { ARENAS = 5 };
    const char *arena[ARENAS];
    begin();
    next_page();
    heap_build_gap(build, 1000);
    for (int i = 0; i < ARENAS; i++) {
        arena[i] = heap_build_object(build, 4080, 1);
        heap_build_gap(build, 16);
    }
    freeze();
    for (int i = ARENAS - 1; i >= 0; i--) {
        const uintptr_t page = (uintptr_t)arena[i] + PAGE;
        ck_assert(is_open(page));
        meet_one(arena[i]);
        settle(arena[i], anywhere);
        settle(arena[i] + PAGE, anywhere);
        ck_assert(i == ARENAS - 1 || !is_open(page));
    }
    heap_build_free(build);
}
END_TEST

START_TEST (pages_of_a_large_object_are_closed_when_it_was_met) {
    begin();
    next_page();
    const char *object = heap_build_object(build, 10 * PAGE, 1);
    heap_build_object(build, 32, 1);
    freeze();
    const uintptr_t lo = (uintptr_t)object, hi = lo + 10 * PAGE;
    meet_one(object);
    granules_note_met(&met.granules, (struct range){lo, hi}, lo + 5000);
    for (uintptr_t at = lo; at < hi; at += PAGE)
        ck_assert(!is_open(at));
    ck_assert(is_open(hi));
    heap_build_free(build);
}
END_TEST

/* _i: how large the other is. Words to both are told apart by nothing but their high bits. */
START_TEST (page_stays_open_that_shares_its_bit) {
    static const uint64_t sizes[] = {64, UINT64_C(5) << 30};
    begin();
    const char *gap = next_page();
    heap_build_gap(build, 2 * PAGE);
    heap_build_object(build, 32, 1);
    adopt_far(sizes[_i]);
    freeze();
    settle(gap, anywhere);
    ck_assert_uint_eq(byte_at(gap), GRANULE_WITHIN);
    ck_assert(is_open((uintptr_t)gap));
    heap_build_free(build);
}
END_TEST

START_TEST (memory_next_to_large_objects_is_noted_up_to_them) {
    enum { LARGE = 10 * PAGE, GAP = 2 * PAGE };
    struct range none;
    uintptr_t start;
    begin();
    heap_build_object(build, LARGE, 1);
    const char *gap = heap_build_gap(build, GAP), *object = heap_build_object(build, LARGE, 1);
    freeze();
    for (const char *at = gap - GAP; at < object + GAP; at += 64)
        if (look(at) == GRANULES_FAR && !heap_find_far(&build->heap, (uintptr_t)at, &start, &none))
            granules_settle(&met.granules, none, (uintptr_t)at);
    ck_assert_uint_eq(met_byte(&met, (uintptr_t)gap + PAGE), GRANULE_WITHIN);
    ck_assert_int_eq(look(gap - 8), GRANULES_FAR);
    ck_assert_int_eq(look(gap), GRANULES_FAR);
    ck_assert_int_eq(look(object + PAGE), GRANULES_FAR);
    heap_build_free(build);
}
END_TEST

START_TEST (middle_of_a_large_object_is_told_when_it_was_met) {
    enum { BYTES = HEAP_LEAF_BYTES + HEAP_LEAF_BYTES / 4 };
    begin();
    uintptr_t lead = HEAP_LEAF_BYTES / 2 - (uintptr_t)build->next; /* it begins in the middle of a leaf */
    heap_build_gap(build, lead & (HEAP_LEAF_BYTES - 1));
    const char *object = heap_build_object(build, BYTES, 1), *end = object + BYTES;
    heap_build_gap(build, 16);
    const char *after = heap_build_object(build, 64, 1);
    freeze();
    ck_assert_int_eq(look(object + HEAP_LEAF_BYTES / 4), GRANULES_FAR);
    granules_note_met(&met.granules, (struct range){(uintptr_t)object, (uintptr_t)end}, (uintptr_t)object + 6000);
    const char *leaf_end = (const char *)(((uintptr_t)object | (HEAP_LEAF_BYTES - 1)) + 1);
    for (const char *at = object + 16; at < leaf_end; at += 8)
        ck_assert_int_eq(look(at), GRANULES_IN_MET);
    granules_note_met(&met.granules, (struct range){(uintptr_t)object, (uintptr_t)end}, (uintptr_t)end - 100);
    ck_assert_int_eq(look(end - 8), GRANULES_IN_MET);
    ck_assert_int_eq(look(after + 8), GRANULES_IN_UNMET);
    ck_assert_int_eq(look(after + 200), GRANULES_NOWHERE);
    heap_build_free(build);
}
END_TEST

/* The first one's end was not seen, and its memory is used anew. */
START_TEST (object_that_begins_inside_another_is_its_own) {
    begin();
    char *object = heap_build_object(build, 4000, 1);
    object_id small = heap_build_adopt(build, object + 1024, 32, 1);
    freeze();
    uintptr_t start = 0;
    ck_assert_uint_eq(heap_find(&build->heap, (uintptr_t)object + 1032, &start), small);
    ck_assert_int_eq(granules_look(&met.granules, (uintptr_t)object + 1048, &start), GRANULES_IN_UNMET);
    ck_assert_uint_eq(start, (uintptr_t)object + 1024);
    ck_assert_int_eq(granules_look(&met.granules, (uintptr_t)object + 512, &start), GRANULES_IN_UNMET);
    ck_assert_uint_eq(start, (uintptr_t)object);
    heap_build_free(build);
}
END_TEST

/* ---- leaves in which nothing begins that is looked at ---- */

static const struct young from_second_epoch = {.birth_from = LEAVES + 1};

/* An old object in each of many leaves, and a young one in the last. returns that one */
static char *spread(size_t size_bytes) {
    build = heap_build_new((LEAVES + 1) * (size_t)HEAP_LEAF_BYTES);
    for (int i = 0; i < LEAVES; i++) {
        heap_build_object(build, size_bytes, 1);
        heap_build_gap(build, HEAP_LEAF_BYTES - ((size_bytes + 15) & ~(size_t)15));
    }
    build->epoch++;
    return heap_build_object(build, size_bytes, 1);
}

static size_t bytes_of_table(void) {
    size_t before = build->arena.used_bytes;
    ck_assert_int_eq(met_begin(&met, &build->heap, NULL, &build->arena), 0);
    return build->arena.used_bytes - before;
}

static int bare_leaf_is_empty(void) {
    for (size_t i = 0; i < HEAP_LEAF_SLOTS; i++)
        if (met.granules.bare->granule[i] != GRANULE_EMPTY)
            return 0;
    return 1;
}

START_TEST (leaves_of_old_objects_cost_a_young_scan_no_memory) {
    const size_t leaves_bytes = LEAVES * sizeof(struct granules_leaf);
    spread(64);
    heap_build_freeze(build);
    ck_assert_uint_ge(bytes_of_table(), leaves_bytes);
    heap_build_view(build, from_second_epoch);
    ck_assert_uint_le(bytes_of_table(), leaves_bytes / 4);
    ck_assert(bare_leaf_is_empty());
    heap_build_free(build);
}
END_TEST

START_TEST (leaves_of_freed_objects_cost_no_memory) {
    const char *last = spread(64), *first = build->memory;
    for (size_t i = 0; i < LEAVES; i++)
        heap_build_forget(build, first + i * HEAP_LEAF_BYTES);
    heap_build_freeze(build);
    ck_assert_uint_le(bytes_of_table(), LEAVES * sizeof(struct granules_leaf) / 4);
    ck_assert_int_eq(look(last + 16), GRANULES_IN_UNMET);
    ck_assert_int_eq(look(last - HEAP_LEAF_BYTES / 2), GRANULES_FAR);
    heap_build_free(build);
}
END_TEST

START_TEST (words_of_a_young_scan_into_old_objects_are_told_without_the_index) {
    char *young = spread(64);
    heap_build_view(build, from_second_epoch);
    bytes_of_table();
    ck_assert_int_eq(look(young - HEAP_LEAF_BYTES / 2), GRANULES_FAR);
    ck_assert_int_eq(look(young + 16), GRANULES_IN_UNMET);
    heap_build_free(build);
}
END_TEST

/* The object of the leaf before reaches into it. */
START_TEST (beginning_of_a_bare_leaf_is_asked_for) {
    build = heap_build_new(3 * (size_t)HEAP_LEAF_BYTES);
    uintptr_t border = ((uintptr_t)build->memory + HEAP_LEAF_BYTES) & ~(uintptr_t)(HEAP_LEAF_BYTES - 1);
    heap_build_gap(build, border - 2000 - (uintptr_t)build->memory);
    heap_build_object(build, 4000, 1);
    object_id freed = heap_build_adopt(build, (const char *)border + 8192, 64, 1); /* so that the leaf is there */
    heap_build_forget(build, (const char *)border + 8192);
    freeze();
    uintptr_t start;
    ck_assert_uint_lt(heap_find(&build->heap, border + 1000, &start), freed);
    ck_assert_uint_eq(start, border - 2000);
    ck_assert_int_eq(look((const char *)border + 1000), GRANULES_ASK);
    ck_assert_int_eq(look((const char *)border + 8192), GRANULES_FAR);
    ck_assert_int_eq(look((const char *)border + HEAP_LEAF_BYTES + 16), GRANULES_FAR); /* none reaches into that one */
    heap_build_free(build);
}
END_TEST

START_TEST (object_without_a_slot_alone_in_its_leaf_is_told) {
    build = heap_build_new(4 * (size_t)HEAP_LEAF_BYTES);
    heap_build_object(build, 64, 1);
    heap_build_gap(build, 2 * HEAP_LEAF_BYTES);
    const char *odd = heap_build_shifted(build, 64, 1, 4);
    freeze();
    ck_assert_uint_eq(build->heap.odd_count, 1);
    ck_assert_int_eq(met_byte(&met, (uintptr_t)odd), GRANULE_ASK);
    ck_assert(bare_leaf_is_empty());
    heap_build_free(build);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("granules");
    TCase *tests = tcase_create("granules");
    tcase_add_test(tests, bytes_agree_with_the_index);
    tcase_add_test(tests, bytes_agree_where_objects_begin_in_the_middle_of_granules);
    tcase_add_test(tests, middle_of_a_long_object_is_told_without_the_index);
    tcase_add_test(tests, memory_far_from_any_object_is_told_without_the_index);
    tcase_add_test(tests, memory_with_no_object_is_noted_and_closed);
    tcase_add_test(tests, memory_is_noted_as_far_as_it_is_known_to_have_no_object);
    tcase_add_loop_test(tests, end_of_an_object_that_was_not_met_is_not_noted, 0, 10);
    tcase_add_test(tests, page_of_long_objects_is_closed_when_all_were_met);
    tcase_add_test(tests, pages_of_a_large_object_are_closed_when_it_was_met);
    tcase_add_loop_test(tests, page_stays_open_that_shares_its_bit, 0, 2);
    tcase_add_test(tests, object_that_is_not_read_word_by_word_is_not_noted);
    tcase_add_test(tests, behind_a_short_object_no_more_is_noted_than_up_to_the_next);
    tcase_add_test(tests, nothing_is_looked_at_where_a_granule_can_not_be_noted);
    tcase_add_test(tests, second_page_of_a_leaf_is_closed);
    tcase_add_test(tests, page_of_a_large_objects_end_is_closed);
    tcase_add_test(tests, memory_next_to_large_objects_is_noted_up_to_them);
    tcase_add_test(tests, middle_of_a_large_object_is_told_when_it_was_met);
    tcase_add_test(tests, object_that_begins_inside_another_is_its_own);
    tcase_add_test(tests, leaves_of_old_objects_cost_a_young_scan_no_memory);
    tcase_add_test(tests, leaves_of_freed_objects_cost_no_memory);
    tcase_add_test(tests, words_of_a_young_scan_into_old_objects_are_told_without_the_index);
    tcase_add_test(tests, beginning_of_a_bare_leaf_is_asked_for);
    tcase_add_test(tests, object_without_a_slot_alone_in_its_leaf_is_told);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
