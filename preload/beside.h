/* beside.h - a child that has the program's memory itself: made sooner than a copy, and what it meets ends it alone. */
#ifndef CASTAWAY_PRELOAD_BESIDE_H
#define CASTAWAY_PRELOAD_BESIDE_H

/* Call work(argument) in such a child and wait for it. It must change nothing of the program's; its descriptors are its own.
 *
 * returns  its exit status, 0 when `work` returned; BESIDE_FAILED: it could not be made, or crashed
 * context  any */
enum { BESIDE_FAILED = -1 };
int beside_run(void (*work)(void *argument), void *argument);

#endif
