/* clone.c - see the header.
 *
 * Programs that make namespaces begin processes this way. What shares memory or descriptors with its parent is left alone,
 * and so is what keeps the parent waiting: it would wait with our locks held.
 *
 * Owns:    nothing.
 * Never:   changes what the program asks for.
 * Start:   clone(), clone_is_fork().
 * Source:  clone(2) */
#include "clone.h"

#include <linux/sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fork.h"
#include "hooks.h"
#include "next.h"
#include "rights.h"
#include "sys.h"

static int is_copied(uint64_t flags) {
    return !(flags & (CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_SETTLS));
}

/* Of files: in others all is where it was. */
static int has_namespace(uint64_t flags) {
    return (flags & CLONE_NEWNS) != 0;
}

/* What can't be asked for behind a filter is none. returns 0, or -1: they can't be read */
static int read_args(uintptr_t there, size_t size, struct clone_args *args) {
    struct iovec to = {args, sizeof *args < size ? sizeof *args : size}, from = {(void *)there, to.iov_len};
    if (!rights_may_call(SYS_process_vm_readv))
        return -1;
    return sys(SYS_process_vm_readv, sys(SYS_getpid, 0), &to, 1, &from, 1, 0) == (long)to.iov_len ? 0 : -1;
}

static int is_fork3(uintptr_t there, size_t size) {
    struct clone_args args = {0};
    return read_args(there, size, &args) == 0 && is_copied(args.flags) && !args.stack;
}

static int makes_namespace(long number, const long *arguments) {
    struct clone_args args = {0};
    if (number == SYS_clone3 && read_args((uintptr_t)arguments[0], (size_t)arguments[1], &args) == 0)
        return has_namespace(args.flags);
    return number == SYS_clone && has_namespace((uint64_t)arguments[0]);
}

int clone_is_fork(long number, const long *arguments) {
    if (!fork_is_ours())
        return 0;
    switch (number) {
    case ARCH_SYS_FORK:
        return 1;
    case SYS_clone:
        return is_copied((uint64_t)arguments[0]) && !arguments[1];
    case SYS_clone3:
        return is_fork3((uintptr_t)arguments[0], (size_t)arguments[1]);
    default:
        return 0;
    }
}

long clone_fork(long number, const long *arguments) {
    int namespace = makes_namespace(number, arguments);
    if (namespace)
        rights_before_namespace();
    fork_before();
    long child = sys_call(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
    if (child != 0) {
        fork_in_parent();
        return child;
    }
    fork_in_child();
    if (namespace)
        rights_in_namespace();
    return child;
}

struct call {
    int (*function)(void *);
    void *argument;
    int namespace;
};

static int begin(void *argument) {
    struct call call = *(const struct call *)argument; /* on the parent's stack, of which we have a copy */
    fork_in_child();
    if (call.namespace)
        rights_in_namespace();
    _exit(call.function(call.argument));
}

EXPORT int clone(int (*function)(void *), void *stack, int flags, void *argument, ...) {
    struct call call = {function, argument, has_namespace((unsigned)flags)};
    va_list more;
    va_start(more, argument);
    void *parent = va_arg(more, void *), *tls = va_arg(more, void *), *child = va_arg(more, void *);
    va_end(more);
    next_find();
    int is_ours = fork_is_ours();
    if (is_ours && call.namespace)
        rights_before_namespace();
    if (!function || !is_copied((unsigned)flags) || !is_ours)
        return next.clone(function, stack, flags, argument, parent, tls, child);
    fork_before();
    int result = next.clone(begin, stack, flags, &call, parent, tls, child);
    fork_in_parent();
    return result;
}
