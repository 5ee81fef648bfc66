/* mapping.h - memory that an allocator other than glibc's mapped for itself: its heaps and its book-keeping; and memory
 * that the program took from the break (sbrk). */
#ifndef CASTAWAY_PRELOAD_MAPPING_H
#define CASTAWAY_PRELOAD_MAPPING_H

#include <stddef.h>

#include "analysis/heap.h"

struct mapped {
    struct range range;
    uintptr_t caller; /* of mmap */
};

/* `caller` mapped [lo, hi). Until recording begins it is not known who the allocator is: everybody's are kept.
 * context: hook */
void mapping_note(uintptr_t lo, uintptr_t hi, uintptr_t caller);
/* Recording begins: forget what others than the allocator mapped. */
void mapping_start(void);

/* The allocator's mappings so far, some of them perhaps unmapped since; *count receives their number. */
const struct mapped *mapping_allocator(size_t *count);

/* What the program took from the break and did not give back; *count receives the number of ranges. */
const struct mapped *mapping_from_break(size_t *count);

#endif
