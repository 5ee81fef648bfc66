/* targets.h - places that words lead to, put by until those of one leaf of the granules can be looked at together.
 *
 * To look at a byte for each word as it comes is a cache miss each, in a heap that is larger than the processor's caches.
 * Put by, it costs two bytes that are written and read in order. When its leaf has its turn, all that was put by of it becomes
 * bits by granule, and these are taken in order: the leaf's bytes are read once, and so is the megabyte of heap that it is
 * of, when the objects met there are searched. */
#ifndef CASTAWAY_ANALYSIS_TARGETS_H
#define CASTAWAY_ANALYSIS_TARGETS_H

#include "granules.h"
#include "work.h"

enum { TARGETS_GROUPS = HEAP_LEAF_SLOTS / (64 * 64) }; /* of 64 words of bits */

/* Of one leaf: the numbers of its granules. */
struct targets_stack {
    uint64_t key;  /* targets_key() of words that lead into it */
    uint16_t *top; /* next free place, in [lo, hi] */
    uint16_t *lo;  /* that of a block */
    uint16_t *hi;
};

/* One marker's. Its blocks are those of its work list. */
struct targets {
    struct work_list *blocks;
    const struct granules *granules;
    struct targets_stack *stack; /* [mask + 1]: each at the place that its key's low bits say, unless that was taken */
    uint32_t *piece;             /* [mask + 1]: the number of a stack's leaf in granules.piece */
    uint64_t *filled;            /* bits of the places at which stacks have a block */
    size_t mask;
    size_t leaves;
    uint64_t *wanted;               /* bits by granule of the leaf that has its turn */
    uint64_t words[TARGETS_GROUPS]; /* bits by word of these that is not zero */
    size_t group;                   /* the first of them that is not zero; TARGETS_GROUPS: no leaf has its turn */
    size_t at;                      /* the place of the leaf that has its turn */
    size_t count;                   /* of all that were put by */
    size_t most;                    /* with more than these nothing should be searched that adds to them */
};

_Static_assert(HEAP_LEAF_SLOTS <= 1 << 16, "a granule's number in two bytes");

/* Called once a phase; the memory is kept from one to the next. In small heaps, or without memory, nothing is put by:
 * then there are no `leaves`. */
void targets_begin(struct targets *targets, const struct granules *granules, struct work_list *blocks);

/* Give another some, if it still waits for it. returns whether there were enough */
int targets_give(struct targets *targets);

/* Put those by that another gave, in a phase in which this one puts by. */
void targets_add_given(struct targets *targets, const struct work_block *given);

static inline int targets_are_too_many(const struct targets *targets) {
    return targets->count > targets->most;
}

/* ---- putting by ---- */

/* A word, turned round: the low bits are the granule's number in its leaf, those above it the number of the leaf's megabyte,
 * and the highest what a pointer to the start of a granule has not: so one comparison of keys tells all of these. */
static inline uint64_t targets_turned(uintptr_t word) {
    return (uint64_t)word >> HEAP_GRANULE_SHIFT | (uint64_t)word << (64 - HEAP_GRANULE_SHIFT);
}
static inline uint64_t targets_key(uint64_t turned) {
    return turned >> (HEAP_LEAF_SHIFT - HEAP_GRANULE_SHIFT);
}

/* Slow part of targets_put(): the stack of a word, with room for one more. returns NULL when it leads to no granule of
 * which there is a stack, or there is no memory: then the pool has an error */
struct targets_stack *targets_more_room(struct targets *targets, uint64_t turned);

/* Put by where a word leads. Who calls adds it to the count.
 * stacks, mask  the targets', at hand already
 * returns       0 when it can't be */
static inline int targets_put(struct targets *targets, struct targets_stack *stacks, size_t mask, uintptr_t word) {
    uint64_t turned = targets_turned(word), key = targets_key(turned);
    struct targets_stack *stack = &stacks[key & mask];
    if (__builtin_expect(stack->key != key || stack->top == stack->hi, 0) &&
        !(stack = targets_more_room(targets, turned)))
        return 0;
    *stack->top++ = (uint16_t)turned;
    return 1;
}

/* ---- taking ---- */

/* The leaf at hand. */
static inline const struct granules_piece *targets_piece(const struct targets *targets) {
    return &targets->granules->piece[targets->piece[targets->at]];
}

/* Is there anything to take? */
static inline int targets_are_left(const struct targets *targets) {
    return targets->count || targets->group < TARGETS_GROUPS;
}

/* Slow parts of targets_take(). */
void targets_begin_turn(struct targets *targets);
void targets_next_group(struct targets *targets);

/* Take some of the leaf that has its turn, or if that has no more of the next one. There are some left.
 * returns  bits of granules in a row, one at least; *first receives the first one's number */
static inline uint64_t targets_take(struct targets *targets, size_t *first) {
    if (__builtin_expect(targets->group == TARGETS_GROUPS, 0))
        targets_begin_turn(targets);
    uint64_t *words = &targets->words[targets->group];
    size_t word = targets->group * 64 + (size_t)__builtin_ctzll(*words);
    uint64_t bits = targets->wanted[word];
    targets->wanted[word] = 0;
    if (!(*words &= *words - 1))
        targets_next_group(targets);
    *first = word * 64;
    return bits;
}
#endif
