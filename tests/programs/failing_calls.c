/* purpose: calls that castaway stands before fail as they do without it, with the same errno
 * expect: any
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "program.h"

/* The compiler knows of some of them that they must fail. */
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wnonnull"
#pragma GCC diagnostic ignored "-Wunused-result"
#pragma GCC diagnostic ignored "-Walloc-size-larger-than="
#pragma GCC diagnostic ignored "-Wstringop-overflow"
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

#define TRY(...)                                                                                                       \
    do {                                                                                                               \
        errno = 0;                                                                                                     \
        long result = (long)(__VA_ARGS__);                                                                             \
        printf("%s: %ld, errno %d\n", #__VA_ARGS__, result, errno);                                                    \
    } while (0)
static volatile size_t huge = SIZE_MAX / 2 - 4096;

static void memory(void) {
    void *object = malloc(40), *aligned = NULL;
    TRY(malloc(huge));
    TRY(calloc(huge, 4));
    TRY(realloc(object, huge));
    TRY(reallocarray(object, huge, 4));
    TRY(posix_memalign(&aligned, 3, 40));
    TRY(posix_memalign(&aligned, 64, huge));
    TRY(aligned_alloc(64, huge));
    TRY(valloc(huge));
    TRY(pvalloc(huge));
    TRY(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    TRY(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, -1, 0));
    TRY(madvise(object, 1, MADV_DONTFORK));
    TRY(madvise(NULL, 4096, MADV_DONTNEED));
    TRY(sbrk((intptr_t)huge));
    TRY(brk((void *)huge));
    TRY(mlockall(99));
    free(object);
}

static void descriptors(void) {
    char byte;
    struct iovec vector = {&byte, 1};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    TRY(close(-1));
    TRY(close(999));
    TRY(close(1000));
    TRY(syscall(SYS_close, 1000));
    TRY(close_range(5, 3, 0));
    TRY(syscall(SYS_close_range, 5, 3, 0));
    TRY(close_range(50, 60, 8));
    TRY(close_range(50, 60, 0));
    TRY(read(999, &byte, 1));
    TRY(readv(999, &vector, 1));
    TRY(readv(0, &vector, -1));
    TRY(recv(999, &byte, 1, 0));
    TRY(recvfrom(0, &byte, 1, 0, NULL, NULL));
    TRY(recvmsg(999, &message, 0));
    TRY(accept(999, NULL, NULL));
    TRY(accept4(0, NULL, NULL, 99));
    TRY(epoll_wait(999, NULL, 1, 1));
    TRY(epoll_wait(0, NULL, 0, 1));
    TRY(epoll_pwait(999, NULL, 1, 1, NULL));
    TRY(semtimedop(-1, NULL, 0, NULL));
}

static void signals(void) {
    sigset_t none;
    struct timespec wrong = {.tv_nsec = -1}, soon = {.tv_nsec = 1};
    sigemptyset(&none);
    TRY(signal(0, SIG_DFL));
    TRY(signal(65, SIG_DFL));
    TRY(signal(SIGKILL, SIG_IGN));
    TRY(signal(32, SIG_IGN));
    TRY(sigaction(SIGKILL, &(struct sigaction){.sa_handler = SIG_IGN}, NULL));
    TRY(sigaction(33, &(struct sigaction){.sa_handler = SIG_IGN}, NULL));
    TRY(sigaction(65, NULL, NULL));
    TRY(siginterrupt(99, 1));
    TRY(sigset(99, SIG_HOLD));
    TRY(sigset(SIGKILL, SIG_HOLD));
    TRY(sigset(SIGUSR1, SIG_HOLD));
    TRY(sigset(SIGUSR1, SIG_DFL));
    TRY(sigaltstack(&(stack_t){.ss_flags = 99}, NULL));
    TRY(sigaltstack(&(stack_t){.ss_size = 1}, NULL));
    TRY(sigtimedwait(&none, NULL, &wrong));
    TRY(sigtimedwait(&none, NULL, &soon));
}

static void process(void) {
    struct rlimit limit = {0, 0}, above = {2, 1};
    char *arguments[] = {"no", NULL};
    pid_t child;
    TRY(setrlimit(99, &limit));
    TRY(setrlimit(RLIMIT_NOFILE, &above));
    TRY(setrlimit(RLIMIT_AS, &above));
    TRY(getrlimit(-1, &limit));
    TRY(getrlimit(RLIMIT_AS, (struct rlimit *)8));
    TRY(prlimit(0, RLIMIT_NOFILE, NULL, NULL));
    TRY(execv("/nonexistent", arguments));
    TRY(execvp("no-such-program", arguments));
    TRY(execl("/", "no", NULL));
    TRY(fexecve(999, arguments, environ));
    TRY(execveat(999, "no", arguments, environ, 0));
    TRY(posix_spawn(&child, "/nonexistent", NULL, NULL, arguments, environ));
    TRY(posix_spawnp(&child, "no-such-program", NULL, NULL, arguments, environ));
    TRY(popen("true", "no"));
    TRY(chroot("/nonexistent"));
    TRY(unshare(-1));
    TRY(setns(999, 0));
    TRY(prctl(99999, 0, 0, 0, 0));
    TRY(prctl(PR_SET_SECCOMP, 2, NULL));
    TRY(syscall(99999));
}

/* Pointers to where nothing is. */
static void nowhere(void) {
    void *volatile bad = (void *)8;
    char *arguments[] = {"no", NULL}, *const_memory = "a stack would not fit here, nor may it be written";
    sigset_t none;
    pid_t child;
    int epoll = epoll_create1(0);
    sigemptyset(&none);
    TRY(execve(bad, arguments, environ));
    TRY(execv(bad, arguments));
    TRY(execve("/bin/true", bad, environ));
    TRY(execve("/bin/true", arguments, bad));
    TRY(execveat(AT_FDCWD, bad, arguments, environ, 0));
    TRY(posix_spawn(&child, bad, NULL, NULL, arguments, environ));
    TRY(posix_spawn(&child, "/bin/true", NULL, NULL, arguments, bad));
    TRY(setrlimit(RLIMIT_AS, bad));
    TRY(prlimit(0, RLIMIT_NOFILE, bad, NULL));
    TRY(prlimit(0, RLIMIT_AS, NULL, bad));
    TRY(prctl(PR_SET_SECCOMP, 2, bad));
    TRY(sigaltstack(NULL, bad));
    TRY(sigaltstack(NULL, (stack_t *)const_memory));
    TRY(sigtimedwait(&none, NULL, bad));
    TRY(epoll_pwait2(epoll, bad, 1, bad, NULL));
    TRY(semtimedop(0, bad, 1, bad));
    TRY(read(epoll, bad, 1));
    close(epoll);
}

int main(void) {
    memory();
    descriptors();
    signals();
    process();
    nowhere();
    return 0;
}
