/* clone.h - forks that go past fork(). */
#ifndef CASTAWAY_PRELOAD_CLONE_H
#define CASTAWAY_PRELOAD_CLONE_H

/* Does the call begin a process that goes on where this one is, with a copy of all it has? */
int clone_is_fork(long number, const long *arguments);

/* Make it. returns what the call does: in the child 0 */
long clone_fork(long number, const long *arguments);

#endif
