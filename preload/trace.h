/* trace.h - the last stacks of a thread's allocations, kept so that the next one is walked only where it differs. */
#ifndef CASTAWAY_PRELOAD_TRACE_H
#define CASTAWAY_PRELOAD_TRACE_H

#include "arch.h"
#include "site.h"

/* A walk is made of nothing but registers and words of the stack: where it stands at the same address in the same
 * function, with the same words in the places that it would read, it goes on as it did before. They are compared in the
 * order in which the walk reads them, so that nothing is read but pages of the stack that the walk reads, too. */
struct traces; /* of one thread; up to 600 KiB, as its allocations come from ever more places */

/* The stack above `caller`, at most CAPTURE_FRAMES_MAX frames, as an id (site.h); 0: no memory.
 * traces   *traces is the calling thread's; NULL until its first call
 * context  hook, busy */
uint32_t trace_site_above(struct traces **traces, uintptr_t pc, uintptr_t sp, uintptr_t bp);
static inline uint32_t trace_site(struct traces **traces, struct caller caller) {
    return trace_site_above(traces, caller.pc, caller.sp, caller.bp); /* in registers */
}

/* In a forked child, whose only thread this is: what there is of it rests for a while. context: the child's atfork handler */
void trace_after_fork(struct traces **traces);
/* What rests is gone. context: threads stopped, none of them inside castaway */
void trace_forget_resting(void);

#endif
