/* wait.h - receives with the socket's own limit in time, which holds though a signal of ours breaks them off. */
#ifndef CASTAWAY_PRELOAD_WAIT_H
#define CASTAWAY_PRELOAD_WAIT_H

#include <sys/socket.h>

/* As recv and recvfrom. context: hook */
ssize_t wait_recv(int file, void *bytes, size_t count, int flags);
ssize_t wait_recvfrom(int file, void *bytes, size_t count, int flags, struct sockaddr *from, socklen_t *from_bytes);

#endif
