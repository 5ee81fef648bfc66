/* next.h - the functions that ours stand in front of, whichever library they come from. */
#ifndef CASTAWAY_PRELOAD_NEXT_H
#define CASTAWAY_PRELOAD_NEXT_H

#include <link.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/times.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "arch.h"

/* One line here is one function behind ours: result, name, parameters. */
#define NEXT_FUNCTIONS(X)                                                                                              \
    X(void *, calloc, (size_t, size_t))                                                                                \
    X(void *, realloc, (void *, size_t))                                                                               \
    X(void *, reallocarray, (void *, size_t, size_t))                                                                  \
    X(void, free, (void *))                                                                                            \
    X(int, posix_memalign, (void **, size_t, size_t))                                                                  \
    X(void *, aligned_alloc, (size_t, size_t))                                                                         \
    X(void *, memalign, (size_t, size_t))                                                                              \
    X(void *, valloc, (size_t))                                                                                        \
    X(void *, pvalloc, (size_t))                                                                                       \
    X(size_t, malloc_usable_size, (void *))                                                                            \
    X(int, clone, (int (*)(void *), void *, int, void *, ...))                                                         \
    X(void *, mmap, (void *, size_t, int, int, int, off_t))                                                            \
    X(int, mlockall, (int))                                                                                            \
    X(int, munlockall, (void))                                                                                         \
    X(int, madvise, (void *, size_t, int))                                                                             \
    X(void *, sbrk, (intptr_t))                                                                                        \
    X(int, brk, (void *))                                                                                              \
    X(int, dl_iterate_phdr, (int (*)(struct dl_phdr_info *, size_t, void *), void *))                                  \
    X(int, dlclose, (void *))                                                                                          \
    X(int, pthread_create, (pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))                           \
    X(int, epoll_wait, (int, struct epoll_event *, int, int))                                                          \
    X(int, epoll_pwait, (int, struct epoll_event *, int, int, const sigset_t *))                                       \
    X(int, epoll_pwait2, (int, struct epoll_event *, int, const struct timespec *, const sigset_t *))                  \
    X(int, sigsuspend, (const sigset_t *))                                                                             \
    X(int, pause, (void))                                                                                              \
    X(int, select, (int, fd_set *, fd_set *, fd_set *, struct timeval *))                                              \
    X(int, ppoll, (struct pollfd *, nfds_t, const struct timespec *, const sigset_t *))                                \
    X(int, __ppoll_chk, (struct pollfd *, nfds_t, const struct timespec *, const sigset_t *, size_t))                  \
    X(int, pselect, (int, fd_set *, fd_set *, fd_set *, const struct timespec *, const sigset_t *))                    \
    X(int, sigtimedwait, (const sigset_t *, siginfo_t *, const struct timespec *))                                     \
    X(int, semtimedop, (int, struct sembuf *, size_t, const struct timespec *))                                        \
    X(ssize_t, recv, (int, void *, size_t, int))                                                                       \
    X(ssize_t, recvfrom, (int, void *, size_t, int, struct sockaddr *, socklen_t *))                                   \
    X(ssize_t, recvmsg, (int, struct msghdr *, int))                                                                   \
    X(int, recvmmsg, (int, struct mmsghdr *, unsigned, int, struct timespec *))                                        \
    X(ssize_t, __recv_chk, (int, void *, size_t, size_t, int))                                                         \
    X(ssize_t, __recvfrom_chk, (int, void *, size_t, size_t, int, struct sockaddr *, socklen_t *))                     \
    X(ssize_t, __read_chk, (int, void *, size_t, size_t))                                                              \
    X(ssize_t, read, (int, void *, size_t))                                                                            \
    X(ssize_t, readv, (int, const struct iovec *, int))                                                                \
    X(ssize_t, write, (int, const void *, size_t))                                                                     \
    X(ssize_t, writev, (int, const struct iovec *, int))                                                               \
    X(ssize_t, pwritev2, (int, const struct iovec *, int, off_t, int))                                                 \
    X(ssize_t, sendfile, (int, int, off_t *, size_t))                                                                  \
    X(ssize_t, splice, (int, off64_t *, int, off64_t *, size_t, unsigned))                                             \
    X(ssize_t, copy_file_range, (int, off64_t *, int, off64_t *, size_t, unsigned))                                    \
    X(ssize_t, getrandom, (void *, size_t, unsigned))                                                                  \
    X(int, getrusage, (__rusage_who_t, struct rusage *))                                                               \
    X(clock_t, times, (struct tms *))                                                                                  \
    X(pid_t, wait4, (pid_t, int *, int, struct rusage *))                                                              \
    X(int, waitid, (idtype_t, id_t, siginfo_t *, int))                                                                 \
    X(ssize_t, send, (int, const void *, size_t, int))                                                                 \
    X(ssize_t, sendto, (int, const void *, size_t, int, const struct sockaddr *, socklen_t))                           \
    X(ssize_t, sendmsg, (int, const struct msghdr *, int))                                                             \
    X(int, sendmmsg, (int, struct mmsghdr *, unsigned, int))                                                           \
    X(int, accept, (int, struct sockaddr *, socklen_t *))                                                              \
    X(int, accept4, (int, struct sockaddr *, socklen_t *, int))                                                        \
    X(int, execve, (const char *, char *const *, char *const *))                                                       \
    X(int, execvpe, (const char *, char *const *, char *const *))                                                      \
    X(int, fexecve, (int, char *const *, char *const *))                                                               \
    X(int, execveat, (int, const char *, char *const *, char *const *, int))                                           \
    X(int, posix_spawn,                                                                                                \
      (pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const *,            \
       char *const *))                                                                                                 \
    X(int, posix_spawnp,                                                                                               \
      (pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const *,            \
       char *const *))                                                                                                 \
    X(int, system, (const char *))                                                                                     \
    X(FILE *, popen, (const char *, const char *))                                                                     \
    X(void, _exit, (int))                                                                                              \
    X(void, _Exit, (int))                                                                                              \
    X(int, sigaction, (int, const struct sigaction *, struct sigaction *))                                             \
    X(void, abort, (void))                                                                                             \
    X(int, close, (int))                                                                                               \
    X(void, closefrom, (int))                                                                                          \
    X(int, setuid, (uid_t))                                                                                            \
    X(int, seteuid, (uid_t))                                                                                           \
    X(int, setreuid, (uid_t, uid_t))                                                                                   \
    X(int, setresuid, (uid_t, uid_t, uid_t))                                                                           \
    X(int, chroot, (const char *))                                                                                     \
    X(int, unshare, (int))                                                                                             \
    X(int, setns, (int, int))                                                                                          \
    X(void *, malloc, (size_t)) /* last: the lookup itself may allocate */

struct next {
#define X(result, name, parameters) result(*name) parameters;
    NEXT_FUNCTIONS(X)
#undef X
};
HIDDEN extern struct next next;

/* Look them up; called by the first hook that runs, whichever it is. Until it is done, next_early() serves: the lookup
 * itself may allocate. */
void next_resolve(void);
HIDDEN extern int next_ready;

/* For hooks of calls that an allocator makes while it sets itself up, maybe under a lock, maybe before recording began:
 * there nothing may be started that allocates, as start_recording() does. */
static inline void next_find(void) {
    if (__builtin_expect(!next_ready, 0))
        next_resolve();
}

/* Memory from before the lookup: never freed, not recorded. */
void *next_early(size_t bytes);
enum { NEXT_EARLY_BYTES = 1 << 16 };
extern char next_early_store[NEXT_EARLY_BYTES];
static inline int next_is_early(const void *pointer) {
    return (uintptr_t)pointer - (uintptr_t)next_early_store < NEXT_EARLY_BYTES;
}
size_t next_early_bytes(const void *pointer);

#endif
