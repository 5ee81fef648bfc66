/* untouched.h - large objects of which the program has written to a few pages. */
#ifndef CASTAWAY_PRELOAD_UNTOUCHED_H
#define CASTAWAY_PRELOAD_UNTOUCHED_H

#include "maps.h"

/* Add to heap->unreadable the pages inside large objects that the program never touched. They are zeros: no pointer is
 * missed, and the kernel does not have to make up each of them for the search.
 *
 * heap     frozen, its memory viewed (roots_view_memory())
 * returns  0, or -ENOMEM: the heap is as before */
int untouched_find(const struct maps *maps, struct heap *heap, struct arena *arena);

#endif
