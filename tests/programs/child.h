/* child.h - a child that leaves a finding of its own. */
#ifndef CASTAWAY_TESTS_CHILD_H
#define CASTAWAY_TESTS_CHILD_H

#include <sys/wait.h>
#include <unistd.h>
#include "program.h"

/* Fork a child that drops an object, and wait until it has ended. returns its status, as from waitpid() */
static inline int child_drops(size_t size) {
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        drop(size);
        clobber_stack();
        exit(0);
    }
    while (waitpid(child, &status, 0) < 0)
        ;
    return status;
}

#endif
