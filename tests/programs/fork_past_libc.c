/* purpose: children by a clone past libc, in namespaces of their own where that is allowed, and by its clone(): each reports
 *          what it lost itself
 * expect: lost=4/176
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "program.h"

enum { STACK_BYTES = 1 << 18 };

static long numbered(unsigned long flags) {
    return syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
}

static int on_other_stack(void *bytes) {
    drop(*(size_t *)bytes);
    clobber_stack();
    return 0;
}

static int waited_for(long child) {
    int status = 1;
    return child > 0 && waitpid((pid_t)child, &status, 0) == child && status == 0;
}

int main(void) {
    static char stack[STACK_BYTES] __attribute__((aligned(16)));
    size_t bytes = 40;
    drop(24);
    clobber_stack();
    long child = numbered(0);
    if (child == 0) {
        drop(56);
        clobber_stack();
        exit(0);
    }
    if (!waited_for(child))
        return 1;
    child = numbered(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWIPC);
    if (child < 0)
        child = numbered(0);
    if (child == 0) {
        drop(56);
        clobber_stack();
        _exit(0);
    }
    if (!waited_for(child))
        return 2;
    return waited_for(clone(on_other_stack, stack + sizeof stack, SIGCHLD, &bytes)) ? 0 : 3;
}
