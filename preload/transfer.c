/* transfer.c - a transfer that a signal of ours cut short goes on.
 *
 * A blocking write of more than there is room for, and a receive that waits for all, return what is done when a signal comes;
 * the kernel takes up none that has begun. A program that has no signals need not reckon with that. So the handler notes
 * that a call came back with a part (interrupt.c), and what is left is made here. What never waits once it has begun (tee,
 * vmsplice, a splice into a pipe, reads and writes of files) is not cut; stdio makes the rest by itself.
 *
 * Owns:    nothing: the mark is the thread's (thread.h).
 * Never:   goes on when a signal of the program's was there: then the part is the program's own.
 * Start:   write(). Source: pipe(7), signal(7), recv(2). */
#include "transfer.h"

#include <unistd.h>

#include "hooks.h"
#include "live.h"
#include "next.h"
#include "rights.h"
#include "thread.h"
#include "wait.h"

struct thread_state *transfer_begins(void) {
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

int transfer_is_cut(struct thread_state *state) {
    int is_cut = state && state->wait.is_cut && live_is_on();
    if (is_cut)
        state->wait.is_cut = 0;
    return is_cut;
}

/* ---- write ---- */

static ssize_t write_rest(int file, const struct iovec *pieces, size_t count, size_t done) {
    struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = count};
    struct iovec piece = transfer_piece(pieces, count, done);
    if (!rights_filtered && transfer_is_stream(file))
        return transfer_send_rest(file, &message, done, 0);
    ssize_t written = 0, more = 1;
    for (; piece.iov_len && more > 0; piece = transfer_piece(pieces, count, done + (size_t)written)) {
        more = next.write(file, piece.iov_base, piece.iov_len);
        written += more > 0 ? more : 0;
        if (more < (ssize_t)piece.iov_len)
            break;
    }
    return written;
}

EXPORT ssize_t write(int file, const void *bytes, size_t count) {
    struct iovec piece = {(void *)bytes, count};
    TRANSFER_WHOLE(count, next.write(file, bytes, count), write_rest(file, &piece, 1, (size_t)done));
}
EXPORT ssize_t writev(int file, const struct iovec *pieces, int count) {
    TRANSFER_WHOLE(transfer_bytes(pieces, (size_t)count), next.writev(file, pieces, count),
                   write_rest(file, pieces, (size_t)count, (size_t)done));
}

/* At the file's own position it is a writev; else it is of a file that has others, and is not cut. */
EXPORT ssize_t pwritev2(int file, const struct iovec *pieces, int count, off_t at, int flags) {
    TRANSFER_WHOLE(at == -1 && !flags ? transfer_bytes(pieces, (size_t)count) : 0,
                   next.pwritev2(file, pieces, count, at, flags),
                   write_rest(file, pieces, (size_t)count, (size_t)done));
}
EXPORT ssize_t pwritev64v2(int file, const struct iovec *pieces, int count, off64_t at, int flags) {
    return pwritev2(file, pieces, count, at, flags);
}

/* ---- send and receive ---- */

static ssize_t send_rest(int file, const void *bytes, size_t count, size_t done, int flags) {
    struct iovec piece = {(void *)bytes, count};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    return transfer_send_rest(file, &message, done, flags);
}
static ssize_t receive_rest(int file, void *bytes, size_t count, size_t done, int flags) {
    struct iovec piece = {bytes, count};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    return transfer_receive_rest(file, &message, 0, done, flags);
}

EXPORT ssize_t send(int file, const void *bytes, size_t count, int flags) {
    TRANSFER_WHOLE(count, next.send(file, bytes, count, flags), send_rest(file, bytes, count, (size_t)done, flags));
}
EXPORT ssize_t sendto(int file, const void *bytes, size_t count, int flags, const struct sockaddr *to,
                      socklen_t to_bytes) {
    TRANSFER_WHOLE(count, next.sendto(file, bytes, count, flags, to, to_bytes),
                   send_rest(file, bytes, count, (size_t)done, flags));
}

EXPORT ssize_t recv(int file, void *bytes, size_t count, int flags) {
    if (!transfer_waits_for_all(flags))
        return wait_recv(file, bytes, count, flags);
    TRANSFER_WHOLE(count, wait_recv(file, bytes, count, flags), receive_rest(file, bytes, count, (size_t)done, flags));
}
EXPORT ssize_t recvfrom(int file, void *bytes, size_t count, int flags, struct sockaddr *from, socklen_t *from_bytes) {
    if (!transfer_waits_for_all(flags))
        return wait_recvfrom(file, bytes, count, flags, from, from_bytes);
    TRANSFER_WHOLE(count, wait_recvfrom(file, bytes, count, flags, from, from_bytes),
                   receive_rest(file, bytes, count, (size_t)done, flags));
}

/* Of programs that are compiled to check sizes; libc's ends them. */
EXPORT ssize_t __recv_chk(int file, void *bytes, size_t count, size_t room, int flags);
EXPORT ssize_t __recv_chk(int file, void *bytes, size_t count, size_t room, int flags) {
    next_find();
    return count > room ? next.__recv_chk(file, bytes, count, room, flags) : recv(file, bytes, count, flags);
}
EXPORT ssize_t __recvfrom_chk(int file, void *bytes, size_t count, size_t room, int flags, struct sockaddr *from,
                              socklen_t *from_bytes);
EXPORT ssize_t __recvfrom_chk(int file, void *bytes, size_t count, size_t room, int flags, struct sockaddr *from,
                              socklen_t *from_bytes) {
    next_find();
    return count > room ? next.__recvfrom_chk(file, bytes, count, room, flags, from, from_bytes)
                        : recvfrom(file, bytes, count, flags, from, from_bytes);
}
