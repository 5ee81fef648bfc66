/* transfer_socket.c - what is left of a transfer on a stream socket.
 *
 * The program must find the socket as it would without us. An error that comes while the rest waits belongs to the
 * program's next call, so it must not be met here: the rest waits outside of the transfer, where an error is seen and stays.
 * And a signal of the program's ends the call with the part, whenever it comes: they are let in only while the rest waits.
 *
 * Owns:    nothing.
 * Never:   raises SIGPIPE, for some of it was sent; sends descriptors a second time.
 * Start:   transfer_send_rest(). Source: send(2), recv(2), unix(7), poll(2). */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>

#include "hooks.h"
#include "interrupt.h"
#include "next.h"
#include "rights.h"
#include "sys.h"
#include "thread.h"
#include "transfer.h"

enum { KERNEL_SET_BYTES = 8, CONTROL_BYTES_MAX = 256, PIECES_MAX = 64 };

size_t transfer_bytes(const struct iovec *pieces, size_t count) {
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += pieces[i].iov_len;
    return bytes;
}

struct iovec transfer_piece(const struct iovec *pieces, size_t count, size_t done) {
    for (size_t i = 0; i < count; i++) {
        if (done < pieces[i].iov_len)
            return (struct iovec){(char *)pieces[i].iov_base + done, pieces[i].iov_len - done};
        done -= pieces[i].iov_len;
    }
    return (struct iovec){NULL, 0};
}

/* Pieces for one call, which must meet descriptors in all of the message that they came with.
 * returns  how many bytes they hold */
static size_t remaining(struct iovec *out, struct msghdr *part, const struct msghdr *message, size_t done) {
    size_t bytes = 0;
    part->msg_iov = out;
    part->msg_iovlen = 0;
    for (size_t i = 0; i < message->msg_iovlen && part->msg_iovlen < PIECES_MAX; i++) {
        struct iovec piece = message->msg_iov[i];
        size_t skipped = done < piece.iov_len ? done : piece.iov_len;
        done -= skipped;
        if (skipped == piece.iov_len)
            continue;
        out[part->msg_iovlen++] = (struct iovec){(char *)piece.iov_base + skipped, piece.iov_len - skipped};
        bytes += piece.iov_len - skipped;
    }
    return bytes;
}

int transfer_is_stream(int file) {
    int type = 0;
    socklen_t bytes = sizeof type;
    return !sys_failed(sys(SYS_getsockopt, file, SOL_SOCKET, SO_TYPE, &type, &bytes)) && type == SOCK_STREAM;
}

int transfer_waits_for_all(int flags) {
    return (flags & (MSG_WAITALL | MSG_PEEK | MSG_DONTWAIT)) == MSG_WAITALL;
}

/* Does a call on this socket wait? */
static int waits(int file, int flags) {
    long modes = flags & MSG_DONTWAIT || rights_filtered ? O_NONBLOCK : sys(SYS_fcntl, file, F_GETFL, 0);
    return !sys_failed(modes) && !(modes & O_NONBLOCK);
}

/* Until it can go on, or the socket's own limit is over.
 * program  the mask to wait with
 * returns  what poll says of it, or 0 */
static int wait_for(int file, short event, const sigset_t *program) {
    struct timeval limit = {0};
    socklen_t bytes = sizeof limit;
    sys(SYS_getsockopt, file, SOL_SOCKET, event == POLLIN ? SO_RCVTIMEO : SO_SNDTIMEO, &limit, &bytes);
    struct timespec time = {limit.tv_sec, limit.tv_usec * 1000};
    struct pollfd socket = {file, event, 0};
    int is_limited = time.tv_sec || time.tv_nsec;
    return ppoll(&socket, 1, is_limited ? &time : NULL, program) == 1 ? socket.revents : 0;
}

/* Bytes that a receive would take before it met an error. */
static size_t available(int file) {
    int bytes = 0;
    return sys_failed(sys(SYS_ioctl, file, FIONREAD, &bytes)) || bytes < 0 ? 0 : (size_t)bytes;
}

/* Everything of the program's is blocked, and let in by ppoll. */
static sigset_t rest_begins(void) {
    unsigned long all = ~(1ul << (INTERRUPT_SIGNAL - 1));
    sigset_t before = {{0}};
    sys(SYS_rt_sigprocmask, SIG_BLOCK, &all, &before, KERNEL_SET_BYTES);
    return before;
}
/* What cut it short then is known: no call of ours. */
static void rest_ends(const sigset_t *before) {
    if (thread_self)
        thread_self->wait.is_cut = 0;
    sys(SYS_rt_sigprocmask, SIG_SETMASK, before, NULL, KERNEL_SET_BYTES);
}

/* ---- send ---- */

/* What of the control data goes with every part: who sends, of what sort it is. */
static size_t copy_without_rights(char *room, const struct msghdr *message) {
    struct msghdr from = *message;
    size_t bytes = 0;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(&from); head; head = CMSG_NXTHDR(&from, head)) {
        size_t space = CMSG_ALIGN(head->cmsg_len);
        if (head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
            continue;
        if (space > CONTROL_BYTES_MAX - bytes)
            break;
        memcpy(room + bytes, head, head->cmsg_len);
        bytes += space;
    }
    return bytes;
}

static int is_of_internet(int file) {
    int domain = 0;
    socklen_t bytes = sizeof domain;
    sys(SYS_getsockopt, file, SOL_SOCKET, SO_DOMAIN, &domain, &bytes);
    return domain == AF_INET || domain == AF_INET6;
}

/* A socket of another family does not tell poll that its peer reads no more; and it forgets an error that it met behind a
 * part. So there the rest waits within the call, and may be cut again. */
static ssize_t send_blocking(int file, const struct msghdr *message, struct msghdr *part, size_t done, int flags) {
    struct iovec pieces[PIECES_MAX];
    ssize_t more = 1, sent = 0;
    while (more > 0 && remaining(pieces, part, message, done + (size_t)sent)) {
        struct thread_state *state = transfer_begins();
        if ((more = next.sendmsg(file, part, flags)) > 0)
            sent += more;
        if (!transfer_is_cut(state))
            break;
    }
    return sent;
}

static ssize_t send_polling(int file, const struct msghdr *message, struct msghdr *part, size_t done, int flags) {
    struct iovec pieces[PIECES_MAX];
    ssize_t more = 0, sent = 0;
    sigset_t program = rest_begins();
    do {
        if (!remaining(pieces, part, message, done + (size_t)sent) || wait_for(file, POLLOUT, &program) != POLLOUT)
            break;
        if ((more = next.sendmsg(file, part, flags | MSG_DONTWAIT)) > 0)
            sent += more;
    } while (more > 0 || errno == EAGAIN);
    rest_ends(&program);
    return sent;
}

ssize_t transfer_send_rest(int file, const struct msghdr *message, size_t done, int flags) {
    _Alignas(struct cmsghdr) char control[CONTROL_BYTES_MAX] = {0};
    struct msghdr part = {.msg_control = control};
    int error = errno;
    if (!waits(file, flags) || !transfer_is_stream(file))
        return 0;
    part.msg_controllen = copy_without_rights(control, message);
    flags = (flags & ~MSG_FASTOPEN) | MSG_NOSIGNAL;
    ssize_t sent = is_of_internet(file) ? send_polling(file, message, &part, done, flags)
                                        : send_blocking(file, message, &part, done, flags);
    errno = error;
    return sent;
}

/* ---- receive ---- */

/* Descriptors end a receive; what others sent must not be taken for this sender's. */
static int has_sender(struct msghdr *message) {
    enum { SENDER_TYPES = 4 }; /* SCM_RIGHTS, SCM_CREDENTIALS, SCM_SECURITY, SCM_PIDFD */
    for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head; head = CMSG_NXTHDR(message, head))
        if (head->cmsg_level == SOL_SOCKET && head->cmsg_type <= SENDER_TYPES)
            return 1;
    return 0;
}

/* Bytes that a receive takes before it meets an error: there is one, and it is to stay. */
static void leave_error(int file, struct msghdr *part) {
    size_t bytes = available(file);
    part->msg_iovlen = bytes > 0;
    if (part->msg_iov->iov_len > bytes)
        part->msg_iov->iov_len = bytes;
}

static ssize_t receive_part(int file, struct msghdr *message, size_t room, struct msghdr *part, int flags) {
    part->msg_control = message->msg_control;
    part->msg_controllen = room;
    ssize_t more = next.recvmsg(file, part, flags);
    if (more <= 0)
        return more;
    message->msg_flags |= part->msg_flags;
    if (part->msg_controllen)
        message->msg_controllen = part->msg_controllen;
    return more;
}

ssize_t transfer_receive_rest(int file, struct msghdr *message, size_t room, size_t done, int flags) {
    struct iovec pieces[PIECES_MAX];
    int error = errno, is_over = 0;
    ssize_t received = 0;
    if (!waits(file, flags) || !transfer_is_stream(file))
        return 0;
    sigset_t program = rest_begins();
    flags = (flags & ~MSG_WAITALL) | MSG_DONTWAIT;
    while (!is_over && !has_sender(message)) {
        struct msghdr part = {.msg_iov = pieces};
        int seen = remaining(pieces, &part, message, done + (size_t)received) ? wait_for(file, POLLIN, &program) : 0;
        if (seen & POLLERR)
            leave_error(file, &part);
        if (!(seen & POLLIN) || !part.msg_iovlen)
            break;
        ssize_t more = receive_part(file, message, room, &part, flags);
        is_over = more == 0 || (more < 0 && errno != EAGAIN);
        received += more > 0 ? more : 0;
    }
    rest_ends(&program);
    errno = error;
    return received;
}
