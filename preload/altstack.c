/* altstack.c - sigaltstack, for threads that have one alternate signal stack in common.
 *
 * A program may give all its threads the same one, for a handler that only ends the process (varnishd does). When all are
 * stopped, their handlers' frames would lie on one another.
 *
 * Owns:    which thread set a stack last, as far as there is room.
 * Never:   takes a lock: a signal handler may call this.
 * Start:   sigaltstack(). Source: sigaltstack(2). */
#include "altstack.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "hooks.h"
#include "rights.h"
#include "sys.h"

enum {
    OWNERS = 1024,
    STACK_SHIFT = 11, /* no two stacks begin so close to each other: MINSIGSTKSZ */
    TID_BITS = 22,    /* PID_MAX_LIMIT */
};

static _Atomic uint64_t owners[OWNERS]; /* stack << TID_BITS | thread that set it last; 0: none, or unset since */
static _Atomic int is_shared;

static uint64_t stack_of(const stack_t *stack) {
    return (uintptr_t)stack->ss_sp >> STACK_SHIFT;
}
static _Atomic uint64_t *owner_of(uint64_t stack) {
    return &owners[stack * 0x9E3779B97F4A7C15ull >> 54];
}
_Static_assert(OWNERS == 1 << (64 - 54), "all are used");

static void note_set(const stack_t *stack, uint64_t tid) {
    uint64_t owner = stack_of(stack) << TID_BITS | tid;
    uint64_t before = atomic_exchange(owner_of(stack_of(stack)), owner);
    int is_other = before >> TID_BITS == owner >> TID_BITS && before != owner;
    if (is_other && !sys_failed(sys(SYS_tgkill, sys(SYS_getpid, 0), before & ((1 << TID_BITS) - 1), 0)))
        atomic_store(&is_shared, 1);
}

static void note_unset(const stack_t *stack, uint64_t tid) {
    uint64_t owner = stack_of(stack) << TID_BITS | tid;
    atomic_compare_exchange_strong(owner_of(stack_of(stack)), &owner, 0);
}

static void note(const stack_t *stack, const stack_t *before) {
    uint64_t tid = (uint64_t)sys(SYS_gettid, 0);
    if (!(before->ss_flags & SS_DISABLE))
        note_unset(before, tid);
    if (!(stack->ss_flags & SS_DISABLE))
        note_set(stack, tid);
}

int altstack_is_shared(void) {
    return atomic_load_explicit(&is_shared, memory_order_relaxed);
}

EXPORT int sigaltstack(const stack_t *stack, stack_t *old) {
    stack_t before = {.ss_flags = SS_DISABLE};
    long error = sys(SYS_sigaltstack, stack, &before);
    if (sys_failed(error)) {
        errno = (int)-error;
        return -1;
    }
    if (stack && !rights_confined) /* to ask which thread this is may be forbidden */
        note(stack, &before);
    if (old && !rights_confined && !sys_can_write(old)) {
        errno = EFAULT;
        return -1;
    }
    if (old)
        *old = before;
    return 0;
}
