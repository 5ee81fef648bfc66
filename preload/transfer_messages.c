/* transfer_messages.c - sendmsg(), recvmsg() and those for many messages, when a signal of ours cut them short.
 *
 * Owns:    nothing.
 * Never:   goes on when a signal of the program's was there.
 * Start:   sendmsg(). Source: sendmmsg(2), recvmmsg(2); net/socket.c of the kernel. */
#include <time.h>

#include "clock.h"
#include "hooks.h"
#include "live.h"
#include "next.h"
#include "sys.h"
#include "thread.h"
#include "transfer.h"
#include "wait.h"

enum { KERNEL_ERESTARTSYS = 512 };

static size_t message_bytes(const struct msghdr *message) {
    return transfer_bytes(message->msg_iov, message->msg_iovlen);
}

EXPORT ssize_t sendmsg(int file, const struct msghdr *message, int flags) {
    TRANSFER_WHOLE(message_bytes(message), next.sendmsg(file, message, flags),
                   transfer_send_rest(file, message, (size_t)done, flags));
}

EXPORT ssize_t recvmsg(int file, struct msghdr *message, int flags) {
    if (!transfer_waits_for_all(flags) || !live_is_on() || !sys_can_read(message))
        return wait_recvmsg(file, message, flags);
    size_t room = message->msg_controllen;
    TRANSFER_WHOLE(message_bytes(message), wait_recvmsg(file, message, flags),
                   transfer_receive_rest(file, message, room, (size_t)done, flags));
}

/* ---- many messages ---- */

/* The kernel stops behind a message of which it sent a part, and before one of which it could send nothing.
 * returns  1: all `done` messages are whole now */
static int finish_last(int file, struct mmsghdr *last, int flags) {
    last->msg_len += (unsigned)transfer_send_rest(file, &last->msg_hdr, last->msg_len, flags);
    return last->msg_len == message_bytes(&last->msg_hdr);
}

EXPORT int sendmmsg(int file, struct mmsghdr *messages, unsigned count, int flags) {
    struct thread_state *state = transfer_begins();
    int done = next.sendmmsg(file, messages, count, flags), error = errno, more = 1;
    while (done > 0 && more > 0 && transfer_is_cut(state)) {
        if (!finish_last(file, &messages[done - 1], flags) || (unsigned)done == count)
            break;
        if ((more = next.sendmmsg(file, messages + done, count - (unsigned)done, flags)) > 0)
            done += more;
    }
    errno = error;
    return done;
}

/* Where a signal came behind the first message the kernel keeps its own word for that as the socket's error.
 * returns  1: there is no other one */
static int forget_interruption(int file) {
    int error = 0;
    socklen_t bytes = sizeof error;
    sys(SYS_getsockopt, file, SOL_SOCKET, SO_ERROR, &error, &bytes);
    return error == 0 || error == EINTR || error == KERNEL_ERESTARTSYS;
}

/* The limit ends nothing but what comes behind a message. */
static struct timespec rest_of(int64_t limit_ns, int64_t began_ns) {
    int64_t left_ns = limit_ns - (clock_ns() - began_ns);
    if (left_ns < 0)
        left_ns = 0;
    return (struct timespec){left_ns / 1000000000, left_ns % 1000000000};
}

/* The kernel wrote there what was left when the last message came. */
static int is_late(const struct timespec *limit) {
    return limit && !limit->tv_sec && !limit->tv_nsec;
}

EXPORT int recvmmsg(int file, struct mmsghdr *messages, unsigned count, int flags, struct timespec *limit) {
    struct thread_state *state = flags & (MSG_WAITFORONE | MSG_DONTWAIT) ? NULL : transfer_begins();
    int64_t began_ns = clock_ns();
    int64_t limit_ns = state && limit && sys_can_read(limit) ? wait_ns(limit->tv_sec, limit->tv_nsec) : 0;
    int done = wait_recvmmsg(file, messages, count, flags, limit), error = errno, more = 1;
    while (done > 0 && more > 0 && transfer_is_cut(state) && (unsigned)done < count && !is_late(limit) &&
           forget_interruption(file)) {
        if (limit)
            *limit = rest_of(limit_ns, began_ns);
        if ((more = wait_recvmmsg(file, messages + done, count - (unsigned)done, flags, limit)) > 0)
            done += more;
    }
    errno = error;
    return done;
}
