/* closed.c - open the pages of places, close one.
 *
 * Owns:    struct closed's bits.      Never: asks whether something is left in a page (granules_note.c does).
 * Runs in: snapshot child (a crew of threads), unit tests, tools.
 * Start:   closed_begin(). */
#include "closed.h"

#include <errno.h>
#include <string.h>

enum { PLACE_WORDS = PAGE_BITS_WORDS / PLACES };
_Static_assert((uint64_t)PLACES << HEAP_LEAF_SHIFT == (uint64_t)PAGE_BITS << PAGE_BITS_SHIFT, "the same share one");

int closed_begin(struct closed *closed, const struct heap *heap, struct arena *arena) {
    *closed = (struct closed){heap->places, NULL};
    if (heap->piece_count < PLACES_LEAVES_MIN)
        return 0;
    uint64_t *open = arena_alloc(arena, PAGE_BITS_WORDS, sizeof *open);
    if (!open)
        return -ENOMEM;
    closed->open = (_Atomic uint64_t *)open;
    for (size_t place = 0; place < PLACES; place++)
        if (heap->places[place] != PLACES_NONE)
            memset(&open[place * PLACE_WORDS], 0xff, PLACE_WORDS * sizeof *open);
    return 0;
}

void closed_add(struct closed *closed, uintptr_t address) {
    if (closed->places[(address >> HEAP_LEAF_SHIFT) % PLACES] == PLACES_ONE)
        atomic_fetch_and_explicit(&closed->open[page_bits_word(address)], ~page_bits_bit(address),
                                  memory_order_relaxed);
}
