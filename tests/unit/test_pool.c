/* test_pool.c - memory of a report: arrays that grow, small pools.
 *
 * Linked with tools/pool.c and what it needs, and -lcheck. */
#include "tools/pool.h"
#include "tests/unit/suite.h"

#include <stdint.h>
#include <stdlib.h>

enum { COUNT = 65000 };

typedef void *grow(struct pool *, void *, size_t, size_t *, size_t);

/* Two arrays that grow by turns, and small pieces between them. */
static void grow_two(struct pool *pool, grow *grow_one) {
    uint64_t *a = NULL, *b = NULL;
    size_t a_room = 0, b_room = 0;
    char *piece[COUNT / 1000 + 1];
    for (uint64_t i = 0; i < COUNT; i++) {
        a = grow_one(pool, a, i, &a_room, sizeof *a);
        a[i] = i;
        b = grow_one(pool, b, i, &b_room, sizeof *b);
        b[i] = ~i;
        if (i % 1000 == 0)
            piece[i / 1000] = pool_printf(pool, "%d", (int)i);
    }
    for (uint64_t i = 0; i < COUNT; i++) {
        ck_assert(a[i] == i && b[i] == ~i);
        if (i % 1000 == 0)
            ck_assert_int_eq(atoi(piece[i / 1000]), (int)i);
    }
}

START_TEST (arrays_keep_their_elements) {
    struct pool pool = {0};
    grow_two(&pool, pool_grow);
    pool_free(&pool);
    ck_assert_uint_eq(pool.held_bytes, 0);
}
END_TEST

START_TEST (those_that_grow_alone_leave_no_old_ones) {
    struct pool copies = {0}, alone = {0};
    grow_two(&copies, pool_grow);
    grow_two(&alone, pool_grow_alone);
    ck_assert_uint_lt(alone.held_bytes, copies.held_bytes * 7 / 10);
    pool_free(&copies);
    pool_free(&alone);
}
END_TEST

START_TEST (a_pool_for_a_line_is_small) {
    struct pool pool = {0};
    pool_strdup(&pool, "a line");
    ck_assert_uint_le(pool.held_bytes, 1024);
    pool_free(&pool);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("pool");
    TCase *tests = tcase_create("pool");
    tcase_add_test(tests, arrays_keep_their_elements);
    tcase_add_test(tests, those_that_grow_alone_leave_no_old_ones);
    tcase_add_test(tests, a_pool_for_a_line_is_small);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
