/* guard.h - work that may crash, in the process itself. */
#ifndef CASTAWAY_PRELOAD_GUARD_H
#define CASTAWAY_PRELOAD_GUARD_H

/* Call work(argument), of which nothing is left when it crashes but what it changed: no lock that it could crash under.
 *
 * returns  what `work` returned; GUARD_CRASHED
 * context  all signals blocked; no two at a time, nor one in another */
enum { GUARD_CRASHED = -1 };
int guard_run(int (*work)(void *argument), void *argument);

#endif
