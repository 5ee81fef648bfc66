/* halves.h - arrays whose pointers have 4 bytes each.
 *
 * GLib's hash tables keep their keys and their values so, as long as all of them are below 4 GiB: which they are in a program
 * that is not position-independent, since its heap begins behind it. */
#ifndef CASTAWAY_ANALYSIS_HALVES_H
#define CASTAWAY_ANALYSIS_HALVES_H

#include "arena.h"
#include "heap.h"
#include "mark.h"

/* Does anything lie below 4 GiB? */
int halves_are_possible(const struct heap *heap);

/* Can an object be such an array? */
int halves_may_be(uintptr_t address, uint64_t size_bytes);

/* Flag such arrays (OBJECT_HALVES) and list them in heap->halves. Call before the heap is frozen or viewed, when
 * heap->unreadable is known.
 *
 * returns  0, or -ENOMEM
 * cost     O(live objects)
 * source   GLib, glib/ghash.c, struct _GHashTable: the same from 2.60 to 2.84 */
int halves_find(struct heap *heap, struct arena *arena);

/* What stands in all of them, as words, for a scan that does not look at all objects. returns 0, or -ENOMEM */
int halves_widen(const struct heap *heap, struct arena *arena, struct root *out);

#endif
