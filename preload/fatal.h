/* fatal.h - a signal that ends the process finds the scan made before it does. */
#ifndef CASTAWAY_PRELOAD_FATAL_H
#define CASTAWAY_PRELOAD_FATAL_H

/* Stand in for the default action of every signal that ends a process. Call once, from the last constructor. */
void fatal_init(void);

/* Give all of them back, for good. Call where a scan can't be made any more. context: any */
void fatal_end(void);

#endif
