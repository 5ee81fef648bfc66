/* live.h - scans while the program runs: when one is due, and what becomes of it. */
#ifndef CASTAWAY_PRELOAD_LIVE_H
#define CASTAWAY_PRELOAD_LIVE_H

#include <signal.h>
#include <stdint.h>
#include <ucontext.h>

#include "arch.h"
#include "scan.h"
#include "thread.h"

/* Something is due: the next hook that ends, but for a usual free, raises the signal for it, or calls the program's own
 * functions (told.h). */
enum live_want {
    LIVE_SIGNAL = 1,
    LIVE_TELL = 2,
    LIVE_SHORT = 4 /* there was no memory for something of ours (give_way.h) */
};
HIDDEN extern _Atomic int live_wanted; /* bits */
static inline int live_is_wanted(void) {
    return __builtin_expect(atomic_load_explicit(&live_wanted, memory_order_relaxed), 0) != 0;
}

/* Begin: the timer, and our handler for good. context: constructor, and a forked child */
void live_start(void);
int live_is_on(void);       /* the handler must stay */
int live_is_child(int pid); /* is it one of ours, by which a scan or an answer is made? context: any */
void live_after_fork(void);

/* A thread's counts are to be added to everybody's; sets live_wanted when a scan is due. context: hook, busy */
void live_flush(struct thread_state *state);
/* A hook has ended and live_wanted is set. `pc` is where the allocation returns to; 0: something was freed unusually,
 * or is still being reallocated. context: hook, not busy */
void live_due(uintptr_t pc);
/* The calling thread ends, the process does not: another one attends to signals from now on. context: busy */
void live_thread_ends(void);
/* Birth serials from `serial` on are handed out now. context: hook, busy */
void live_note_birth(uint32_t serial);

/* The signal came for one of our reasons. returns 0 when it did not. context: signal handler */
int live_interrupted(const siginfo_t *info, ucontext_t *context);

/* Scan now and wait for the outcome.
 * confirm  as in struct scan_input
 * returns  objects that this scan found unreachable and none before had; -1: no scan could be made
 * context  the program's call, not busy */
long live_collect(unsigned generation, unsigned confirm);

/* Objects that point at the one at `address`: the first `max` of them to `out`.
 * returns  how many there are; -1: not known. context: as live_collect() */
long live_referrers(uintptr_t address, void **out, size_t max);
/* The same of those that it points at. */
long live_referents(uintptr_t address, void **out, size_t max);

/* What is alive is left out of all scans from now on (frozen.h). returns 0, or -1: nothing has changed. context: as above */
int live_freeze(void);

/* What generations_counts() must exceed. */
void live_thresholds(unsigned thresholds[3]);
void live_set_thresholds(const unsigned thresholds[3]); /* thresholds[0] 0: no scans by them */

/* No scan begins between the two. returns  0, or -1: one is stuck */
int live_hold(void);
void live_release(void);

/* An exec is about to replace the program: nothing of ours may be under way, or a signal would meet the new program
 * without a handler. begins returns whether failed() is to be called when the exec came back. context: any thread */
int live_exec_begins(void);
void live_exec_failed(void);

/* The process ends, or forbids itself what a scan needs: no more scans; those under way are given up. */
void live_end(void);
/* What the exit scan takes over: history, numbers, births. */
void live_describe(struct scan_input *in);
/* Where the recording of this process stands already (place.h). */
int *live_place(void);

#endif
