/* endless.c - waits with the longest limit that there is end by what they wait for, not because castaway looks in meanwhile.
 * Exit status: how many did not. */
#define _GNU_SOURCE
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <time.h>
#include <unistd.h>

#include "../../preload/castaway.h"

enum { SCANS = 3 };
static struct timespec ever; /* the kernel may write what is left */
static int ends[2], semaphores;
static pthread_t waiter;
static sigset_t blocked;

static int by_ppoll(void) {
    struct pollfd file = {ends[0], POLLIN, 0};
    return ppoll(&file, 1, &ever, NULL);
}
static int by_pselect(void) {
    fd_set files;
    FD_ZERO(&files);
    FD_SET(ends[0], &files);
    return pselect(ends[0] + 1, &files, NULL, NULL, &ever, NULL);
}
static int by_select(void) {
    struct timeval time = {LONG_MAX, 0};
    fd_set files;
    FD_ZERO(&files);
    FD_SET(ends[0], &files);
    return select(ends[0] + 1, &files, NULL, NULL, &time);
}
static int by_epoll_pwait2(void) {
    struct epoll_event event = {.events = EPOLLIN};
    int epoll = epoll_create1(0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event);
    return epoll_pwait2(epoll, &event, 1, &ever, NULL);
}
static int by_sigtimedwait(void) {
    return sigtimedwait(&blocked, NULL, &ever) == SIGUSR1;
}
static int by_semtimedop(void) {
    struct sembuf take = {0, -1, 0};
    return semtimedop(semaphores, &take, 1, &ever) == 0;
}

/* What each of them waits for. */
static void *end_it(void *unused) {
    struct timespec pause = {.tv_nsec = 20000000};
    struct sembuf give = {0, 1, 0};
    for (int i = 0; i < SCANS; i++) {
        nanosleep(&pause, NULL);
        castaway_collect(0);
    }
    (void)!write(ends[1], "", 1);
    semop(semaphores, &give, 1);
    pthread_kill(waiter, SIGUSR1);
    return unused;
}

static int ends_early(const char *name, int (*wait)(void)) {
    pthread_t other;
    if (pipe(ends) || (semaphores = semget(IPC_PRIVATE, 1, 0600)) < 0)
        exit(100);
    ever = (struct timespec){LONG_MAX, 0};
    pthread_create(&other, NULL, end_it, NULL);
    int early = wait() != 1;
    pthread_join(other, NULL);
    sigtimedwait(&blocked, NULL, &(struct timespec){0, 0}); /* that of another wait */
    semctl(semaphores, 0, IPC_RMID);
    if (early)
        puts(name);
    return early;
}

int main(void) {
    waiter = pthread_self();
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &blocked, NULL);
    return ends_early("ppoll", by_ppoll) + ends_early("pselect", by_pselect) + ends_early("select", by_select) +
           ends_early("epoll_pwait2", by_epoll_pwait2) + ends_early("sigtimedwait", by_sigtimedwait) +
           ends_early("semtimedop", by_semtimedop);
}
