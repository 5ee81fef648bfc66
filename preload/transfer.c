/* transfer.c - a transfer that a signal of ours cut short goes on.
 *
 * A blocking write of more than there is room for, and a receive that waits for all, return what is done when a signal comes;
 * the kernel takes up none that has begun. A program that has no signals need not reckon with that. So the handler notes
 * that a call came back with a part (interrupt.c), and what is left is made here.
 *
 * Owns:    nothing: the mark is the thread's (thread.h).
 * Never:   goes on when a signal of the program's was there: then the part is the program's own.
 * Start:   write(). Source: pipe(7), signal(7), recv(2). */
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "hooks.h"
#include "live.h"
#include "next.h"
#include "sys.h"
#include "thread.h"
#include "wait.h"

static struct thread_state *begin(void) {
    struct thread_state *state = NULL;
    next_find();
    if (!live_is_on() || thread_busy)
        return NULL;
    thread_busy++;
    if ((state = thread_state()))
        state->wait.is_cut = 0;
    thread_busy--;
    return state;
}

static int was_cut(struct thread_state *state, ssize_t done, size_t count) {
    int is_cut = state && done > 0 && (size_t)done < count && state->wait.is_cut;
    if (is_cut)
        state->wait.is_cut = 0;
    return is_cut;
}

/* rest: the call for what is left behind `done` */
#define WHOLE(count, first, rest)                                                                                      \
    do {                                                                                                               \
        struct thread_state *state = begin();                                                                          \
        ssize_t done = first, more = 1;                                                                                \
        int error = errno;                                                                                             \
        while (more > 0 && done > 0 && was_cut(state, done, count))                                                    \
            if ((more = rest) > 0)                                                                                     \
                done += more;                                                                                          \
        errno = error;                                                                                                 \
        return done;                                                                                                   \
    } while (0)

EXPORT ssize_t write(int file, const void *bytes, size_t count) {
    WHOLE(count, next.write(file, bytes, count), next.write(file, (const char *)bytes + done, count - (size_t)done));
}
EXPORT ssize_t send(int file, const void *bytes, size_t count, int flags) {
    WHOLE(count, next.send(file, bytes, count, flags),
          next.send(file, (const char *)bytes + done, count - (size_t)done, flags));
}
EXPORT ssize_t sendto(int file, const void *bytes, size_t count, int flags, const struct sockaddr *to,
                      socklen_t to_bytes) {
    WHOLE(count, next.sendto(file, bytes, count, flags, to, to_bytes),
          next.sendto(file, (const char *)bytes + done, count - (size_t)done, flags, to, to_bytes));
}

/* What of the pieces lies behind the first `done` bytes, up to one that is cut short again. */
static ssize_t write_rest(int file, const struct iovec *pieces, int count, size_t done) {
    ssize_t written = 0;
    for (int i = 0; i < count; i++) {
        size_t skipped = done < pieces[i].iov_len ? done : pieces[i].iov_len, left = pieces[i].iov_len - skipped;
        ssize_t part = left ? next.write(file, (const char *)pieces[i].iov_base + skipped, left) : 0;
        if (part < 0)
            return written ? written : part;
        written += part;
        done -= skipped;
        if ((size_t)part < left)
            break;
    }
    return written;
}
static size_t bytes_of(const struct iovec *pieces, int count) {
    size_t bytes = 0;
    for (int i = 0; i < count; i++)
        bytes += pieces[i].iov_len;
    return bytes;
}

EXPORT ssize_t writev(int file, const struct iovec *pieces, int count) {
    WHOLE(bytes_of(pieces, count), next.writev(file, pieces, count), write_rest(file, pieces, count, (size_t)done));
}

/* A datagram is whole as it is. */
static size_t stream_bytes(int file, size_t count) {
    int type = 0;
    socklen_t bytes = sizeof type;
    return sys_failed(sys(SYS_getsockopt, file, SOL_SOCKET, SO_TYPE, &type, &bytes)) || type != SOCK_STREAM ? 0 : count;
}
static int waits_for_all(int flags) {
    return (flags & (MSG_WAITALL | MSG_PEEK | MSG_DONTWAIT)) == MSG_WAITALL;
}

EXPORT ssize_t recv(int file, void *bytes, size_t count, int flags) {
    if (!waits_for_all(flags))
        return wait_recv(file, bytes, count, flags);
    WHOLE(stream_bytes(file, count), wait_recv(file, bytes, count, flags),
          wait_recv(file, (char *)bytes + done, count - (size_t)done, flags));
}
EXPORT ssize_t recvfrom(int file, void *bytes, size_t count, int flags, struct sockaddr *from, socklen_t *from_bytes) {
    if (!waits_for_all(flags))
        return wait_recvfrom(file, bytes, count, flags, from, from_bytes);
    WHOLE(stream_bytes(file, count), wait_recvfrom(file, bytes, count, flags, from, from_bytes),
          wait_recv(file, (char *)bytes + done, count - (size_t)done, flags));
}
