/* locked.h - a program that keeps all its memory from being swapped out: ours is none of it. */
#ifndef CASTAWAY_PRELOAD_LOCKED_H
#define CASTAWAY_PRELOAD_LOCKED_H

#include <stddef.h>

/* What is mapped is locked, and counts against a limit. context: any */
extern _Atomic int locked_always;

/* New memory of ours shall not count. context: any */
void locked_release(void *memory, size_t bytes);

#endif
