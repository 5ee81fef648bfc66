/* kernel_roots.h - pointers that only the kernel holds for the program. */
#ifndef CASTAWAY_PRELOAD_KERNEL_ROOTS_H
#define CASTAWAY_PRELOAD_KERNEL_ROOTS_H

#include "analysis/arena.h"
#include "analysis/heap.h"

/* User data of epoll registrations, values of POSIX timers' signals.
 * pid      the program's (the snapshot child has no timers)
 * words    receives them as a range of memory from `arena`; empty when there are none or /proc can't be read
 * returns  0 or -ENOMEM. context: child */
int kernel_roots(int pid, struct arena *arena, struct range *words);

/* Does this descriptor of the process hold such pointers? context: any */
int kernel_roots_are_in(int descriptor);

/* /proc shows this to the process itself, and to its child only while it could be debugged: not after it has become another
 * user. Is it to be asked for before the snapshot? context: any */
int kernel_roots_are_private(void);

#endif
