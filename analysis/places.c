/* places.c - note in which megabytes objects lie.
 *
 * Owns:    heap.places.      Never: walks the objects: the index's leaves are as large as places.
 * Runs in: snapshot child (one thread), unit tests, tools.
 * Start:   places_find(). */
#include "places.h"

#include <errno.h>
#include <string.h>

struct noting {
    uint8_t *places;
    uint32_t *number; /* by place: that of the megabyte which was noted first */
};

/* `end` included: a pointer to an object's end may hold it. */
static void note(struct noting *noting, uintptr_t start, uintptr_t end) {
    uintptr_t number = start >> HEAP_LEAF_SHIFT, last = end >> HEAP_LEAF_SHIFT;
    if (last - number >= PLACES) {
        memset(noting->places, PLACES_SEVERAL, PLACES);
        return;
    }
    for (; number <= last; number++) {
        uint8_t *place = &noting->places[number % PLACES];
        uint32_t *first = &noting->number[number % PLACES];
        if (*place == PLACES_NONE) {
            *place = PLACES_ONE;
            *first = (uint32_t)number;
        } else if (*first != (uint32_t)number) {
            *place = PLACES_SEVERAL;
        }
    }
}

/* Those in which anything begins, as far as that is known: what is small may end in the next one. */
static void note_leaves(const struct heap *heap, struct noting *noting) {
    uintptr_t base = 0;
    for (size_t i = 0; i < heap->piece_count; i++)
        note(noting, heap->piece[i].base, heap->piece[i].base + HEAP_LEAF_BYTES);
    for (; !heap->piece && heap_next_leaf(heap->index, &base); base += HEAP_LEAF_BYTES)
        note(noting, base, base + HEAP_LEAF_BYTES);
}

int places_find(struct heap *heap, struct arena *arena) {
    struct noting noting = {arena_alloc(arena, PLACES, sizeof *noting.places),
                            arena_alloc(arena, PLACES, sizeof *noting.number)};
    if (!noting.places || !noting.number)
        return -ENOMEM;
    note_leaves(heap, &noting);
    for (size_t i = 0; i < heap->odd_count; i++)
        note(&noting, heap->odd[i].address, heap->odd[i].address + HEAP_LARGE_BYTES);
    for (size_t i = 0; i < heap->large_count; i++)
        note(&noting, heap->large[i].lo, heap->large[i].hi);
    heap->places = noting.places;
    return 0;
}
