/* closed.c - open the pages of places, close one.
 *
 * Owns:    struct closed's bits.      Never: asks whether something is left in a page (granules.c does).
 * Runs in: snapshot child (a crew of threads), unit tests, tools.
 * Start:   closed_begin(). */
#include "closed.h"

#include <errno.h>

enum { WORDS_A_PLACE = CLOSED_PAGES / PLACES / 64 };

int closed_begin(struct closed *closed, const struct heap *heap, struct arena *arena) {
    uint64_t *open = arena_alloc(arena, CLOSED_PAGES / 64, sizeof *open);
    *closed = (struct closed){heap->places, (_Atomic uint64_t *)open};
    if (!open)
        return -ENOMEM;
    for (size_t place = 0; place < PLACES; place++)
        for (size_t i = 0; i < WORDS_A_PLACE && heap->places[place] != PLACES_NONE; i++)
            open[place * WORDS_A_PLACE + i] = UINT64_MAX;
    return 0;
}

void closed_add(struct closed *closed, uintptr_t address) {
    uintptr_t page = address >> CLOSED_PAGE_SHIFT;
    if (closed->places[(address >> HEAP_LEAF_SHIFT) % PLACES] == PLACES_ONE)
        atomic_fetch_and_explicit(&closed->open[page % CLOSED_PAGES / 64], ~(UINT64_C(1) << page % 64),
                                  memory_order_relaxed);
}
