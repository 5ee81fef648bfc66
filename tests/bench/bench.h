/* bench.h - what the programs beside it share. */
#ifndef CASTAWAY_BENCH_H
#define CASTAWAY_BENCH_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "workloads/draw.h"

/* Processor time, so that other programs count as little as possible. */
static inline double now_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline void fail_if(int error, const char *what) {
    if (error) {
        fprintf(stderr, "%s: %s failed: %d\n", program_invocation_short_name, what, error);
        exit(1);
    }
}

#endif
