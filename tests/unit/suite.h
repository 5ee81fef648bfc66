/* suite.h - the end of every unit test's main(). */
#ifndef CASTAWAY_TESTS_SUITE_H
#define CASTAWAY_TESTS_SUITE_H

#include <check.h>

/* Run it, as loud as CK_VERBOSITY says. returns  the exit status */
static inline int suite_run(Suite *suite) {
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

#endif
