/* targets.h - places that words lead to, put by until those of one leaf of the granules can be looked at together.
 *
 * To look at a byte for each word as it comes is a cache miss each, in a heap that is larger than the processor's caches.
 * Put by, it costs two bytes that are written and read in order, and its leaf is in the cache while that has its turn. So are
 * the page tables of the megabyte of heap that the leaf is of, when the objects met there are searched. */
#ifndef CASTAWAY_ANALYSIS_TARGETS_H
#define CASTAWAY_ANALYSIS_TARGETS_H

#include "granules.h"
#include "work.h"

enum { TARGETS_KNOWN = 1024 };
#define TARGETS_NOWHERE UINT32_MAX

/* Of one leaf: the numbers of its granules. */
struct targets_stack {
    uint16_t *top; /* next free place, in [lo, hi] */
    uint16_t *lo, *hi;
    struct work_block *block;
};

/* One marker's. Its blocks are those of its work list. */
struct targets {
    struct work_list *blocks;
    struct granules *granules;
    uint64_t *known; /* by the number of a megabyte of the heap, modulo: that number, and in the low half its leaf's */
    struct targets_stack *stack; /* [leaves], in the order of granules.piece */
    uint64_t *filled;            /* bits of the leaves whose stacks have a block */
    size_t leaves;
    size_t leaf;  /* the one at hand */
    size_t count; /* of all that were put by */
    size_t most;  /* with more than these nothing should be searched that adds to them */
};

_Static_assert(HEAP_LEAF_SLOTS <= 1 << 16, "a granule's number in two bytes");

/* Called once a phase; the memory is kept from one to the next. In small heaps, or without memory, nothing is put by:
 * then there are no `leaves`. */
void targets_begin(struct targets *targets, struct granules *granules, struct work_list *blocks);

/* The stack at hand, or if that has nothing left the next one that has, round about; targets->count is not 0. */
struct targets_stack *targets_refill(struct targets *targets);

/* Give another some, if it still waits for it. returns whether there were enough */
int targets_give(struct targets *targets);

/* Put those by that another gave. */
void targets_add_given(struct targets *targets, const struct work_block *given);

/* Slow part of targets_leaf(). returns what is known from now on */
uint64_t targets_learn(const struct targets *targets, uintptr_t word);

static inline int targets_are_too_many(const struct targets *targets) {
    return targets->count > targets->most;
}

/* Slow part of targets_put(): room for one more. returns 0 when there is no memory for it: the pool has an error */
int targets_more_room(struct targets *targets, size_t leaf);

/* The leaf that a word leads into, or TARGETS_NOWHERE: nothing can be put by. */
static inline uint32_t targets_leaf(const struct targets *targets, uintptr_t word) {
    uint64_t known = targets->known[(word >> HEAP_LEAF_SHIFT) % TARGETS_KNOWN];
    if (__builtin_expect(known >> 32 != word >> HEAP_LEAF_SHIFT, 0))
        known = targets_learn(targets, word);
    return (uint32_t)known;
}

/* Put the granule of a word in this leaf by. returns 0 when there is no memory for it: the pool has an error */
static inline int targets_put(struct targets *targets, struct targets_stack *stacks, uint32_t leaf, uintptr_t word) {
    struct targets_stack *stack = &stacks[leaf];
    if (__builtin_expect(stack->top == stack->hi, 0) && !targets_more_room(targets, leaf))
        return 0;
    *stack->top++ = (uint16_t)heap_slot_number(word);
    return 1;
}

/* Take up to `max` of one leaf. returns how many, 0: there are none; *leaf receives its number */
static inline size_t targets_take(struct targets *targets, uint16_t *slot, size_t max, size_t *leaf) {
    if (!targets->count)
        return 0;
    struct targets_stack *stack = &targets->stack[targets->leaf];
    if (stack->top == stack->lo)
        stack = targets_refill(targets);
    size_t there = (size_t)(stack->top - stack->lo), count = there < max ? there : max;
    stack->top -= count;
    targets->count -= count;
    *leaf = targets->leaf;
    memcpy(slot, stack->top, count * sizeof *slot);
    return count;
}
#endif
