/* pointers.h - which words of an object are its pointers: whoever follows or tells them asks here.
 *
 * They stand at multiples of 8, or with heap.unaligned at any address; a pointer mask takes tags off. Those of an object
 * flagged OBJECT_ENCODED have another form, which its size tells (encoded.h). What of an object must not be touched has none.
 *
 *   struct pointers walk = pointers_of(heap, object, address);
 *   for (uintptr_t pointer, at; (at = pointers_next(heap, &walk, &pointer));)
 *       ... */
#ifndef CASTAWAY_ANALYSIS_POINTERS_H
#define CASTAWAY_ANALYSIS_POINTERS_H

#include "heap.h"

enum pointer_form {
    POINTER_WORD,
    POINTER_HALF,     /* 4 bytes, in an array of them */
    POINTER_DISTANCE, /* from where the object begins, whose second word it is: the only one in the object */
};
enum { POINTER_HALF_BYTES = sizeof(uint32_t), POINTER_DISTANCE_AT = sizeof(uintptr_t), POINTER_DISTANCE_OBJECT = 24 };

/* Where a walk stands: in the piece [next, piece_end) of what may be read, which ends at `end`. */
struct pointers {
    uintptr_t next, piece_end, end;
    uint32_t step;
    enum pointer_form form;
};

static inline enum pointer_form pointers_form(const struct object *object) {
    if (!(object->flags & OBJECT_ENCODED))
        return POINTER_WORD;
    return object->size_bytes == POINTER_DISTANCE_OBJECT ? POINTER_DISTANCE : POINTER_HALF;
}
static inline size_t pointers_bytes(enum pointer_form form) {
    return form == POINTER_HALF ? POINTER_HALF_BYTES : sizeof(uintptr_t);
}

static inline struct pointers pointers_of(const struct heap *heap, const struct object *object, uintptr_t address) {
    enum pointer_form form = pointers_form(object);
    uint32_t step = heap->unaligned && form == POINTER_WORD ? 1 : (uint32_t)pointers_bytes(form);
    struct range all = heap_contents(heap, address, object->size_bytes);
    if (form == POINTER_DISTANCE)
        all = (struct range){address + POINTER_DISTANCE_AT, address + POINTER_DISTANCE_AT + sizeof(uintptr_t)};
    struct range first = heap_readable_in(heap, object, all.lo, all.hi);
    return (struct pointers){first.lo, first.hi, all.hi, step, form};
}

/* Those of a root, or of what else is no object and may all be read: they begin at a multiple of 8. */
static inline struct pointers pointers_in(const struct heap *heap, uintptr_t lo, uintptr_t hi) {
    struct range words = heap_words(lo, hi - lo);
    return (struct pointers){words.lo, words.hi, words.hi, heap->unaligned ? 1 : sizeof(uintptr_t), POINTER_WORD};
}

/* Where that one leads which stands there. */
static inline uintptr_t pointers_load(const struct heap *heap, uintptr_t address, enum pointer_form form) {
    if (form == POINTER_WORD)
        return heap_pointer(heap, address);
    return form == POINTER_HALF ? heap_load_half(address) : address - POINTER_DISTANCE_AT + heap_load(address);
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

/* pointers_next() of another form than words. */
uintptr_t pointers_next_encoded(const struct heap *heap, struct pointers *walk, uintptr_t *pointer);

/* The next one that leads into the heap's bounds. returns the address at which it stands; 0: there are no more */
static inline uintptr_t pointers_next(const struct heap *heap, struct pointers *walk, uintptr_t *pointer) {
    const uintptr_t lo = heap->lo, span = heap->hi - lo, step = walk->step;
    const uintptr_t mask = heap->pointer_mask ? heap->pointer_mask : UINTPTR_MAX;
    if (walk->form != POINTER_WORD)
        return pointers_next_encoded(heap, walk, pointer);
    do {
        for (uintptr_t at = walk->next; at < walk->piece_end && walk->piece_end - at >= sizeof at; at += step) {
            uintptr_t word = heap_load(at) & mask;
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
