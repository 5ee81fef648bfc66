/* Test cases as scopes: those named `loses_` leave objects behind, and must fail for it; the others must not. */
#include "castaway_check.h"

#define OPAQUE(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

struct session {
    struct session *other;
    char name[56];
};
extern struct session *held; /* where no compiler sees that it is not used */
struct session *held;
static struct session *of_fixture;

__attribute__((noinline)) struct session *session_new(void);
struct session *session_new(void) {
    return calloc(1, sizeof(struct session));
}

static void set_up(void) {
    of_fixture = session_new();
}
static void tear_down(void) {
    free(of_fixture);
    of_fixture = NULL;
}

START_TEST (frees_all) {
    free(session_new());
}
END_TEST

START_TEST (holds_one) {
    held = session_new();
}
END_TEST

START_TEST (loses_two) {
    struct session *one = session_new();
    OPAQUE(one);
    one = session_new();
    OPAQUE(one);
}
END_TEST

START_TEST (loses_a_cycle) {
    struct session *one = session_new(), *two = session_new();
    one->other = two;
    two->other = one;
    OPAQUE(one);
}
END_TEST

START_TEST (loses_its_fixture) {
    of_fixture = NULL;
}
END_TEST

START_TEST (passes_after_those) {
    ck_assert_ptr_nonnull(of_fixture);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("scopes");
    TCase *tcase = tcase_create("sessions");
    castaway_check_tcase(tcase);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, frees_all);
    tcase_add_test(tcase, holds_one);
    tcase_add_test(tcase, loses_two);
    tcase_add_test(tcase, loses_a_cycle);
    tcase_add_test(tcase, loses_its_fixture);
    tcase_add_test(tcase, passes_after_those);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_VERBOSE);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed;
}
