/* places.c - note in which megabytes objects lie.
 *
 * Owns:    heap.places.      Never: walks the objects: the index's leaves are as large as places.
 * Runs in: snapshot child (one thread), unit tests, tools.
 * Start:   places_find(). */
#include "places.h"

#include <errno.h>

/* `end` included: a pointer to an object's end may hold it. */
static void note(uint8_t *places, uintptr_t start, uintptr_t end) {
    uintptr_t number = start >> HEAP_LEAF_SHIFT, last = end >> HEAP_LEAF_SHIFT;
    for (size_t i = 0; number <= last && i < PLACES; i++, number++)
        places[number % PLACES] = 1;
}

/* Those in which anything begins, as far as that is known: what is small may end in the next one. */
static void note_leaves(const struct heap *heap, uint8_t *places) {
    uintptr_t base = 0;
    for (size_t i = 0; i < heap->piece_count; i++)
        note(places, heap->piece[i].base, heap->piece[i].base + HEAP_LEAF_BYTES);
    for (; !heap->piece && heap_next_leaf(heap->index, &base); base += HEAP_LEAF_BYTES)
        note(places, base, base + HEAP_LEAF_BYTES);
}

int places_find(struct heap *heap, struct arena *arena) {
    uint8_t *places = arena_alloc(arena, PLACES, sizeof *places);
    if (!places)
        return -ENOMEM;
    note_leaves(heap, places);
    for (size_t i = 0; i < heap->odd_count; i++)
        note(places, heap->odd[i].address, heap->odd[i].address + HEAP_LARGE_BYTES);
    for (size_t i = 0; i < heap->large_count; i++)
        note(places, heap->large[i].lo, heap->large[i].hi);
    heap->places = places;
    return 0;
}
