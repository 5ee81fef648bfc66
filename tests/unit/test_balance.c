/* Which references were not given back. Stacks are written innermost first, a letter a call. */
#include "analysis/balance.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CALLS_MAX = 8, PARTS_MAX = 8 };
static uint64_t calls[PARTS_MAX][CALLS_MAX];
static struct balance list[PARTS_MAX];
static size_t count;
static struct arena arena;

static void *more(void *context, size_t bytes) {
    (void)context;
    return calloc(1, bytes);
}
static void *no_more(void *context, size_t bytes) {
    (void)context, (void)bytes;
    return NULL;
}

static void begin(void) {
    count = 0;
    arena = (struct arena){.more = more};
}

static struct balance *part(const char *stack, int64_t balance) {
    struct balance *added = &list[count];
    size_t length = strlen(stack);
    for (size_t i = 0; i < length; i++)
        calls[count][i] = (uint64_t)stack[i];
    *added = (struct balance){
        .site = (uint32_t)count + 1, .balance = balance, .frames = calls[count], .frame_count = length};
    count++;
    return added;
}

static void expect(const char *expected) {
    char text[200] = "";
    long left = balance_unmatched(list, count, &arena);
    for (long i = 0; i < left; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%u:%+ld", i ? " " : "", list[i].site,
                 (long)list[i].balance);
    ck_assert_str_eq(text, expected);
}

START_TEST (what_is_balanced_leaves_nothing) {
    part("nm", 1)->is_creation = 1;
    part("am", 3);
    part("bm", -4);
    expect("");
}
END_TEST

START_TEST (one_of_many_pairs_is_named) {
    part("nm", 1)->is_creation = 1;
    part("asm", 10000);
    part("bsm", -10000);
    part("wm", 1);
    part("um", -1);
    expect("4:+1");
}
END_TEST

START_TEST (below_one_caller_comes_before_anything_else) {
    part("xym", 5); /* as many as were given back elsewhere */
    part("apm", 7);
    part("bpm", -5);
    expect("1:+5 2:+2");
}
END_TEST

START_TEST (exact_sums_belong_together) {
    part("am", 2);
    part("bm", 3);
    part("cm", -3);
    expect("1:+2");
}
END_TEST

START_TEST (one_call_is_one_call_wherever_it_was_come_by) {
    part("nm", 1)->is_creation = 1;
    part("axm", 10000);
    part("bym", -9999);
    part("bzm", -1);
    part("wm", 1);
    part("um", -1);
    expect("5:+1");
}
END_TEST

START_TEST (functions_that_all_references_pass_by_tell_nothing) {
    part("nsAm", 1)->is_creation = 1;
    part("raBm", 1000);
    part("udCm", -1000);
    part("rwDm", 1);
    part("uEm", -1);
    expect("4:+1");
}
END_TEST

START_TEST (the_creation_is_the_last_to_be_suspected) {
    part("nm", 1)->is_creation = 1;
    part("am", 1);
    part("um", -1);
    expect("2:+1");
}
END_TEST

START_TEST (the_creation_is_named_when_nothing_else_is_left) {
    part("nm", 1)->is_creation = 1;
    expect("1:+1");
}
END_TEST

START_TEST (what_freed_objects_gave_back_is_less_suspect) {
    part("am", 1)->matched = 500;
    part("bm", 1);
    part("um", -1);
    expect("2:+1");
    begin();
    part("am", 2)->matched = 500;
    part("bm", 1);
    expect("2:+1 1:+2");
}
END_TEST

START_TEST (what_was_given_back_too_often_comes_last) {
    part("um", -3);
    part("nm", 1)->is_creation = 1;
    expect("1:-2");
    begin();
    part("uz", -1);
    expect("1:-1");
}
END_TEST

START_TEST (without_memory_nothing_is_changed) {
    part("am", 1);
    part("um", -1);
    arena.more = no_more;
    ck_assert_int_eq(balance_unmatched(list, count, &arena), -ENOMEM);
    ck_assert(list[0].balance == 1 && list[1].balance == -1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("balance");
    TCase *tests = tcase_create("balance");
    tcase_add_checked_fixture(tests, begin, NULL);
    tcase_add_test(tests, what_is_balanced_leaves_nothing);
    tcase_add_test(tests, one_of_many_pairs_is_named);
    tcase_add_test(tests, below_one_caller_comes_before_anything_else);
    tcase_add_test(tests, exact_sums_belong_together);
    tcase_add_test(tests, one_call_is_one_call_wherever_it_was_come_by);
    tcase_add_test(tests, functions_that_all_references_pass_by_tell_nothing);
    tcase_add_test(tests, the_creation_is_the_last_to_be_suspected);
    tcase_add_test(tests, the_creation_is_named_when_nothing_else_is_left);
    tcase_add_test(tests, what_freed_objects_gave_back_is_less_suspect);
    tcase_add_test(tests, what_was_given_back_too_often_comes_last);
    tcase_add_test(tests, without_memory_nothing_is_changed);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
