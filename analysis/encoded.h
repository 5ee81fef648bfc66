/* encoded.h - objects whose pointers are not plain words.
 *
 * GLib's hash tables keep their keys and their values in 4 bytes each, as long as all of them are below 4 GiB: which they are
 * in a program that is not position-independent, since its heap begins behind it. fontconfig's patterns say how far behind
 * them their elements lie, as they do in its cache files, which are mapped anywhere. */
#ifndef CASTAWAY_ANALYSIS_ENCODED_H
#define CASTAWAY_ANALYSIS_ENCODED_H

#include "arena.h"
#include "heap.h"
#include "mark.h"

enum { ENCODED_GLIB = 1, ENCODED_FONTCONFIG = 2 };

/* Does anything lie below 4 GiB? */
int encoded_halves_are_possible(const struct heap *heap);

/* Can an object be such an array? */
int encoded_may_be_halves(uintptr_t address, uint64_t size_bytes);

/* Where an object of POINTER_DISTANCE_OBJECT bytes has its elements, if it is a pattern, and how many bytes they have.
 * returns 0: it is none */
uint64_t encoded_elements(uintptr_t address, uintptr_t *elements);

/* Flag such objects (OBJECT_ENCODED) and list them in heap->encoded. Call before the heap is frozen or viewed, when
 * heap->unreadable is known.
 *
 * libraries  whose: ENCODED_*
 * returns    0, or -ENOMEM
 * cost       O(live objects)
 * source     GLib, glib/ghash.c, struct _GHashTable: the same from 2.60 to 2.84; fontconfig, src/fcint.h, struct _FcPattern */
int encoded_find(struct heap *heap, unsigned libraries, struct arena *arena);

/* Where the pointers in all of them lead, as words, for a scan that does not look at all objects; in a heap that is frozen or
 * viewed. returns 0, or -ENOMEM */
int encoded_widen(const struct heap *heap, struct arena *arena, struct root *out);

#endif
