/* test_python.c - which blocks are objects of CPython.
 *
 * The types are made by hand, words of memory with what is read of a type. Linked with all of analysis/, heap_build.c and
 * -lcheck. */
#include "analysis/python.h"
#include "tests/unit/heap_build.h"
#include "tests/unit/suite.h"

enum { TYPE_WORDS = 64, COLLECTED = 1 << 14, HEAP_TYPE = 1 << 9, TUPLE = 1 << 26, EXCEPTION = 1 << 30 };

static struct heap_build *build;
static struct counts counts;
static uintptr_t type_type[TYPE_WORDS], a_type[TYPE_WORDS];
static struct python python;
static struct range no_memory = {0, 1 << 16};

static void setup(void) {
    build = heap_build_new(1 << 20);
    build->heap.unreadable = &no_memory;
    build->heap.unreadable_count = 1;
    counts_begin(&counts, &build->arena);
    type_type[1] = (uintptr_t)type_type;
    type_type[21] = 1u << 31;
    python.types[PYTHON_TYPE] = (uintptr_t)type_type;
}
static void teardown(void) {
    heap_build_free(build);
}

static uintptr_t type_of(uint64_t basic_bytes, uint64_t item_bytes, uint64_t flags) {
    a_type[1] = (uintptr_t)type_type;
    a_type[3] = (uintptr_t) "name";
    a_type[4] = basic_bytes;
    a_type[5] = item_bytes;
    a_type[21] = flags;
    return (uintptr_t)a_type;
}

static size_t objects_found(void) {
    size_t found;
    heap_build_freeze(build);
    ck_assert_int_eq(python_read(&python, &build->heap, &counts, &found), 0);
    return found;
}

/* A collected object's block. */
static uintptr_t *block(size_t size_bytes, uint64_t count, uintptr_t type, uint64_t size) {
    uintptr_t *words = heap_build_object(build, size_bytes, 1);
    words[2] = count;
    words[3] = type;
    words[4] = size;
    return words;
}

START_TEST (object_of_its_type_size_is_found) {
    block(16 + 72, 1, type_of(72, 0, COLLECTED | HEAP_TYPE | EXCEPTION), 0);
    ck_assert_uint_eq(objects_found(), 1);
    ck_assert_uint_eq(counts.entries[0].words, 2);
}
END_TEST

START_TEST (block_of_another_size_is_none) {
    block(16 + 80, 1, type_of(72, 0, COLLECTED | HEAP_TYPE | EXCEPTION), 0);
    ck_assert_uint_eq(objects_found(), 0);
}
END_TEST

START_TEST (object_kept_for_reuse_is_found) {
    block(16 + 72, 0, type_of(72, 0, COLLECTED | EXCEPTION), 0);
    ck_assert_uint_eq(objects_found(), 1);
}
END_TEST

/* Only the interpreter's own types are kept so. It is the state of a module, say, that begins with zeros and has its types
 * behind them. */
START_TEST (block_without_references_of_a_type_made_at_run_time_is_none) {
    block(16 + 72, 0, type_of(72, 0, COLLECTED | HEAP_TYPE | EXCEPTION), 0);
    ck_assert_uint_eq(objects_found(), 0);
}
END_TEST

START_TEST (tuple_has_room_for_its_items) {
    uintptr_t type = type_of(24, 8, COLLECTED | HEAP_TYPE | TUPLE);
    block(16 + 24 + 3 * 8, 1, type, 3);
    block(16 + 24 + 5 * 8, 1, type, 3); /* more than are shown: a structure of named fields */
    ck_assert_uint_eq(objects_found(), 2);
}
END_TEST

START_TEST (tuple_without_room_for_its_items_is_none) {
    uintptr_t type = type_of(24, 8, COLLECTED | HEAP_TYPE | TUPLE);
    block(16 + 24 + 3 * 8, 1, type, 4);
    block(16 + 24 + 3 * 8, 1, type, type);
    ck_assert_uint_eq(objects_found(), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("python");
    TCase *tcase = tcase_create("objects");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, object_of_its_type_size_is_found);
    tcase_add_test(tcase, block_of_another_size_is_none);
    tcase_add_test(tcase, object_kept_for_reuse_is_found);
    tcase_add_test(tcase, block_without_references_of_a_type_made_at_run_time_is_none);
    tcase_add_test(tcase, tuple_has_room_for_its_items);
    tcase_add_test(tcase, tuple_without_room_for_its_items_is_none);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
