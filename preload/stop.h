/* stop.h - hold every other thread of the process still, with its registers in reach, without ptrace. */
#ifndef CASTAWAY_PRELOAD_STOP_H
#define CASTAWAY_PRELOAD_STOP_H

#include <ucontext.h>

#include "analysis/heap.h"

struct stopped_thread {
    int tid;
    _Atomic int state;   /* enum stop_state; the thread itself sets STOP_HELD */
    ucontext_t *context; /* its registers, in its own signal frame */
    uintptr_t thread_pointer;
};
enum stop_state { STOP_ASKED = 1, STOP_HELD, STOP_GONE };

struct stopped {
    struct stopped_thread *threads;
    size_t count;
    size_t running; /* threads that did not stop in time */
};

/* Make room for the threads there are, before any lock is taken. returns 0 or -ENOMEM */
int stop_prepare(void);

/* Stop all other threads.
 * limit_ms  how long to wait for the last of them
 * returns   0, or a kernel error: nothing is stopped then
 * context   exit handler or scan, busy, one caller at a time, after stop_prepare(), with all of our locks held
 *           (a stopped thread then holds none). Pair with stop_release(). */
int stop_all(struct stopped *out, int limit_ms);
void stop_release(struct stopped *stopped);

#endif
