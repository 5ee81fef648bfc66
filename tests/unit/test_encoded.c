/* test_encoded.c - hash tables whose keys and values have 4 bytes each, and patterns that tell a distance.
 *
 * Linked with all of analysis/, heap_build.c and -lcheck. */
#include "analysis/encoded.h"
#include "analysis/audit.h"
#include "analysis/cycle.h"
#include "analysis/dominators.h"
#include "analysis/lingering.h"
#include "analysis/path.h"
#include "analysis/young.h"
#include "tests/unit/heap_build.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { ROOM_BYTES = 1 << 20, SLOTS = 8, TABLE_BYTES = 96, WIDE_KEYS = 1, WIDE_VALUES = 2 };

struct table { /* as in GLib */
    uint64_t slots;
    uint32_t modulus, mask, used, not_empty, wide, pad;
    void *keys;
    uint32_t *hashes;
    void *values;
};

static struct heap_build *build;
static char *low, *low_next;
static uintptr_t *root;

static void setup(void) {
    build = heap_build_new(ROOM_BYTES);
    root = heap_build_gap(build, sizeof *root);
    low = mmap(NULL, ROOM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    ck_assert_ptr_ne(low, MAP_FAILED);
    low_next = low;
}
static void teardown(void) {
    munmap(low, ROOM_BYTES);
    heap_build_free(build);
}

/* Below 4 GiB. */
static void *object(size_t size_bytes) {
    void *address = low_next;
    low_next += (size_bytes + 31) & ~(size_t)15;
    heap_build_adopt(build, address, size_bytes, 1);
    return address;
}
static struct table *table(uint32_t wide) {
    struct table *table = object(TABLE_BYTES);
    *table = (struct table){.slots = SLOTS, .modulus = 7, .mask = SLOTS - 1, .used = 1, .not_empty = 1, .wide = wide};
    table->keys = object(SLOTS * (wide & WIDE_KEYS ? 8 : 4));
    table->hashes = object(SLOTS * 4);
    table->values = object(SLOTS * (wide & WIDE_VALUES ? 8 : 4));
    return table;
}
struct pattern { /* as in fontconfig */
    int32_t count, room;
    intptr_t distance;
    int32_t references;
};

/* With its elements, the second of which leads to `value`. */
static struct pattern *pattern(int32_t room, void *value) {
    enum { ELEMENT_WORDS = 2 };
    uintptr_t *elements = heap_build_object(build, (size_t)room * ELEMENT_WORDS * sizeof(uintptr_t), 2);
    struct pattern *pattern = heap_build_object(build, sizeof *pattern, 1);
    elements[ELEMENT_WORDS + 1] = (uintptr_t)value;
    *pattern = (struct pattern){2, room, (intptr_t)elements - (intptr_t)pattern, 1};
    return pattern;
}
static void *elements_of(struct pattern *pattern) {
    return (char *)pattern + pattern->distance;
}
static uint32_t half(const void *address) {
    return (uint32_t)(uintptr_t)address;
}
static int is_flagged(const void *address) {
    return (heap_build_record(build, address)->flags & OBJECT_ENCODED) != 0;
}
static void find(void) {
    ck_assert_int_eq(encoded_find(&build->heap, ENCODED_GLIB | ENCODED_FONTCONFIG, &build->arena), 0);
}
static struct marks mark(void) {
    const struct root roots[] = {{(uintptr_t)root, (uintptr_t)(root + 1), 0}};
    struct marks marks;
    heap_build_freeze(build);
    ck_assert_int_eq(mark_run(&build->heap, roots, 1, &build->arena, &marks), 0);
    return marks;
}
static int is_reached(const struct marks *marks, const void *address) {
    return mark_test(marks->reachable, heap_build_id(build, address));
}

START_TEST (keys_and_values_of_four_bytes_hold) {
    struct table *it = table(0);
    void *key = object(40), *value = object(40), *other = object(40);
    ((uint32_t *)it->keys)[3] = half(key);
    ((uint32_t *)it->values)[SLOTS - 1] = half(value);
    *root = (uintptr_t)it;
    find();
    struct marks marks = mark();
    ck_assert(is_reached(&marks, key) && is_reached(&marks, value) && !is_reached(&marks, other));
}
END_TEST

START_TEST (words_are_left_as_they_are) {
    struct table *it = table(WIDE_KEYS | WIDE_VALUES);
    void *key = object(40), *other = object(40);
    ((uintptr_t *)it->keys)[3] = (uintptr_t)key;
    ((uintptr_t *)it->values)[3] = (uintptr_t)half(other) << 32;
    *root = (uintptr_t)it;
    find();
    struct marks marks = mark();
    ck_assert(!is_flagged(it->keys) && !is_flagged(it->values) && !build->heap.encoded_count);
    ck_assert(is_reached(&marks, key) && !is_reached(&marks, other));
}
END_TEST

START_TEST (set_has_one_array) {
    struct table *it = table(0);
    it->values = it->keys;
    find();
    ck_assert_uint_eq(build->heap.encoded_count, 1);
}
END_TEST

START_TEST (array_of_another_size_is_none) {
    struct table *it = table(0);
    it->keys = object(SLOTS * 4 + 4);
    find();
    ck_assert_uint_eq(build->heap.encoded_count, 0);
}
END_TEST

START_TEST (mask_that_does_not_fit_makes_no_table) {
    table(0)->mask = SLOTS;
    table(0)->not_empty = SLOTS + 1;
    table(0)->slots = SLOTS + 1;
    find();
    ck_assert_uint_eq(build->heap.encoded_count, 0);
}
END_TEST

START_TEST (lost_table_holds_what_is_lost_with_it) {
    struct table *it = table(0);
    void *key = object(40);
    ((uint32_t *)it->keys)[5] = half(key);
    find();
    struct marks marks = mark();
    struct graph graph;
    ck_assert_int_eq(graph_nodes(&graph, &build->heap, &marks, &build->arena), 0);
    node_number node = graph_number(&graph, heap_build_id(build, it->keys));
    struct pointers walk = graph_walk_from(&graph, node);
    struct graph_edge edge;
    ck_assert(graph_next(&graph, node, &walk, &edge));
    ck_assert_uint_eq(edge.target, graph_number(&graph, heap_build_id(build, key)));
    ck_assert_uint_eq(edge.offset, 5 * 4);
    ck_assert(!graph_next(&graph, node, &walk, &edge));
}
END_TEST

START_TEST (way_leads_through_four_bytes) {
    struct table *it = table(0);
    uintptr_t *key = object(40), *below = object(24);
    struct path path;
    ((uint32_t *)it->keys)[5] = half(key);
    key[1] = (uintptr_t)below;
    *root = (uintptr_t)it;
    find();
    mark();
    const struct root roots[] = {{(uintptr_t)root, (uintptr_t)(root + 1), 0}};
    ck_assert_int_eq(path_find(&build->heap, roots, 1, (uintptr_t)below, &build->arena, &path), 0);
    ck_assert_uint_eq(path.root_word, (uintptr_t)root);
    ck_assert_uint_eq(path.step_count, 4);
    ck_assert_uint_eq(path.steps[0].offset, offsetof(struct table, keys));
    ck_assert_uint_eq(path.steps[1].offset, 5 * sizeof(uint32_t));
    ck_assert_uint_eq(path.steps[2].offset, sizeof(uintptr_t));
}
END_TEST

START_TEST (way_ends_where_four_bytes_point) {
    struct table *it = table(0);
    char *value = object(40);
    struct path path;
    ((uint32_t *)it->values)[2] = half(value + 8);
    ((uint32_t *)it->values)[3] = half(it); /* no part of the word */
    *root = (uintptr_t)it;
    find();
    mark();
    const struct root roots[] = {{(uintptr_t)root, (uintptr_t)(root + 1), 0}};
    ck_assert_int_eq(path_find(&build->heap, roots, 1, (uintptr_t)value, &build->arena, &path), 0);
    ck_assert_uint_eq(path.step_count, 3);
    ck_assert_uint_eq(path.steps[2].offset, 8);
}
END_TEST

START_TEST (who_holds_a_table_retains_what_it_holds) {
    struct table *it = table(0);
    uintptr_t *value = object(40), *below = object(24);
    struct dominators tree;
    struct retained retained[1];
    ((uint32_t *)it->keys)[SLOTS - 1] = half(value);
    ((uint32_t *)it->values)[1] = half(value);
    value[0] = (uintptr_t)below;
    find();
    mark();
    const struct dominator_entry entry = {heap_build_id(build, it), 0, (uintptr_t)it};
    ck_assert_int_eq(dominators_build(&build->heap, &entry, 1, 1, 1, &build->arena, &tree), 0);
    dominators_groups(&tree, retained);
    ck_assert_uint_eq(retained[0].objects, 6);
    ck_assert_uint_eq(retained[0].bytes, TABLE_BYTES + 3 * SLOTS * 4 + 40 + 24);
}
END_TEST

START_TEST (cycle_closes_through_four_bytes) {
    struct table *it = table(0);
    uintptr_t *value = object(40);
    struct graph graph;
    struct cycle cycle;
    ((uint32_t *)it->values)[5] = half(value);
    value[2] = (uintptr_t)it;
    find();
    struct marks marks = mark();
    ck_assert_int_eq(graph_begin(&graph, &build->heap, &build->arena), 0);
    void *const all[] = {it, it->keys, it->hashes, it->values, value};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        ck_assert(!is_reached(&marks, all[i]));
        graph_note_lost(&graph, heap_build_id(build, all[i]));
    }
    ck_assert_int_eq(graph_complete(&graph, &build->arena), 0);
    uint32_t component = graph.component[graph_number(&graph, heap_build_id(build, value))];
    ck_assert_uint_eq(graph_members(&graph, component), 3);
    struct cycle_search *search = cycle_search_new(&graph, 3, &build->arena);
    ck_assert_ptr_nonnull(search);
    ck_assert_int_eq(cycle_smallest(search, component, &cycle), 0);
    ck_assert_uint_eq(cycle.length, 3);
    for (size_t i = 0; i < cycle.length; i++)
        if (cycle.node[i] == graph_number(&graph, heap_build_id(build, it->values)))
            ck_assert_uint_eq(cycle.edge[i].offset, 5 * sizeof(uint32_t));
}
END_TEST

START_TEST (what_another_word_of_a_stack_holds_so_does_not_linger) {
    enum { WORDS = 4 };
    uintptr_t *stack = heap_build_gap(build, WORDS * sizeof *stack);
    struct root roots[] = {{(uintptr_t)stack, (uintptr_t)(stack + WORDS), ROOT_LIVE | ROOT_STACK}};
    struct lingering last = {0};
    struct table *it = table(0);
    ((uint32_t *)it->values)[5] = half(object(40));
    stack[0] = ((uint32_t *)it->values)[5];
    find();
    heap_build_freeze(build);
    for (int scan = 0; scan < 4; scan++) {
        struct lingering_words before = last.words;
        struct marks marks;
        stack[1] = stack[2] = stack[3] = 0;
        stack[1 + scan % 3] = (uintptr_t)it;
        ck_assert_int_eq(mark_run(&build->heap, roots, 1, &build->arena, &marks), 0);
        ck_assert_int_eq(lingering_find(&build->heap, &marks, roots, 1, &before, &build->arena, &build->arena, &last),
                         0);
        ck_assert_uint_eq(last.site_count, 0);
    }
}
END_TEST

START_TEST (reference_of_four_bytes_is_a_reference) {
    struct table *it = table(0);
    void *value = object(40);
    struct counts counts;
    struct audit audit;
    counts_begin(&counts, &build->arena);
    struct counted item = {.id = heap_build_id(build, value), .count = 2, .source = COUNT_MEMORY};
    ck_assert_int_eq(counts_add(&counts, &item), 0);
    ((uint32_t *)it->keys)[2] = ((uint32_t *)it->keys)[3] = half(value);
    *root = (uintptr_t)it;
    find();
    struct marks marks = mark();
    const struct root roots[] = {{(uintptr_t)root, (uintptr_t)(root + 1), 0}};
    ck_assert_int_eq(counts_install(&counts, &build->heap), 0);
    ck_assert_int_eq(audit_run(NULL, &build->heap, &counts, roots, 1, 1, &marks, &build->arena, &audit), 0);
    ck_assert_uint_eq(audit.found[0].heap, 2);
}
END_TEST

START_TEST (old_array_is_no_array_of_words_too) {
    struct table *it = table(0);
    const struct range everywhere = {0, UINTPTR_MAX & ~(uintptr_t)7};
    struct root *all;
    size_t count;
    object(40);
    find();
    heap_build_view(build, (struct young){.birth_from = build->births});
    ck_assert_int_eq(young_old_words(&build->heap, &everywhere, 1, &build->arena, &all, &count), 0);
    for (size_t i = 0; i < count; i++)
        ck_assert(all[i].lo != (uintptr_t)it->keys && all[i].lo != (uintptr_t)it->values);
}
END_TEST

START_TEST (long_array_is_read_to_its_end) {
    enum { MANY = 1 << 15 };
    struct table *it = table(0);
    it->slots = MANY;
    it->mask = MANY - 1;
    it->keys = it->values = object(MANY * 4);
    it->hashes = object(MANY * 4);
    void *last = object(40);
    for (size_t i = 0; i < MANY; i++)
        ((uint32_t *)it->keys)[i] = half(i == MANY - 1 ? last : it);
    *root = (uintptr_t)it;
    find();
    struct marks marks = mark();
    ck_assert(is_reached(&marks, last));
}
END_TEST

START_TEST (for_a_young_scan_they_become_words) {
    struct table *it = table(0);
    void *key = object(40);
    ((uint32_t *)it->keys)[3] = half(key);
    find();
    heap_build_freeze(build);
    struct root wide;
    ck_assert_int_eq(encoded_widen(&build->heap, &build->arena, &wide), 0);
    ck_assert_uint_eq(wide.hi - wide.lo, sizeof(uintptr_t));
    ck_assert_uint_eq(*(const uintptr_t *)wide.lo, (uintptr_t)key);
}
END_TEST

START_TEST (pattern_holds_what_lies_at_its_distance) {
    void *value = heap_build_object(build, 32, 3), *other = heap_build_object(build, 32, 3);
    struct pattern *it = pattern(16, value);
    *root = (uintptr_t)it;
    find();
    struct marks marks = mark();
    ck_assert(is_flagged(it) && !is_flagged(elements_of(it)));
    ck_assert(is_reached(&marks, elements_of(it)) && is_reached(&marks, value) && !is_reached(&marks, other));
}
END_TEST

START_TEST (distance_to_an_array_of_another_size_is_none) {
    struct pattern *room = pattern(16, NULL), *count = pattern(16, NULL), *within = pattern(16, NULL);
    room->room = 15;
    count->count = 17;
    within->distance += 16;
    find();
    ck_assert_uint_eq(build->heap.encoded_count, 0);
}
END_TEST

START_TEST (way_leads_over_a_distance) {
    void *value = heap_build_object(build, 32, 3);
    struct pattern *it = pattern(16, value);
    struct path path;
    *root = (uintptr_t)it;
    find();
    mark();
    const struct root roots[] = {{(uintptr_t)root, (uintptr_t)(root + 1), 0}};
    ck_assert_int_eq(path_find(&build->heap, roots, 1, (uintptr_t)value, &build->arena, &path), 0);
    ck_assert_uint_eq(path.step_count, 3);
    ck_assert_uint_eq(path.steps[0].offset, offsetof(struct pattern, distance));
    ck_assert_uint_eq(path.steps[1].offset, 24);
    ck_assert_uint_eq(path.steps[2].offset, 0);
}
END_TEST

START_TEST (who_holds_a_pattern_retains_its_elements) {
    struct pattern *it = pattern(16, heap_build_object(build, 32, 3));
    struct dominators tree;
    struct retained retained[1];
    find();
    mark();
    const struct dominator_entry entry = {heap_build_id(build, it), 0, (uintptr_t)it};
    ck_assert_int_eq(dominators_build(&build->heap, &entry, 1, 1, 1, &build->arena, &tree), 0);
    dominators_groups(&tree, retained);
    ck_assert_uint_eq(retained[0].objects, 3);
}
END_TEST

START_TEST (lost_pattern_holds_its_elements) {
    struct pattern *it = pattern(16, NULL);
    struct graph graph;
    struct graph_edge edge;
    find();
    struct marks marks = mark();
    ck_assert_int_eq(graph_nodes(&graph, &build->heap, &marks, &build->arena), 0);
    node_number node = graph_number(&graph, heap_build_id(build, it));
    struct pointers walk = graph_walk_from(&graph, node);
    ck_assert(graph_next(&graph, node, &walk, &edge));
    ck_assert_uint_eq(edge.target, graph_number(&graph, heap_build_id(build, elements_of(it))));
    ck_assert_uint_eq(edge.offset, offsetof(struct pattern, distance));
    ck_assert(!graph_next(&graph, node, &walk, &edge));
}
END_TEST

START_TEST (for_a_young_scan_a_distance_becomes_a_word) {
    struct pattern *it = pattern(16, NULL);
    struct root wide;
    find();
    heap_build_freeze(build);
    ck_assert_int_eq(encoded_widen(&build->heap, &build->arena, &wide), 0);
    ck_assert_uint_eq(wide.hi - wide.lo, sizeof(uintptr_t));
    ck_assert_uint_eq(*(const uintptr_t *)wide.lo, (uintptr_t)elements_of(it));
}
END_TEST

START_TEST (library_that_is_not_there_has_no_objects) {
    table(0);
    pattern(16, NULL);
    ck_assert_int_eq(encoded_find(&build->heap, 0, &build->arena), 0);
    ck_assert_uint_eq(build->heap.encoded_count, 0);
    ck_assert_int_eq(encoded_find(&build->heap, ENCODED_FONTCONFIG, &build->arena), 0);
    ck_assert_uint_eq(build->heap.encoded_count, 1);
    ck_assert_int_eq(encoded_find(&build->heap, ENCODED_GLIB, &build->arena), 0);
    ck_assert_uint_eq(build->heap.encoded_count, 2);
}
END_TEST

START_TEST (memory_that_runs_out_is_an_error) {
    table(0);
    build->arena_left = 0;
    build->arena = (struct arena){.more = heap_build_more, .context = build};
    ck_assert_int_eq(encoded_find(&build->heap, ENCODED_GLIB | ENCODED_FONTCONFIG, &build->arena), -ENOMEM);
}
END_TEST

START_TEST (only_a_heap_below_four_gigabytes_is_asked) {
    heap_build_object(build, 40, 1);
    ck_assert(!encoded_halves_are_possible(&build->heap));
    object(40);
    ck_assert(encoded_halves_are_possible(&build->heap));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("encoded");
    TCase *by_hand = tcase_create("by hand");
    tcase_add_checked_fixture(by_hand, setup, teardown);
    tcase_add_test(by_hand, keys_and_values_of_four_bytes_hold);
    tcase_add_test(by_hand, words_are_left_as_they_are);
    tcase_add_test(by_hand, set_has_one_array);
    tcase_add_test(by_hand, array_of_another_size_is_none);
    tcase_add_test(by_hand, mask_that_does_not_fit_makes_no_table);
    tcase_add_test(by_hand, lost_table_holds_what_is_lost_with_it);
    tcase_add_test(by_hand, way_leads_through_four_bytes);
    tcase_add_test(by_hand, way_ends_where_four_bytes_point);
    tcase_add_test(by_hand, who_holds_a_table_retains_what_it_holds);
    tcase_add_test(by_hand, cycle_closes_through_four_bytes);
    tcase_add_test(by_hand, what_another_word_of_a_stack_holds_so_does_not_linger);
    tcase_add_test(by_hand, reference_of_four_bytes_is_a_reference);
    tcase_add_test(by_hand, old_array_is_no_array_of_words_too);
    tcase_add_test(by_hand, long_array_is_read_to_its_end);
    tcase_add_test(by_hand, for_a_young_scan_they_become_words);
    tcase_add_test(by_hand, pattern_holds_what_lies_at_its_distance);
    tcase_add_test(by_hand, distance_to_an_array_of_another_size_is_none);
    tcase_add_test(by_hand, way_leads_over_a_distance);
    tcase_add_test(by_hand, who_holds_a_pattern_retains_its_elements);
    tcase_add_test(by_hand, lost_pattern_holds_its_elements);
    tcase_add_test(by_hand, for_a_young_scan_a_distance_becomes_a_word);
    tcase_add_test(by_hand, library_that_is_not_there_has_no_objects);
    tcase_add_test(by_hand, memory_that_runs_out_is_an_error);
    tcase_add_test(by_hand, only_a_heap_below_four_gigabytes_is_asked);
    suite_add_tcase(suite, by_hand);
    return suite_run(suite);
}
