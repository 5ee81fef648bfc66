/* numbered.c - system calls that the program makes by their number do what their wrappers do.
 *
 * Owns:    nothing.
 * Never:   changes what a call does, but for descriptors of ours.
 * Start:   syscall(). */
#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "clone.h"
#include "closing.h"
#include "descriptor.h"
#include "hooks.h"
#include "init.h"
#include "next.h"
#include "rights.h"
#include "sys.h"

/* Calls that change rights, made without their wrappers. */
static void before_rights(long number, const long *arguments) {
    switch (number) {
    case SYS_prctl:
        if (arguments[0] == PR_SET_SECCOMP)
            rights_before_mode((unsigned long)arguments[1], (const struct sock_fprog *)arguments[2]);
        return;
    case SYS_seccomp:
        if (arguments[0] == SECCOMP_SET_MODE_FILTER || arguments[0] == SECCOMP_SET_MODE_STRICT)
            rights_before_mode(arguments[0] == SECCOMP_SET_MODE_FILTER ? SECCOMP_MODE_FILTER : SECCOMP_MODE_STRICT,
                               (const struct sock_fprog *)arguments[2]);
        return;
    case SYS_setuid:
        rights_before_user((uid_t)arguments[0]);
        return;
    case SYS_setreuid:
    case SYS_setresuid:
        rights_before_user((uid_t)arguments[1]);
        return;
    case SYS_chroot:
    case SYS_pivot_root:
        rights_before_root();
        return;
    case SYS_unshare:
        if (arguments[0] & CLONE_NEWNS)
            rights_before_root();
        return;
    case SYS_setns:
        if (!arguments[1] || arguments[1] & CLONE_NEWNS)
            rights_before_root();
        return;
    case SYS_landlock_restrict_self:
        rights_before_files();
        return;
    default:
        return;
    }
}

static long call(long number, const long *more) {
    if (number == SYS_close && descriptor_is_kept((int)more[0]))
        return -EBADF;
    if (number == SYS_close_range)
        return closing_range((unsigned)more[0], (unsigned)more[1], (unsigned)more[2]);
    if (clone_is_fork(number, more))
        return clone_fork(number, more);
    return sys_call(number, more[0], more[1], more[2], more[3], more[4], more[5]);
}

/* Ways out of the program, which have wrappers. */
static long leave(long number, const long *more) {
    switch (number) {
    case SYS_execve:
        return execve((const char *)more[0], (char *const *)more[1], (char *const *)more[2]);
    case SYS_execveat:
        return execveat((int)more[0], (const char *)more[1], (char *const *)more[2], (char *const *)more[3],
                        (int)more[4]);
    default:
        next_find();
        next._exit(exit_scan((int)more[0]));
        __builtin_unreachable();
    }
}

/* libseccomp comes this way. */
EXPORT long syscall(long number, ...) {
    va_list arguments;
    long more[6];
    va_start(arguments, number);
    for (int i = 0; i < 6; i++)
        more[i] = va_arg(arguments, long); // NOLINT(clang-analyzer-valist.Uninitialized): it was begun
    va_end(arguments);
    if (number == SYS_execve || number == SYS_execveat || number == SYS_exit_group)
        return leave(number, more);
    before_rights(number, more);
    long result = call(number, more);
    if (!sys_failed(result))
        return result;
    errno = (int)-result;
    return -1;
}
