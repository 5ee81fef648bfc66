/* usage.h - what our children used is not told to the program as what its own did. */
#ifndef CASTAWAY_PRELOAD_USAGE_H
#define CASTAWAY_PRELOAD_USAGE_H

#include <sys/resource.h>

/* As the kernel's wait4, for a child of ours: what it used is noted. context: any */
long usage_wait(long child, int *status, int options);
/* The program itself has waited for one. context: hook */
void usage_note(const struct rusage *child);
/* Was it one of ours that usage_wait() came too late for? It is told once: the number may become another's. context: any */
int usage_was_taken(long child);

/* The kernel begins anew there. context: forked child */
void usage_after_fork(void);

#endif
