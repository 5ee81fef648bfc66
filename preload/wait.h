/* wait.h - receives with the socket's own limit in time, which holds though a signal of ours breaks them off. */
#ifndef CASTAWAY_PRELOAD_WAIT_H
#define CASTAWAY_PRELOAD_WAIT_H

#include <sys/socket.h>
#include <sys/uio.h>

#include "thread.h"

/* As recv and its kin. context: hook */
ssize_t wait_recv(int file, void *bytes, size_t count, int flags);
ssize_t wait_recvfrom(int file, void *bytes, size_t count, int flags, struct sockaddr *from, socklen_t *from_bytes);
ssize_t wait_recvmsg(int file, struct msghdr *message, int flags);
int wait_recvmmsg(int file, struct mmsghdr *messages, unsigned count, int flags, struct timespec *limit);
ssize_t wait_read(int file, void *bytes, size_t count);
ssize_t wait_readv(int file, const struct iovec *pieces, int count);

/* May the last of these have come back with a part because of a signal of ours? context: hook */
static inline int wait_is_cut(void) {
    return thread_self && __builtin_expect(thread_self->wait.is_cut, 0);
}

#endif
