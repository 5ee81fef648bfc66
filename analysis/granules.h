/* granules.h - one byte for each granule of the heap: how long is the object that begins there, and was it met?
 *
 * All that marking asks of most words, in a quarter of the index's memory: the marker touches neither the index nor the
 * records, and what it touches fits the processor's cache for heaps of some hundred megabytes. Made by one scan for itself.
 *
 *   word --> node --> leaf --> byte */
#ifndef CASTAWAY_ANALYSIS_GRANULES_H
#define CASTAWAY_ANALYSIS_GRANULES_H

#include "closed.h"
#include "crew.h"
#include "heap.h"
#include "lanes.h"

/* A granule's byte. An object that is longer than a short one, or is not searched at all its words and at these only, is
 * long: its record has to be asked. Where objects begin elsewhere than at the granule's start, or pointers to them point
 * elsewhere (heap.entry), the index has to be asked. The other granules of a long one say how to get to its first, in steps
 * that get shorter, unless it is so long that heap.large has it. */
enum {
    GRANULE_EMPTY = 0, /* nothing that this scan looks at begins here */
    GRANULE_SHORT = 1, /* + the number of whole words of the object that begins at the granule */
    GRANULE_INSIDE =
        118, /* + n, with GRANULE_MET: all of it is in an object that begins 2^n to 2^(n+1)-1 granules before */
    GRANULE_LONG = 126, /* one of more words, or a number that is not known */
    GRANULE_ASK = 127,  /* not told here: heap_find() */
    GRANULE_CODE = 127, /* the bits of the above */
    GRANULE_MET = 128,  /* the object was met; means nothing with GRANULE_ASK */
    GRANULE_WITHIN =
        GRANULE_MET | GRANULE_EMPTY, /* all of it is in objects that were met, or in none, as a search has found out */
    GRANULE_BYTES = 1 << HEAP_GRANULE_SHIFT,
};

struct granules_leaf {
    _Atomic uint8_t granule[HEAP_LEAF_SLOTS]; /* 64 KiB for 1 MiB of heap */
};
struct granules_node {
    struct granules_leaf *leaf[HEAP_NODE_LEAVES]; /* NULL: nothing is known there */
};
struct granules_piece {
    uintptr_t base; /* of the heap that it covers */
    const struct heap_leaf *index;
    struct granules_leaf *leaf;
};
struct granules {
    uintptr_t first_node, node_count; /* numbers of the nodes in the table: address >> HEAP_NODE_SHIFT */
    struct granules_node **node;      /* NULL: the same */
    struct granules_leaf *bare;       /* of all leaves of the index in which nothing begins that this scan looks at */
    struct granules_piece *piece;     /* one for each other leaf of the index */
    size_t piece_count;
    _Atomic uint8_t nothing_known; /* GRANULE_ASK */
    struct closed closed;
};

/* Make it for what the heap's scan looks at (heap_freeze(), young_view()).
 * crew     fills it; NULL: the caller alone
 * returns  0, or -ENOMEM
 * cost     O(leaves + objects); 64 KiB for each leaf in which one of them begins */
int granules_build(struct granules *granules, const struct heap *heap, const struct crew *crew, struct arena *arena);

/* The byte of an address. */
static inline _Atomic uint8_t *granules_at(struct granules *granules, uintptr_t address) {
    uintptr_t number = (address >> HEAP_NODE_SHIFT) - granules->first_node;
    if (number >= granules->node_count)
        return &granules->nothing_known;
    const struct granules_node *node = granules->node[number];
    struct granules_leaf *leaf = node ? node->leaf[(address >> HEAP_LEAF_SHIFT) & (HEAP_NODE_LEAVES - 1)] : NULL;
    return leaf ? &leaf->granule[heap_slot_number(address)] : &granules->nothing_known;
}

/* Does nothing begin in the leaf of this granule? number: its own, in the leaf */
static inline int granules_are_bare(const struct granules *granules, const _Atomic uint8_t *granule, size_t number) {
    return granule == &granules->nothing_known || granule - number == granules->bare->granule;
}

/* Granules in a row, from one that has a number divisible by as many on: the first in the lowest bits. */
enum { GRANULES_GROUP = sizeof(uint64_t) };
static inline uint64_t granules_group(const _Atomic uint8_t *group) {
    typedef uint64_t __attribute__((may_alias)) granules_together;
    return __atomic_load_n((const granules_together *)(const void *)group, __ATOMIC_RELAXED);
}
static inline void granules_set_group(_Atomic uint8_t *group, uint8_t byte) {
    typedef uint64_t __attribute__((may_alias)) granules_together;
    __atomic_store_n((granules_together *)(void *)group, UINT64_C(0x0101010101010101) * byte, __ATOMIC_RELAXED);
}

/* Does an object begin here, of which the byte says how long it is, or that it is long? */
static inline int granules_begins(uint8_t byte) {
    uint8_t code = byte & GRANULE_CODE;
    return (code >= GRANULE_SHORT && code < GRANULE_INSIDE) || code == GRANULE_LONG;
}

/* Inside a long object, of which the first granule has to be asked. */
static inline int granules_is_inside(uint8_t byte) {
    return byte >= (GRANULE_INSIDE | GRANULE_MET) && byte < (GRANULE_LONG | GRANULE_MET);
}

/* Of granules in a row, from one that has a number divisible by 64 on, bits of those that are wanted.
 * returns  where an object begins that was not met; *other receives where nothing is told of a start: not that of one that
 *          was met, nor that words to there are of no interest */
static inline uint64_t granules_sort(const _Atomic uint8_t *granule, uint64_t wanted, uint64_t *other) {
    uint64_t fresh = 0, met = 0;
#pragma GCC unroll 4
    for (size_t i = 0; i < 64; i += LANES_BYTES) {
        lanes bytes = lanes_load((const void *)&granule[i]);
        fresh |= lanes_between(bytes, GRANULE_SHORT, GRANULE_LONG) << i;
        met |= (lanes_between(bytes, GRANULE_WITHIN, GRANULE_MET | (GRANULE_INSIDE - 1)) |
                lanes_equal(bytes, GRANULE_MET | GRANULE_LONG))
               << i;
    }
    *other = wanted & ~(fresh | met);
    return wanted & fresh;
}

/* What is known of an address at which no short or long object begins, from the bytes before it. */
enum granules_inside {
    GRANULES_NOWHERE,  /* in no object that this scan looks at */
    GRANULES_IN_MET,   /* in one that was met, or behind one, or where it was noted that there is none */
    GRANULES_IN_UNMET, /* in one that was not, which begins at *start */
    GRANULES_AT_UNMET, /* in such a one, at its end or just behind it, and in no other */
    GRANULES_FAR,      /* in none that is smaller than HEAP_LARGE_BYTES and has a slot, nor at its end */
    GRANULES_ASK,      /* not told here */
};
/* What it finds out of a long object that was met it notes in the granules inside: arenas are full of pointers into arenas. */
enum granules_inside granules_look(struct granules *granules, uintptr_t address, uintptr_t *start);

/* ---- noting where words lead to nothing new ---- */

/* An object that granules_look() does not tell of, [lo, hi), was met. Only in the leaf of `address`. */
void granules_note_met(struct granules *granules, struct range object, uintptr_t address);

/* What lies around an address, as far as it is in objects which were met, or in none: words lead to what was freed, too, as they
 * do in arenas. Behind a short object that is what follows in its page up to the next one, else the whole page; and a page of
 * which that is all is closed. Where nothing can be noted of an empty granule that is found out before.
 * cost  a page is 256 bytes
 * none  no object without a slot, or of HEAP_LARGE_BYTES, is or ends in this: in these there may be records of smaller ones that
 *       were freed unseen, so elsewhere nothing is said to be in no object */
void granules_settle(struct granules *granules, struct range none, uintptr_t address);

#endif
