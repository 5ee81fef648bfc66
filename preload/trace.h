/* trace.h - the last stacks of a thread's allocations, kept so that the next one is walked only where it differs. */
#ifndef CASTAWAY_PRELOAD_TRACE_H
#define CASTAWAY_PRELOAD_TRACE_H

#include "arch.h"
#include "site.h"

/* A walk is made of nothing but registers and words of the stack: where it stands at the same address in the same
 * function, with the same words in the places that it would read, it goes on as it did before. They are compared in the
 * order in which the walk reads them, so that nothing is read but pages of the stack that the walk reads, too. */
struct traces; /* of one thread; up to 512 KiB, as its allocations come from ever more places */

/* The stack above `caller`, at most `max` frames, as an id (site.h); 0: no memory.
 * traces   *traces is the calling thread's; NULL until its first call
 * context  hook, busy */
uint32_t trace_site(struct traces **traces, const struct caller *caller, uint32_t max);

#endif
