/* let_in.c - sigsuspend() and its kin, which end when a handler of the program's has run; pause() and select(), too.
 *
 * A signal of ours may come when such a handler has just returned: the thread stands behind the system call with EINTR, as
 * one that nothing but ours broke off, and would wait on for what was there. The two differ by the mask alone: within the
 * call it is the one that the program gave, behind it the thread's own. So one signal more is let in by the call, and
 * blocked else. Waits that are given no mask are given the thread's own for that. poll() and nanosleep() need not be: the
 * kernel itself does not take them up again behind a handler (interrupt.c).
 *
 * Owns:    nothing.
 * Never:   does a thing in a program that is not scanned while it runs.
 * Start:   sigsuspend(). */
#include "let_in.h"

#include <poll.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

#include "clock.h"
#include "hooks.h"
#include "live.h"
#include "next.h"
#include "rights.h"
#include "sys.h"
#include "thread.h"

enum { KERNEL_SET_BYTES = 8 };
static const unsigned long LET_IN = 1ul << (LET_IN_SIGNAL - 1);

static _Atomic int is_expected;

void let_in_expect(void) {
    if (!is_expected)
        is_expected = 1;
}

int let_in_without_mask(void) {
    return is_expected && live_is_on() && !rights_filtered;
}

void let_in_begins(struct let_in *wait, const sigset_t *mask) {
    unsigned long before = 0, changed = 0;
    *wait = (struct let_in){.mask = mask};
    if (mask ? !live_is_on() || rights_filtered || !sys_can_read(mask) : !let_in_without_mask())
        return;
    sys(SYS_rt_sigprocmask, SIG_BLOCK, &LET_IN, &before, KERNEL_SET_BYTES);
    memcpy(&changed, mask ? (const void *)mask : &before, sizeof changed);
    changed &= ~LET_IN;
    memcpy(&wait->changed, &changed, sizeof changed);
    wait->mask = &wait->changed;
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
EXPORT int pause(void) {
    WAIT(NULL, wait.mask ? next.sigsuspend(wait.mask) : next.pause());
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

/* As the kernel does: what is left of the limit stands there afterwards. */
static int select_until(int end, fd_set *in, fd_set *out, fd_set *other, struct timeval *limit, const sigset_t *mask) {
    int64_t limit_ns = wait_ns(limit->tv_sec, limit->tv_usec * 1000ll), began_ns = clock_ns();
    struct timespec time = {limit->tv_sec + limit->tv_usec / 1000000, limit->tv_usec % 1000000 * 1000};
    int result = next.pselect(end, in, out, other, &time, mask);
    int64_t left_ns = limit_ns - (clock_ns() - began_ns);
    *limit = (struct timeval){left_ns > 0 ? left_ns / 1000000000 : 0, left_ns > 0 ? left_ns % 1000000000 / 1000 : 0};
    return result;
}

EXPORT int select(int end, fd_set *in, fd_set *out, fd_set *other, struct timeval *limit) {
    struct let_in wait;
    int is_short = limit && (limit->tv_sec < 0 || limit->tv_usec < 0 || (!limit->tv_sec && !limit->tv_usec));
    next_find();
    if (is_short || !let_in_without_mask())
        return next.select(end, in, out, other, limit);
    let_in_begins(&wait, NULL);
    int result = limit ? select_until(end, in, out, other, limit, wait.mask)
                       : next.pselect(end, in, out, other, NULL, wait.mask);
    let_in_ends(&wait);
    return result;
}
