/* give_way.h - where memory is limited the program comes first: when it has none left, it gets ours. */
#ifndef CASTAWAY_PRELOAD_GIVE_WAY_H
#define CASTAWAY_PRELOAD_GIVE_WAY_H

#include <stddef.h>

/* A call of the program's that takes `bytes` of memory was refused. If what we have would do, it is given back, after a scan
 * of what is recorded so far; recording is over then.
 * returns  whether the call should be made again: in a process once, or twice. 0: nothing has changed
 * context  hook; inside one of ours no more than the reserve is given. Keeps errno */
int give_way(size_t bytes);

/* The same before a call that would not come back here when it is refused, and may take so much. 0: nothing.
 * context  as above */
void give_way_for(size_t bytes);

/* There was no memory for something of ours. context: hook, not inside one of ours */
void give_way_now(void);

/* What it takes to stop the threads is there before it is needed. context: constructor */
void give_way_start(void);
void give_way_after_fork(void);

int give_way_ended(void); /* recording is over; what a last scan would need is gone */

#endif
