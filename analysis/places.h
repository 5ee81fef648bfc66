/* places.h - in which megabytes objects lie: a table so small that it stays in the cache.
 *
 * Most words that lie between the first object and the last are no pointers to any. A large library alone has megabytes of
 * words that point at its code and its own data, and mapped objects often lie on both sides of it. */
#ifndef CASTAWAY_ANALYSIS_PLACES_H
#define CASTAWAY_ANALYSIS_PLACES_H

#include "arena.h"
#include "heap.h"

enum { PLACES = 4096 /* megabytes; addresses that are 4 GiB apart share one */ };

/* Of those that share a place: in how many may an object lie or end? In a heap with few leaves that is not found out, for page
 * faults cost a small program more than it could save: then they are several, where there is one. */
enum { PLACES_NONE, PLACES_ONE, PLACES_SEVERAL };
enum { PLACES_LEAVES_MIN = 8 };

/* Make the table of a heap that no longer changes, of which the large objects are known: heap->places.
 * returns  0, or -ENOMEM */
int places_find(struct heap *heap, struct arena *arena);

/* 1 where an object may lie or end, else 0: then `word` leads to none. */
static inline unsigned places_used(const uint8_t *places, uintptr_t word) {
    return places[(word >> HEAP_LEAF_SHIFT) % PLACES] != PLACES_NONE;
}

#endif
