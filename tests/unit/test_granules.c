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

static void begin(void) {
    build = heap_build_new(ROOM);
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
        if ((inside == GRANULES_NOWHERE || inside == GRANULES_IN_MET || inside == GRANULES_FAR) &&
            met_byte(&met, address) == GRANULE_EMPTY)
            granules_note_none(&met.granules, none, address);
    }
}

static int is_met(uintptr_t start, object_id id) {
    return met_is(&met, start, id, met_byte(&met, start));
}

/* Does what is said of an address agree with what the index knows? */
static int agrees(uintptr_t address) {
    const struct heap *heap = &build->heap;
    uintptr_t start = 0, at = 0;
    object_id id = heap_find(heap, address, &at);
    if (!id)
        id = heap_ended(heap, address, &at);
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

/* A page is looked for once, wherever it begins. */
START_TEST (memory_with_no_object_is_noted) {
    enum { GAP = 65536, PAGE = 4096 };
    begin();
    heap_build_object(build, 64, 1);
    const char *gap = heap_build_gap(build, GAP), *object = heap_build_object(build, 32, 1);
    const struct range none = {0, (uintptr_t)object};
    freeze();
    ck_assert_int_eq(look(gap + 64), GRANULES_NOWHERE);
    granules_note_none(&met.granules, none, (uintptr_t)gap + 64);
    ck_assert_uint_eq(byte_at(gap + 48), GRANULE_EMPTY);
    ck_assert_uint_eq(byte_at(gap + 64), GRANULE_WITHIN);
    ck_assert_uint_eq(byte_at(gap + 64 + PAGE - 16), GRANULE_WITHIN);
    ck_assert_uint_eq(byte_at(gap + 64 + PAGE), GRANULE_EMPTY);
    for (const char *at = gap + 3 * PAGE; at < gap + GAP - PAGE; at += 2 * PAGE) {
        ck_assert_int_eq(look(at), GRANULES_FAR);
        granules_note_none(&met.granules, none, (uintptr_t)at + 8);
        ck_assert_uint_eq(byte_at(at), GRANULE_WITHIN);
        ck_assert_uint_eq(byte_at(at + PAGE / 2), GRANULE_WITHIN);
    }
    ck_assert_int_eq(look(object + 8), GRANULES_IN_UNMET);
    heap_build_free(build);
}
END_TEST

START_TEST (memory_with_no_object_is_noted_as_far_as_that_is_known) {
    begin();
    heap_build_object(build, 32, 1);
    const char *gap = heap_build_gap(build, 1024);
    const uintptr_t at = (uintptr_t)gap;
    const char *object = heap_build_object(build, 32, 1);
    freeze();
    ck_assert_int_eq(look(gap), GRANULES_AT_UNMET);
    ck_assert_int_eq(look(gap + 16), GRANULES_NOWHERE);
    granules_note_none(&met.granules, (struct range){0, at + 104}, at + 24);
    ck_assert_uint_eq(byte_at(gap + 16), GRANULE_WITHIN);
    ck_assert_uint_eq(byte_at(gap + 80), GRANULE_WITHIN);
    ck_assert_uint_eq(byte_at(gap + 96), GRANULE_EMPTY); /* its end is not in `none` */
    granules_note_none(&met.granules, (struct range){at + 200, UINTPTR_MAX}, at + 204);
    ck_assert_uint_eq(byte_at(gap + 192), GRANULE_EMPTY); /* nor is this one's begin */
    granules_note_none(&met.granules, (struct range){0, UINTPTR_MAX}, at + 512);
    ck_assert_uint_eq(byte_at(gap + 496), GRANULE_EMPTY);
    ck_assert_uint_eq(byte_at(object - 16), GRANULE_WITHIN);
    ck_assert_int_eq(look(object + 8), GRANULES_IN_UNMET);
    heap_build_free(build);
}
END_TEST

/* The end of an object that was not met lies in the same granule. */
START_TEST (granule_that_begins_in_an_object_is_not_noted) {
    begin();
    const char *object = heap_build_object(build, 32 + 1, 1);
    heap_build_gap(build, 64);
    freeze();
    ck_assert_int_eq(look(object + 40), GRANULES_NOWHERE);
    granules_note_none(&met.granules, (struct range){0, UINTPTR_MAX}, (uintptr_t)object + 40);
    ck_assert_uint_eq(byte_at(object + 32), GRANULE_EMPTY);
    ck_assert_int_eq(look(object + 32), GRANULES_AT_UNMET);
    heap_build_free(build);
}
END_TEST

START_TEST (memory_next_to_large_objects_is_noted_up_to_them) {
    enum { PAGE = 4096, LARGE = 10 * PAGE, GAP = 2 * PAGE };
    struct range none;
    uintptr_t start;
    begin();
    heap_build_object(build, LARGE, 1);
    const char *gap = heap_build_gap(build, GAP), *object = heap_build_object(build, LARGE, 1);
    freeze();
    for (const char *at = gap - GAP; at < object + GAP; at += 64)
        if (look(at) == GRANULES_FAR && !heap_find_far(&build->heap, (uintptr_t)at, &start, &none))
            granules_note_none(&met.granules, none, (uintptr_t)at);
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
    tcase_add_test(tests, memory_with_no_object_is_noted);
    tcase_add_test(tests, memory_with_no_object_is_noted_as_far_as_that_is_known);
    tcase_add_test(tests, granule_that_begins_in_an_object_is_not_noted);
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
