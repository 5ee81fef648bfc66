/* frozen.h - what the program has asked to leave out of all scans: what lived at castaway_freeze(). */
#ifndef CASTAWAY_PRELOAD_FROZEN_H
#define CASTAWAY_PRELOAD_FROZEN_H

#include "analysis/heap.h"

/* What was born so far is frozen. context: all other threads stopped, after thread_forget_serials() */
void frozen_begin(void);
void frozen_end(void);

/* Frozen objects that still live. context: the program's call; other threads may change what is counted */
long frozen_count(void);

/* Flag them as OBJECT_IGNORED. context: snapshot child, before the heap is frozen for marking */
void frozen_flag(struct heap *heap);

#endif
