/* shape.h - interior pointers that are as good as pointers to the start. */
#ifndef CASTAWAY_ANALYSIS_SHAPE_H
#define CASTAWAY_ANALYSIS_SHAPE_H

#include "heap.h"

/* Does the object's content show that its owner keeps a pointer to `address`, and not to its start?
 *
 * start    of the object;  address: inside it, not its start
 * source   Valgrind manual, "Memory leak detection", --leak-check-heuristics */
int shape_known_good(const struct heap *heap, const struct object *object, uintptr_t start, uintptr_t address);

/* Does [lo, hi) lie in memory that is never written after loading (heap->vtable_ranges)? */
int shape_is_constant(const struct heap *heap, uintptr_t lo, uintptr_t hi);

#endif
