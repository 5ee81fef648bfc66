/* purpose: a clone3 behind a filter that kills for the call by which its arguments would be read
 * expect: lost=1/40
 */
#define _GNU_SOURCE
#include <linux/sched.h>
#include <signal.h>
#include <sys/wait.h>
#include "filter.h"
#include "program.h"

int main(void) {
    drop(40);
    clobber_stack();
    if (filter_one(SYS_process_vm_readv))
        return 1;
    struct clone_args args = {.exit_signal = SIGCHLD};
    long child = syscall(SYS_clone3, &args, sizeof args);
    if (child == 0)
        _exit(0);
    int status = 1;
    return !(child > 0 && waitpid((pid_t)child, &status, 0) == child && status == 0);
}
