/* pooled.h - objects that the program's own allocators cut out of larger blocks, as far as it tells us. */
#ifndef CASTAWAY_PRELOAD_POOLED_H
#define CASTAWAY_PRELOAD_POOLED_H

#include "analysis/heap.h"

/* A block that holds objects of a pool, and is no object itself any more. */
struct pooled_block {
    uintptr_t lo, hi;
    uintptr_t first; /* least address of an object that was ever in it: a pool's own head is below */
};

/* A block from malloc without a record is about to be freed: what a pool cut out of it goes with it. context: hook, busy */
void pooled_block_freed(uintptr_t address);

typedef void pooled_block_cb(void *context, const struct pooled_block *block);
typedef void pooled_object_cb(void *context, uintptr_t address);
void pooled_each_block(pooled_block_cb *visit, void *context);   /* context: child */
void pooled_each_object(pooled_object_cb *visit, void *context); /* context: child */

#endif
