/* let_in.c - sigsuspend() and its kin, which end when a handler of the program's has run.
 *
 * A signal of ours may come when such a handler has just returned: the thread stands behind the system call with EINTR, as
 * one that nothing but ours broke off, and would wait on for what was there. The two differ by the mask alone: within the
 * call it is the one that the program gave, behind it the thread's own. So one signal more is let in by the call, and
 * blocked else.
 *
 * Owns:    nothing.
 * Never:   does a thing in a program that is not scanned while it runs.
 * Start:   sigsuspend(). */
#include "let_in.h"

#include <poll.h>
#include <string.h>
#include <sys/select.h>

#include "hooks.h"
#include "live.h"
#include "next.h"
#include "rights.h"
#include "sys.h"

enum { KERNEL_SET_BYTES = 8 };
static const unsigned long LET_IN = 1ul << (LET_IN_SIGNAL - 1);

void let_in_begins(struct let_in *wait, const sigset_t *mask) {
    unsigned long before = 0, changed;
    *wait = (struct let_in){.mask = mask};
    if (!live_is_on() || rights_filtered || !sys_can_read(mask))
        return;
    memcpy(&changed, mask, sizeof changed);
    changed &= ~LET_IN;
    memcpy(&wait->changed, &changed, sizeof changed);
    wait->mask = &wait->changed;
    sys(SYS_rt_sigprocmask, SIG_BLOCK, &LET_IN, &before, KERNEL_SET_BYTES);
    wait->was_open = !(before & LET_IN);
}

void let_in_ends(const struct let_in *wait) {
    if (wait->was_open)
        sys(SYS_rt_sigprocmask, SIG_UNBLOCK, &LET_IN, NULL, KERNEL_SET_BYTES);
}

int let_in_has_ended(unsigned long before, unsigned long now) {
    return (before & now & LET_IN) != 0;
}

/* ---- the calls ---- */

#define WAIT(mask, call)                                                                                               \
    do {                                                                                                               \
        struct let_in wait;                                                                                            \
        next_find();                                                                                                   \
        let_in_begins(&wait, mask);                                                                                    \
        int result = call;                                                                                             \
        let_in_ends(&wait);                                                                                            \
        return result;                                                                                                 \
    } while (0)

EXPORT int sigsuspend(const sigset_t *mask) {
    WAIT(mask, next.sigsuspend(wait.mask));
}
EXPORT int ppoll(struct pollfd *files, nfds_t count, const struct timespec *limit, const sigset_t *mask) {
    WAIT(mask, next.ppoll(files, count, limit, wait.mask));
}
EXPORT int __ppoll_chk(struct pollfd *files, nfds_t count, const struct timespec *limit, const sigset_t *mask,
                       size_t bytes);
EXPORT int __ppoll_chk(struct pollfd *files, nfds_t count, const struct timespec *limit, const sigset_t *mask,
                       size_t bytes) {
    WAIT(mask, next.__ppoll_chk(files, count, limit, wait.mask, bytes));
}
EXPORT int pselect(int end, fd_set *in, fd_set *out, fd_set *other, const struct timespec *limit,
                   const sigset_t *mask) {
    WAIT(mask, next.pselect(end, in, out, other, limit, wait.mask));
}
