/* test_guard.c - work that crashes is left; signals, handlers and mask are as they were.
 *
 * Linked with preload/guard.o and -lcheck. */
#include "preload/guard.h"
#include "tests/unit/suite.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static volatile sig_atomic_t handled;
static char *memory; /* a page that can't be read */

static void handle(int number) {
    handled = number;
}

static void setup(void) {
    struct sigaction action = {.sa_handler = handle};
    handled = 0;
    sigaction(SIGSEGV, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGBUS, &action, NULL);
    memory = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(memory, MAP_FAILED);
}

static void is_as_before(void) {
    struct sigaction action;
    sigset_t mask;
    ck_assert_int_eq(sigaction(SIGSEGV, NULL, &action), 0);
    ck_assert(action.sa_handler == handle);
    ck_assert_int_eq(sigaction(SIGBUS, NULL, &action), 0);
    ck_assert(action.sa_handler == SIG_IGN);
    ck_assert_int_eq(sigprocmask(SIG_SETMASK, NULL, &mask), 0);
    ck_assert_int_eq(sigismember(&mask, SIGSEGV), 0);
}

static int answer(void *argument) {
    return *(int *)argument;
}
static int crash(void *argument) {
    (void)argument;
    return *(volatile char *)memory;
}
static int send_one(void *argument) {
    (void)argument;
    kill(getpid(), SIGSEGV);
    return 0;
}

START_TEST (answer_is_the_works_own) {
    int status = 7;
    ck_assert_int_eq(guard_run(answer, &status), 7);
    ck_assert_int_eq(handled, 0);
    is_as_before();
}
END_TEST

START_TEST (work_that_crashes_is_left_each_time) {
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(guard_run(crash, NULL), GUARD_CRASHED);
        ck_assert_int_eq(handled, 0);
        is_as_before();
    }
}
END_TEST

START_TEST (signals_that_are_blocked_stay_blocked) {
    sigset_t all, mask;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &mask);
    int result = guard_run(crash, NULL);
    sigprocmask(SIG_SETMASK, &mask, &all);
    ck_assert_int_eq(result, GUARD_CRASHED);
    ck_assert_int_eq(sigismember(&all, SIGSEGV), 1);
    ck_assert_int_eq(sigismember(&all, SIGTERM), 1);
    ck_assert_int_eq(handled, 0);
}
END_TEST

START_TEST (signal_that_was_sent_is_the_programs) {
    guard_run(send_one, NULL);
    ck_assert_int_eq(handled, SIGSEGV);
    is_as_before();
}
END_TEST

START_TEST (signal_that_was_waiting_is_the_programs) {
    int status = 0;
    sigset_t segv, mask;
    sigemptyset(&segv);
    sigaddset(&segv, SIGSEGV);
    sigprocmask(SIG_BLOCK, &segv, &mask);
    kill(getpid(), SIGSEGV);
    guard_run(answer, &status);
    ck_assert_int_eq(handled, 0);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    ck_assert_int_eq(handled, SIGSEGV);
    is_as_before();
}
END_TEST

int main(void) {
    Suite *suite = suite_create("guard");
    TCase *tests = tcase_create("guard");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, answer_is_the_works_own);
    tcase_add_test(tests, work_that_crashes_is_left_each_time);
    tcase_add_test(tests, signals_that_are_blocked_stay_blocked);
    tcase_add_test(tests, signal_that_was_sent_is_the_programs);
    tcase_add_test(tests, signal_that_was_waiting_is_the_programs);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
