/* pointers.h - which words of an object are its pointers: whoever follows or tells them asks here.
 *
 * They stand at multiples of 8, or with heap.unaligned at any address. An array flagged OBJECT_HALVES has one in every 4
 * bytes. A pointer mask takes tags off. What of the object must not be touched has none.
 *
 *   struct pointers walk = pointers_of(heap, object, address);
 *   for (uintptr_t pointer, at; (at = pointers_next(heap, &walk, &pointer));)
 *       ... */
#ifndef CASTAWAY_ANALYSIS_POINTERS_H
#define CASTAWAY_ANALYSIS_POINTERS_H

#include "heap.h"

enum { POINTER_HALF = sizeof(uint32_t) };

/* Where a walk stands: in the piece [next, piece_end) of what may be read, which ends at `end`. */
struct pointers {
    uintptr_t next, piece_end, end;
    uint32_t bytes, step;
};

static inline struct pointers pointers_of(const struct heap *heap, const struct object *object, uintptr_t address) {
    uint32_t bytes = object->flags & OBJECT_HALVES ? POINTER_HALF : sizeof(uintptr_t);
    uint32_t step = heap->unaligned && bytes > POINTER_HALF ? 1 : bytes;
    struct range all = heap_contents(heap, address, object->size_bytes);
    struct range first = heap_readable_in(heap, object, all.lo, all.hi);
    return (struct pointers){first.lo, first.hi, all.hi, bytes, step};
}

/* Those of a root, or of what else is no object and may all be read: they begin at a multiple of 8. */
static inline struct pointers pointers_in(const struct heap *heap, uintptr_t lo, uintptr_t hi) {
    struct range words = heap_words(lo, hi - lo);
    return (struct pointers){words.lo, words.hi, words.hi, sizeof(uintptr_t), heap->unaligned ? 1 : sizeof(uintptr_t)};
}

/* What stands there as a pointer of so many bytes. */
static inline uintptr_t pointers_load(const struct heap *heap, uintptr_t address, size_t bytes) {
    return bytes == POINTER_HALF ? heap_load_half(address) : heap_pointer(heap, address);
}

/* Go on to the next piece. returns 0 when there is none */
static inline int pointers_next_piece(const struct heap *heap, struct pointers *walk) {
    struct range piece = {walk->end, walk->end};
    if (walk->piece_end < walk->end) /* it is not known that all of the object may be read */
        piece = heap_readable(heap, walk->piece_end, walk->end);
    walk->next = piece.lo;
    walk->piece_end = piece.hi;
    return piece.lo < piece.hi;
}

/* The next one that leads into the heap's bounds. returns the address at which it stands; 0: there are no more */
static inline uintptr_t pointers_next(const struct heap *heap, struct pointers *walk, uintptr_t *pointer) {
    const uintptr_t lo = heap->lo, span = heap->hi - lo, bytes = walk->bytes, step = walk->step;
    do {
        for (uintptr_t at = walk->next; at < walk->piece_end && walk->piece_end - at >= bytes; at += step) {
            uintptr_t word = pointers_load(heap, at, bytes);
            if (word - lo < span) {
                walk->next = at + step;
                *pointer = word;
                return at;
            }
        }
    } while (pointers_next_piece(heap, walk));
    return 0;
}

#endif
