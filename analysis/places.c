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
    uint16_t *share; /* by place: which of the megabytes that share it was noted first; NULL: not told */
};

static void note_one(struct noting *noting, size_t place, uint16_t share) {
    uint8_t *count = &noting->places[place];
    if (!noting->share) {
        *count = PLACES_SEVERAL;
    } else if (*count == PLACES_NONE) {
        *count = PLACES_ONE;
        noting->share[place] = share;
    } else if (noting->share[place] != share) {
        *count = PLACES_SEVERAL;
    }
}

/* `end` included: a pointer to an object's end may hold it. */
static void note(struct noting *noting, uintptr_t start, uintptr_t end) {
    uintptr_t number = start >> HEAP_LEAF_SHIFT, last = end >> HEAP_LEAF_SHIFT;
    if (last - number >= PLACES) {
        memset(noting->places, PLACES_SEVERAL, PLACES);
        return;
    }
    for (; number <= last; number++)
        note_one(noting, number % PLACES, (uint16_t)(number / PLACES));
}

_Static_assert((UINT64_C(1) << HEAP_ADDRESS_BITS) / HEAP_LEAF_BYTES / PLACES <= UINT64_C(1) << 16,
               "a share in two bytes");

/* Those in which anything begins, as far as that is known: what is small may end in the next one. */
static void note_leaves(const struct heap *heap, struct noting *noting) {
    uintptr_t base = 0;
    for (size_t i = 0; i < heap->piece_count; i++)
        note(noting, heap->piece[i].base, heap->piece[i].base + HEAP_LEAF_BYTES);
    for (; !heap->piece && heap_next_leaf(heap->index, &base); base += HEAP_LEAF_BYTES)
        note(noting, base, base + HEAP_LEAF_BYTES);
}

int places_find(struct heap *heap, struct arena *arena) {
    int is_told = heap->piece_count >= PLACES_LEAVES_MIN;
    struct noting noting = {.places = arena_alloc(arena, PLACES, sizeof *noting.places),
                            .share = is_told ? arena_alloc(arena, PLACES, sizeof *noting.share) : NULL};
    if (!noting.places || (is_told && !noting.share))
        return -ENOMEM;
    note_leaves(heap, &noting);
    for (size_t i = 0; i < heap->odd_count; i++)
        note(&noting, heap->odd[i].address, heap->odd[i].address + HEAP_LARGE_BYTES);
    for (size_t i = 0; i < heap->large_count; i++)
        note(&noting, heap->large[i].lo, heap->large[i].hi);
    heap->places = noting.places;
    return 0;
}
