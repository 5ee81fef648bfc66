/* closed.h - pages of memory in which a search has met all there is: words that lead there are dropped as they are read.
 *
 * Arenas are full of pointers into arenas, of which a search soon has met all, and into what was freed. Nothing is closed but
 * where a word led into a long object or to none (granules_settle()): pages of small objects stay open. */
#ifndef CASTAWAY_ANALYSIS_CLOSED_H
#define CASTAWAY_ANALYSIS_CLOSED_H

#include "page_bits.h"
#include "places.h"

enum { CLOSED_PAGE_BYTES = 1 << PAGE_BITS_SHIFT };

struct closed {
    const uint8_t *places;
    _Atomic uint64_t *open; /* page_bits.h: words to there may lead to something new. NULL: it is not told */
};

/* Open are the places where objects may lie. Of a heap with few leaves, or a young scan's, nothing is told: then no place is
 * PLACES_ONE, and none is closed. returns 0, or -ENOMEM */
int closed_begin(struct closed *closed, const struct heap *heap, struct arena *arena);

/* Words to the page of this address are of no interest any more. It stays open where another shares its bit. */
void closed_add(struct closed *closed, uintptr_t address);

/* 1, or 0: the word leads to a closed page, or where no object lies.
 * open  that of the struct, at hand already */
static inline unsigned closed_is_open(const _Atomic uint64_t *open, uintptr_t word) {
    return page_bits_of(atomic_load_explicit(&open[page_bits_word(word)], memory_order_relaxed), word);
}

#endif
