/* ended.c - a handler of the program's ends a wait, although castaway looks in at the very moment when it returns: the
 * handler sends the signal that castaway takes as a request, and blocks it. Exit status: how many waits went on. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "state.h"

enum { LOOK_IN_SIGNAL = 33 };
enum { LIMIT_SECONDS = 60 };
static const struct timespec limit = {LIMIT_SECONDS, 0};
static sigjmp_buf gone_on;
static volatile sig_atomic_t came;

/* The first one ends the wait; a second one comes when it has gone on. */
static void on_alarm(int signal) {
    (void)signal;
    if (came++)
        siglongjmp(gone_on, 1);
    if (!getenv("CASTAWAY_OPTIONS"))
        return; /* nobody would handle it */
    siginfo_t info = {.si_signo = LOOK_IN_SIGNAL, .si_code = SI_QUEUE};
    info.si_pid = getpid();
    syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), LOOK_IN_SIGNAL, &info);
}

static int silent_pipe(void) {
    int ends[2];
    return pipe(ends) == 0 ? ends[0] : -1;
}
static int full_pipe(void) {
    static const char page[4096];
    int ends[2];
    if (pipe(ends) || fcntl(ends[1], F_SETFL, O_NONBLOCK))
        return -1;
    while (write(ends[1], page, sizeof page) > 0) {
    }
    fcntl(ends[1], F_SETFL, 0);
    return ends[1];
}
static int silent_socket(void) {
    int ends[2];
    return socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 ? ends[0] : -1;
}

static int by_pause(void) {
    return pause();
}
static int by_poll(void) {
    struct pollfd file = {silent_pipe(), POLLIN, 0};
    return poll(&file, 1, LIMIT_SECONDS * 1000);
}
static int by_endless_poll(void) {
    struct pollfd file = {silent_pipe(), POLLIN, 0};
    return poll(&file, 1, -1);
}
static int by_ppoll(void) {
    struct pollfd file = {silent_pipe(), POLLIN, 0};
    return ppoll(&file, 1, &limit, NULL);
}
static int by_select(void) {
    struct timeval time = {LIMIT_SECONDS, 0};
    fd_set files;
    int file = silent_pipe();
    FD_ZERO(&files);
    FD_SET(file, &files);
    int result = select(file + 1, &files, NULL, NULL, &time);
    return time.tv_sec == LIMIT_SECONDS - 1 && FD_ISSET(file, &files) ? result : 100;
}
static int by_pselect(void) {
    return pselect(0, NULL, NULL, NULL, &limit, NULL);
}
static int by_epoll_wait(void) {
    struct epoll_event event;
    return epoll_wait(epoll_create1(0), &event, 1, LIMIT_SECONDS * 1000);
}
static int by_epoll_pwait(void) {
    struct epoll_event event;
    return epoll_pwait(epoll_create1(0), &event, 1, -1, NULL);
}
static int by_epoll_pwait2(void) {
    struct epoll_event event;
    return epoll_pwait2(epoll_create1(0), &event, 1, &limit, NULL);
}
static int by_usleep(void) {
    return usleep(LIMIT_SECONDS * 1000000);
}
static int by_sleep(void) {
    return sleep(LIMIT_SECONDS) ? -1 : 0;
}
static int by_nanosleep(void) {
    return nanosleep(&limit, NULL);
}
static int by_sem_wait(void) {
    sem_t semaphore;
    sem_init(&semaphore, 0, 0);
    return sem_wait(&semaphore);
}
static int by_sem_timedwait(void) {
    sem_t semaphore;
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_sec += LIMIT_SECONDS;
    sem_init(&semaphore, 0, 0);
    return sem_timedwait(&semaphore, &at);
}
static int by_read(void) {
    char byte;
    return (int)read(silent_pipe(), &byte, 1);
}
static int by_write(void) {
    return (int)write(full_pipe(), "", 1);
}
static int by_recv(void) {
    char byte;
    return (int)recv(silent_socket(), &byte, 1, 0);
}
static int by_accept(void) {
    struct sockaddr_un any = {.sun_family = AF_UNIX};
    int file = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(file, (struct sockaddr *)&any, sizeof(sa_family_t)) || listen(file, 1))
        return 0;
    return accept(file, NULL, NULL);
}
static int by_waitpid(void) {
    pid_t child = fork();
    if (child == 0) {
        signal(SIGALRM, SIG_DFL);
        alarm(2);
        for (;;)
            pause();
    }
    int result = waitpid(child, NULL, 0), error = errno;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    errno = error;
    return result;
}
static int by_lock(void) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
    char name[] = "/tmp/ended.XXXXXX";
    int file = mkstemp(name), other = open(name, O_RDWR);
    unlink(name);
    fcntl(other, F_OFD_SETLK, &lock);
    return fcntl(file, F_OFD_SETLKW, &lock);
}

#define WAIT(name)                                                                                                     \
    { #name, by_##name }
static const struct {
    const char *name;
    int (*wait)(void);
} waits[] = {WAIT(poll),     WAIT(endless_poll),  WAIT(nanosleep),  WAIT(usleep),      WAIT(sleep),
             WAIT(sem_wait), WAIT(sem_timedwait), WAIT(read),       WAIT(write),       WAIT(recv),
             WAIT(accept),   WAIT(waitpid),       WAIT(lock),       WAIT(pause),       WAIT(ppoll),
             WAIT(select),   WAIT(pselect),       WAIT(epoll_wait), WAIT(epoll_pwait), WAIT(epoll_pwait2)};

/* When the program waits: the signal that is to end that, and another one if it does not. */
static void disturb(pid_t program) {
    struct timespec pause = {.tv_nsec = 1000000}, long_after = {.tv_nsec = 500000000};
    nanosleep(&pause, NULL);
    state_wait(program, program, 'S');
    kill(program, SIGALRM);
    nanosleep(&long_after, NULL);
    kill(program, SIGALRM);
    _exit(0);
}

static int goes_on(const char *name, int (*wait)(void)) {
    volatile int result = 0, error = 0;
    pid_t program = getpid(), helper = fork();
    if (helper == 0)
        disturb(program);
    came = 0;
    if (sigsetjmp(gone_on, 1) == 0) {
        result = wait();
        error = errno;
    }
    kill(helper, SIGKILL);
    waitpid(helper, NULL, 0);
    int wrong = result != -1 || error != EINTR;
    if (wrong)
        printf("%s: %d (%s)\n", name, result, strerror(error));
    return wrong;
}

int main(void) {
    int wrong = 0;
    struct sigaction action = {.sa_handler = on_alarm};
    memset(&action.sa_mask, 0xff, sizeof action.sa_mask);
    sigaction(SIGALRM, &action, NULL);
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++)
        wrong += goes_on(waits[i].name, waits[i].wait);
    return wrong;
}
