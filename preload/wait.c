/* wait.c - waits with a time limit, and when they began.
 *
 * The kernel takes up most waits by itself when our signal broke them off, with the time that was left; these it does not.
 * Noting when one began is all that the wrappers do (interrupt.c reads it).
 *
 * Owns:    nothing: struct wait is the thread's (thread.h).
 * Never:   retries by itself: an EINTR that comes through here is the program's own.
 * Start:   wait_begins(). */
#include "wait.h"

#include <sys/epoll.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "clock.h"
#include "hooks.h"
#include "let_in.h"
#include "live.h"
#include "next.h"
#include "sys.h"
#include "thread.h"

enum { FOREVER = -1, UNKNOWN = 0 }; /* limits that are none, or not told to us */

static void wait_begins(int64_t limit_ns) {
    next_find();
    if (limit_ns == FOREVER || !live_is_on() || thread_busy)
        return;
    thread_busy++;
    struct thread_state *state = thread_state();
    if (state) {
        state->wait.limit_ns = limit_ns;
        state->wait.began_ns = clock_ns();
        state->wait.is_cut = 0;
    }
    thread_busy--;
}

static void wait_ends(void) {
    if (thread_self)
        thread_self->wait.began_ns = 0;
}

static int64_t of_milliseconds(int limit_ms) {
    return limit_ms > 0 ? limit_ms * 1000000ll : FOREVER;
}
static int64_t of_timespec(const struct timespec *limit) {
    return limit && live_is_on() && sys_can_read(limit) ? wait_ns(limit->tv_sec, limit->tv_nsec) : FOREVER;
}

#define WAIT(type, limit_ns, call)                                                                                     \
    do {                                                                                                               \
        wait_begins(limit_ns);                                                                                         \
        type result = call;                                                                                            \
        wait_ends();                                                                                                   \
        return result;                                                                                                 \
    } while (0)

/* mask: the program's, or NULL */
#define WAIT_LET_IN(limit_ns, mask, call)                                                                              \
    do {                                                                                                               \
        struct let_in let_in;                                                                                          \
        wait_begins(limit_ns);                                                                                         \
        let_in_begins(&let_in, mask);                                                                                  \
        int result = call;                                                                                             \
        let_in_ends(&let_in);                                                                                          \
        wait_ends();                                                                                                   \
        return result;                                                                                                 \
    } while (0)

EXPORT int epoll_wait(int epoll, struct epoll_event *events, int count, int limit_ms) {
    int ready = 0;
    next_find();
    if (!limit_ms || !let_in_without_mask())
        WAIT(int, of_milliseconds(limit_ms), next.epoll_wait(epoll, events, count, limit_ms));
    if ((ready = next.epoll_wait(epoll, events, count, 0)) != 0) /* the mask would cost as much again */
        return ready;
    WAIT_LET_IN(of_milliseconds(limit_ms), NULL, next.epoll_pwait(epoll, events, count, limit_ms, let_in.mask));
}
EXPORT int epoll_pwait(int epoll, struct epoll_event *events, int count, int limit_ms, const sigset_t *mask) {
    WAIT_LET_IN(of_milliseconds(limit_ms), mask, next.epoll_pwait(epoll, events, count, limit_ms, let_in.mask));
}
EXPORT int epoll_pwait2(int epoll, struct epoll_event *events, int count, const struct timespec *limit,
                        const sigset_t *mask) {
    WAIT_LET_IN(of_timespec(limit), mask, next.epoll_pwait2(epoll, events, count, limit, let_in.mask));
}
EXPORT int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *limit) {
    WAIT(int, of_timespec(limit), next.sigtimedwait(set, info, limit));
}
EXPORT int semtimedop(int semaphores, struct sembuf *operations, size_t count, const struct timespec *limit) {
    WAIT(int, of_timespec(limit), next.semtimedop(semaphores, operations, count, limit));
}

/* A socket's limit is looked up when it matters. */
ssize_t wait_recv(int file, void *bytes, size_t count, int flags) {
    WAIT(ssize_t, UNKNOWN, next.recv(file, bytes, count, flags));
}
ssize_t wait_recvfrom(int file, void *bytes, size_t count, int flags, struct sockaddr *from, socklen_t *from_bytes) {
    WAIT(ssize_t, UNKNOWN, next.recvfrom(file, bytes, count, flags, from, from_bytes));
}
ssize_t wait_recvmsg(int file, struct msghdr *message, int flags) {
    WAIT(ssize_t, UNKNOWN, next.recvmsg(file, message, flags));
}
int wait_recvmmsg(int file, struct mmsghdr *messages, unsigned count, int flags, struct timespec *limit) {
    WAIT(int, UNKNOWN, next.recvmmsg(file, messages, count, flags, limit));
}
ssize_t wait_read(int file, void *bytes, size_t count) {
    WAIT(ssize_t, UNKNOWN, next.read(file, bytes, count));
}
ssize_t wait_readv(int file, const struct iovec *pieces, int count) {
    WAIT(ssize_t, UNKNOWN, next.readv(file, pieces, count));
}
EXPORT int accept(int file, struct sockaddr *from, socklen_t *from_bytes) {
    WAIT(int, UNKNOWN, next.accept(file, from, from_bytes));
}
EXPORT int accept4(int file, struct sockaddr *from, socklen_t *from_bytes, int flags) {
    WAIT(int, UNKNOWN, next.accept4(file, from, from_bytes, flags));
}
