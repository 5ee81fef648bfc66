/* transfer.h - transfers that a signal of ours cut short: was there one, and what is left of them on a socket. */
#ifndef CASTAWAY_PRELOAD_TRANSFER_H
#define CASTAWAY_PRELOAD_TRANSFER_H

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

struct thread_state;

/* Before a call that may come back with a part.
 * returns  NULL: nothing can cut it. context: hook */
struct thread_state *transfer_begins(void);
/* Did the last call come back while a signal of ours was there, and none of the program's? Says so once. context: hook */
int transfer_is_cut(struct thread_state *state);

/* A call that returns how much was done, made until that is `count`.
 * rest: the call for what is left behind `done` */
#define TRANSFER_WHOLE(count, first, rest)                                                                             \
    do {                                                                                                               \
        struct thread_state *state = transfer_begins();                                                                \
        ssize_t done = first, more = 1;                                                                                \
        int error = errno;                                                                                             \
        while (done > 0 && more > 0 && transfer_is_cut(state) && (size_t)done < (size_t)(count))                       \
            if ((more = rest) > 0)                                                                                     \
                done += more;                                                                                          \
        errno = error;                                                                                                 \
        return done;                                                                                                   \
    } while (0)

size_t transfer_bytes(const struct iovec *pieces, size_t count);
/* What of the first piece that has any lies behind the first `done` bytes of all; all of them are done: empty. */
struct iovec transfer_piece(const struct iovec *pieces, size_t count, size_t done);

/* ---- sockets ---- */

int transfer_is_stream(int file);
/* Must a receive with these flags wait for all that there is room for? */
int transfer_waits_for_all(int flags);

/* Send what lies behind the first `done` bytes; the control data too, but the descriptors, which went with the first.
 * returns  how much, 0 or more; less than all when a signal of the program's came, or the socket has an error to tell.
 * errno stays. context: hook */
ssize_t transfer_send_rest(int file, const struct msghdr *message, size_t done, int flags);

/* Receive what is missing behind the first `done` bytes.
 * message  as the first call left it; its control data is replaced when there is any
 * room     for control data
 * returns  as above; less than all also at the end of the stream, and where descriptors came along */
ssize_t transfer_receive_rest(int file, struct msghdr *message, size_t room, size_t done, int flags);

#endif
