/* stop.h - hold every other thread of the process still, with its registers in reach, without ptrace. */
#ifndef CASTAWAY_PRELOAD_STOP_H
#define CASTAWAY_PRELOAD_STOP_H

#include <signal.h>
#include <stdatomic.h>
#include <ucontext.h>

#include "analysis/heap.h"
#include "arch.h"

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
    int is_alone;   /* the kernel says that there is no other; 0 with a count of 0: or /proc is not there */
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
/* Instead, when the process ends now: let go, threads would find what destructors have destroyed, much later after these
 * than without us. They stand for a second, in case that the end waits for one of them, and then go on. */
void stop_for_good(const struct stopped *stopped);

/* Stop the threads so that none of them is inside one of our tables, or inside the real realloc, where its block is in
 * no table: those that are there are let go on until they come out, and none is let in meanwhile.
 * stop_limit_ms  of each stop, and of the wait for those threads
 * returns        0, or a negative errno: nothing is stopped; -ETIMEDOUT: one did not come out */
int stop_between_calls(struct stopped *stopped, int lock_limit_ms, int stop_limit_ms);

/* The same, but they may stand inside the real realloc. context: after a stop_between_calls() that timed out */
int stop_anywhere(struct stopped *stopped, int lock_limit_ms, int stop_limit_ms);

/* Where threads stand that are not let in.
 * context  before the call of realloc, not busy, not inside a realloc that a signal interrupted: that is waited for;
 *          keeps errno */
HIDDEN extern _Atomic int stop_gate; /* 1: it is closed */
void stop_wait_at_gate(void);
static inline void stop_pass_gate(void) {
    if (__builtin_expect(atomic_load_explicit(&stop_gate, memory_order_relaxed), 0))
        stop_wait_at_gate();
}
void stop_after_fork(void); /* whoever closed it is not in the child */

/* Enter the scanning thread itself, which the signal interrupted. context: after stop_all() */
void stop_add_self(struct stopped *stopped, ucontext_t *context);

/* The signal came: if it asks this thread to stop, stand until released. returns 0 when it was for somebody else. */
int stop_interrupted(const siginfo_t *info, ucontext_t *context);

#endif
