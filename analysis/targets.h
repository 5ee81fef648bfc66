/* targets.h - places that words lead to, put by until those of one leaf of the granules can be looked at together.
 *
 * To look at a byte for each word as it comes is a cache miss each, in a heap that is larger than the processor's caches.
 * Put by, it costs two bytes that are written and read in order. When its leaf has its turn, all that was put by of it becomes
 * bits by granule, and these are taken in order: the leaf's bytes are read once, and so is the megabyte of heap that it is
 * of, when the objects met there are searched.
 *
 * A crew shares the blocks that are full: whoever has a leaf's turn takes all that are of it, so that what one of them reads is
 * not read by each of the others again, and no two meet in the same leaf, as a rule. */
#ifndef CASTAWAY_ANALYSIS_TARGETS_H
#define CASTAWAY_ANALYSIS_TARGETS_H

#include "granules.h"
#include "work.h"

enum {
    TARGETS_GROUPS = HEAP_LEAF_SLOTS / (64 * 64), /* of 64 words of bits */
    TARGETS_APART = 128,                          /* two cache lines: a processor may fetch them together */
};

/* Of one leaf: the numbers of its granules. */
struct targets_stack {
    uint64_t key;  /* heap_turned_key() of words that lead into it */
    uint16_t *top; /* next free place, in [lo, hi] */
    uint16_t *lo;  /* that of a block */
    uint16_t *hi;
};

/* What the markers of one search share. By a leaf's place: that which its key's low bits say, unless that was taken. */
struct targets_pool {
    const struct granules *granules;
    uint32_t *piece;                    /* [mask + 1]: the number of the leaf in granules.piece */
    _Atomic(struct work_block *) *full; /* [mask + 1]: blocks, linked by `below` */
    _Atomic uint64_t *filled;           /* bits of the places that have such; set behind the block, cleared before */
    size_t mask;
    size_t leaves;        /* 0: nothing is put by */
    size_t most;          /* with more than these nothing should be searched that adds to them */
    _Atomic size_t count; /* of all in full blocks */
};

/* One marker's. Its blocks are those of its work list. */
struct targets {
    struct targets_pool *pool;
    struct work_list *blocks;
    struct targets_stack *stack;    /* [mask + 1] */
    uint64_t *filled;               /* bits of the places at which stacks have a block */
    size_t mask;                    /* the pool's */
    uint64_t *wanted;               /* bits by granule of the leaf that has its turn */
    uint64_t words[TARGETS_GROUPS]; /* bits by word of these that is not zero */
    size_t group;                   /* the first of them that is not zero; TARGETS_GROUPS: no leaf has its turn */
    size_t at;                      /* the place of the leaf that has its turn */
    size_t count;                   /* of all that were put by and are not in full blocks */
    size_t most;                    /* what the pool's leaves of it, when that was last looked at */
    char apart[TARGETS_APART];      /* from the next marker's, which reads what stands first in it all the time */
};

_Static_assert(HEAP_LEAF_SLOTS <= 1 << 16, "a granule's number in two bytes");

/* For `count` markers, all zero. In small heaps, or without memory, nothing is put by: then there are no `leaves`. */
void targets_prepare(struct targets_pool *pool, struct targets *targets, unsigned count,
                     const struct granules *granules, struct arena *arena);

/* Called once a phase. */
void targets_begin(struct targets *targets, struct work_list *blocks);

/* Give another some, if it still waits for it. returns whether there were enough */
int targets_give(struct targets *targets);

/* Put those by that another gave. */
void targets_add_given(struct targets *targets, const struct work_block *given);

static inline int targets_are_too_many(const struct targets *targets) {
    return targets->count > targets->most;
}

/* ---- putting by ---- */

/* Slow part of targets_put(): the stack of a word, with room for one more. returns NULL when it leads to no granule of
 * which there is a stack, or there is no memory: then the pool has an error */
struct targets_stack *targets_more_room(struct targets *targets, uint64_t turned);

/* Put by where a word leads. Who calls adds it to the count.
 * stacks, mask  the targets', at hand already
 * returns       0 when it can't be */
static inline int targets_put(struct targets *targets, struct targets_stack *stacks, size_t mask, uintptr_t word) {
    uint64_t turned = heap_turned(word), key = heap_turned_key(turned);
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
    return &targets->pool->granules->piece[targets->pool->piece[targets->at]];
}

/* Is there anything to take that no other can have? */
static inline int targets_are_left(const struct targets *targets) {
    return targets->count || targets->group < TARGETS_GROUPS;
}

/* Slow parts of targets_take(). The first also begins a turn where nothing but full blocks is left; it returns 0 when others
 * have taken all there was. */
int targets_begin_turn(struct targets *targets);
void targets_next_group(struct targets *targets);

/* Take some of the leaf that has its turn, or if that has no more of the next one.
 * returns  bits of granules in a row, *first receives the first one's number; 0: others took what was left */
static inline uint64_t targets_take(struct targets *targets, size_t *first) {
    if (__builtin_expect(targets->group == TARGETS_GROUPS, 0) && !targets_begin_turn(targets))
        return 0;
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
