/* waits_for_all.c - a program that waits for children of every kind meets its own alone, although castaway scans meanwhile.
 * Exit status: how many others there were. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../preload/castaway.h"

enum { SCANS = 5 };
static pid_t child;

static void *scan(void *unused) {
    struct timespec pause = {.tv_nsec = 10000000};
    for (int i = 0; i < SCANS; i++) {
        castaway_collect(0);
        nanosleep(&pause, NULL);
    }
    kill(child, SIGKILL);
    return unused;
}

static pid_t by_waitpid(void) {
    return waitpid(-1, NULL, __WALL);
}
static pid_t by_wait4(void) {
    return wait4(-1, NULL, __WALL, NULL);
}
static pid_t by_waitid(void) {
    siginfo_t info = {.si_pid = 0};
    return waitid(P_ALL, 0, &info, WEXITED | __WALL) == 0 ? info.si_pid : -1;
}

static int meets_others(const char *name, pid_t (*wait)(void)) {
    pthread_t other;
    int others = 0;
    if ((child = fork()) == 0)
        for (;;)
            pause();
    pthread_create(&other, NULL, scan, NULL);
    for (pid_t met; (met = wait()) > 0;)
        others += met != child;
    if (errno != ECHILD)
        others = 100;
    pthread_join(other, NULL);
    if (others)
        printf("%s: %d others\n", name, others);
    return others;
}

int main(void) {
    return meets_others("waitpid", by_waitpid) + meets_others("wait4", by_wait4) + meets_others("waitid", by_waitid);
}
