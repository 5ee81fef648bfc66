/* beside.h - a child that has the program's memory itself: made sooner than a copy, and what it meets ends it alone. */
#ifndef CASTAWAY_PRELOAD_BESIDE_H
#define CASTAWAY_PRELOAD_BESIDE_H

/* Call work(argument) in such a child and wait for it. It must end by SYS_exit_group, and change nothing of the program's.
 *
 * returns  its exit status; BESIDE_FAILED: it could not be made, or crashed
 * context  all other threads stopped, all signals blocked */
enum { BESIDE_FAILED = -1 };
int beside_run(void (*work)(void *argument), void *argument);

#endif
