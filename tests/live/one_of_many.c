/* one_of_many.c - a signal for the whole process ends one thread's wait, although every thread stands in castaway's handler
 * when it comes. A child brings that about: the program is stopped when all are sent. Exit status: how many rounds went wrong. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "state.h"

enum { LOOK_IN_SIGNAL = 33, THREADS = 6, ROUNDS = 5 };
static _Atomic int came, ended, left, tids[THREADS];
static int ends[THREADS][2];

static void on_signal(int signal) {
    (void)signal;
    came++;
}

static void wait_for(pid_t process, char state) {
    for (int i = 0; i < THREADS; i++)
        state_wait(process, tids[i], state);
}

static void disturb(pid_t program) {
    siginfo_t info = {.si_signo = LOOK_IN_SIGNAL, .si_code = SI_QUEUE};
    info.si_pid = program;
    wait_for(program, 'S');
    kill(program, SIGSTOP);
    wait_for(program, 'T');
    for (int i = 0; i < THREADS; i++)
        syscall(SYS_rt_tgsigqueueinfo, program, tids[i], LOOK_IN_SIGNAL, &info);
    kill(program, SIGUSR1);
    kill(program, SIGCONT);
    _exit(0);
}

/* Even ones sleep, odd ones read: the kernel goes on with the one, and makes the other again. */
static void *wait_long(void *number) {
    long i = (long)number;
    struct timespec second = {.tv_sec = 1};
    char byte;
    tids[i] = (int)syscall(SYS_gettid);
    left--;
    int result = i % 2 ? (int)read(ends[i][0], &byte, 1) : nanosleep(&second, NULL);
    if (result < 0 && errno == EINTR)
        ended++;
    return NULL;
}

static int is_wrong(void) {
    pthread_t threads[THREADS];
    sigset_t signals;
    struct timespec pause = {.tv_nsec = 1000000}, late = {.tv_nsec = 300000000};
    came = ended = 0;
    left = THREADS;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
    for (long i = 0; i < THREADS; i++) {
        if (pipe(ends[i]))
            return 100;
        pthread_create(&threads[i], NULL, wait_long, (void *)i);
    }
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    while (left)
        nanosleep(&pause, NULL);
    pid_t program = getpid(), child = fork();
    if (child == 0)
        disturb(program);
    while (waitpid(child, NULL, 0) < 0) {
    }
    nanosleep(&late, NULL);
    for (int i = 1; i < THREADS; i += 2)
        (void)!write(ends[i][1], "", 1);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    if (came != 1 || ended != 1)
        printf("%d signals ended %d waits\n", came, ended);
    return came != 1 || ended != 1;
}

int main(void) {
    int wrong = 0;
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, NULL);
    for (int i = 0; i < ROUNDS; i++)
        wrong += is_wrong();
    return wrong;
}
