/* mapping.h - memory that an allocator other than glibc's mapped for itself: its heaps and its book-keeping; and memory
 * that the program took from the break (sbrk). */
#ifndef CASTAWAY_PRELOAD_MAPPING_H
#define CASTAWAY_PRELOAD_MAPPING_H

#include <stddef.h>

#include "analysis/heap.h"

/* `caller` mapped [lo, hi). context: hook */
void mapping_note(uintptr_t lo, uintptr_t hi, uintptr_t caller);

/* The allocator's mappings so far, some of them perhaps unmapped since; *count receives their number. */
const struct range *mapping_allocator(size_t *count);

/* What the program took from the break and did not give back; *count receives the number of ranges. */
const struct range *mapping_broken(size_t *count);

#endif
