/* pending.c - a signal of the program's ends a read, or does not, as its handler was asked to, although it comes while
 * castaway's own handler stands in the way of it. A child brings that about: the program is stopped when both are sent.
 * Exit status: how many reads ended otherwise. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "state.h"

/* castaway takes this one as a request to look in; it goes first, for of two signals the lower one does. */
enum { LOOK_IN_SIGNAL = 33, PROGRAM_SIGNAL = 34 };
static volatile sig_atomic_t came;
static int ends[2];

static void on_signal(int signal) {
    (void)signal;
    came++;
}

static void disturb(void) {
    pid_t program = getppid();
    struct timespec late = {.tv_nsec = 300000000};
    siginfo_t info = {.si_signo = LOOK_IN_SIGNAL, .si_code = SI_QUEUE};
    info.si_pid = program;
    state_wait(program, program, 'S');
    kill(program, SIGSTOP);
    state_wait(program, program, 'T');
    syscall(SYS_rt_tgsigqueueinfo, program, program, LOOK_IN_SIGNAL, &info);
    kill(program, PROGRAM_SIGNAL);
    kill(program, SIGCONT);
    nanosleep(&late, NULL);
    (void)!write(ends[1], "", 1); /* ends a read that went on */
    _exit(0);
}

static int is_wrong(int flags, ssize_t wanted) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};
    char byte;
    sigaction(PROGRAM_SIGNAL, &action, NULL);
    came = 0;
    if (pipe(ends))
        return 100;
    if (fork() == 0)
        disturb();
    ssize_t done = read(ends[0], &byte, 1);
    if (done != wanted || came != 1 || (done < 0 && errno != EINTR))
        printf("read: %zd (%s) after %d signals\n", done, strerror(errno), (int)came);
    return done != wanted || came != 1;
}

int main(void) {
    return is_wrong(0, -1) + is_wrong(SA_RESTART, 1);
}
