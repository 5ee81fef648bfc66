/* usage.c - a program that asks what its children used is told of its own alone, although castaway scans meanwhile.
 * Exit status: how many answers were wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../preload/castaway.h"

enum { SCANS = 5, OBJECTS = 300000 };
static void **first;

/* So many that a search takes more than a tick. */
static void make(void) {
    for (int i = 0; i < OBJECTS; i++) {
        void **object = malloc(4 * sizeof *object);
        object[0] = (void *)first;
        first = object;
    }
}
static void scan(void) {
    for (int i = 0; i < SCANS; i++)
        castaway_collect(2);
}

static long microseconds(struct timeval time) {
    return time.tv_sec * 1000000 + time.tv_usec;
}

static int is_wrong(const char *when, int children) {
    struct rusage usage;
    struct tms ticks;
    getrusage(RUSAGE_CHILDREN, &usage);
    times(&ticks);
    long time = microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
    int wrong = (usage.ru_minflt > 0) != (children > 0) || usage.ru_minflt > 2000 * children ||
                time > 20000 * children || ticks.tms_cutime + ticks.tms_cstime > 2 * children;
    if (!children)
        wrong |= usage.ru_maxrss || usage.ru_nvcsw || usage.ru_nivcsw;
    if (wrong)
        printf("%s: %ld us, %ld ticks, %ld faults, %ld KiB\n", when, time, (long)(ticks.tms_cutime + ticks.tms_cstime),
               usage.ru_minflt, usage.ru_maxrss);
    return wrong;
}

static void have_child(void) {
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
}

int main(void) {
    int wrong = 0;
    make();
    scan();
    wrong += is_wrong("without children", 0);
    have_child();
    scan();
    wrong += is_wrong("with one", 1);
    if (fork() == 0)
        _exit(is_wrong("in a child that has none", 0));
    int status = 0;
    wait(&status);
    return wrong + (status != 0);
}
