/* pages.h - castaway's own memory in the target: mapped, never from the program's heap, known to the root finder. */
#ifndef CASTAWAY_PRELOAD_PAGES_H
#define CASTAWAY_PRELOAD_PAGES_H

#include "analysis/arena.h"
#include "analysis/heap.h"

/* Zeroed memory, 16-byte aligned, kept for the life of the process.
 * returns  NULL when the kernel gives none
 * context  hook; takes a spin lock that nothing else is taken under */
void *pages_alloc(size_t bytes);

/* An arena whose blocks are ours too. */
void pages_arena(struct arena *arena, size_t block_bytes);

/* All ranges that hold our memory, for exclusion from the roots. *count receives their number. */
const struct range *pages_ranges(size_t *count);

#endif
