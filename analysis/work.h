/* work.h - the work lists of marking: objects that were met and not yet searched, and the pool from which a marker that has
 * none takes another's.
 *
 * A list keeps objects of one region of the heap together, and hands out one region's after another: in a heap that is much
 * larger than the processor's caches, what a marker reads one after the other then shares page tables and cache lines. */
#ifndef CASTAWAY_ANALYSIS_WORK_H
#define CASTAWAY_ANALYSIS_WORK_H

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "arena.h"
#include "crew.h"

enum {
    WORK_BLOCK = 1029, /* items; 129 lines */
    WORK_BLOCK_SLOTS = WORK_BLOCK * sizeof(uint64_t) / sizeof(uint16_t),
    WORK_REGIONS = 64,
    WORK_REGION_SHIFT = 22, /* 4 MiB, as much as a processor keeps translations for; every 64th is in the same list */
    WORK_CODE_SHIFT = 56,
};

/* A met object: its address, and its granule's code in the bits from WORK_CODE_SHIFT on. */
typedef uint64_t work_item;

static inline work_item work_item_of(uintptr_t start, unsigned code) {
    return start | (uint64_t)code << WORK_CODE_SHIFT;
}
static inline uintptr_t work_start(work_item item) {
    return item & ((UINT64_C(1) << WORK_CODE_SHIFT) - 1);
}
static inline unsigned work_code(work_item item) {
    return (unsigned)(item >> WORK_CODE_SHIFT);
}

struct work_block {
    struct work_block *below;
    size_t count; /* while it is not the uppermost of its stack */
    size_t leaf;  /* when it was given: of this one the slots, less 1; 0: items */
    union {
        work_item work[WORK_BLOCK];
        uint16_t slot[WORK_BLOCK_SLOTS]; /* targets.h */
    };
};
struct work_stack {
    work_item *top; /* next free place, in [lo, hi] */
    work_item *lo, *hi;
    struct work_block *block;
};

/* What the markers of one search share. */
struct work_pool {
    struct arena *arena;
    const struct crew *crew;          /* NULL: one marker */
    _Atomic int waiting;              /* how many blocks would be taken at once; read without the lock */
    _Atomic int error;                /* -ENOMEM: something was not added, so that all may give up */
    atomic_flag lock;                 /* of the arena, and of all that follows */
    struct work_block *given, *spare; /* for who has nothing; empty ones. Linked by `below` */
    unsigned busy;                    /* markers that may still add work */
};

/* One marker's. */
struct work_list {
    struct work_pool *pool;
    struct work_block *spare; /* empty, linked by `below` */
    uint64_t filled;          /* bits of the regions that have something */
    unsigned region;          /* the one at hand */
    struct work_stack stack[WORK_REGIONS];
};

void work_pool_begin(struct work_pool *pool, struct arena *arena, const struct crew *crew);
void work_list_begin(struct work_list *list, struct work_pool *pool);

/* A marker begins to work; it ends by work_take() returning NULL. */
void work_enter(struct work_pool *pool);

/* Called with nothing left to do. returns some of another's work, to be put back by work_lay_down() when it was read;
 * NULL: no marker has anything left */
struct work_block *work_take(struct work_list *list);
void work_add_given(struct work_list *list, const struct work_block *given);
void work_lay_down(struct work_pool *pool, struct work_block *blocks);

/* ---- the blocks of a list, for other uses; empty blocks are kept, full ones given if still wanted ---- */
struct work_block *work_new_block(struct work_list *list);
void work_keep_block(struct work_list *list, struct work_block *block);
void work_give_block(struct work_list *list, struct work_block *block);

/* ---- slow parts of the functions below ---- */
int work_more_room(struct work_list *list, struct work_stack *stack);
struct work_stack *work_refill(struct work_list *list);
void work_give(struct work_list *list);

static inline int work_failed(struct work_pool *pool) {
    return atomic_load_explicit(&pool->error, memory_order_relaxed) != 0;
}

/* Add an item if it is `wanted` (1, else 0), without a branch on that. When there is no memory the pool has an error. */
static inline void work_add_if(struct work_list *list, work_item item, unsigned wanted) {
    unsigned region = (unsigned)(work_start(item) >> WORK_REGION_SHIFT) % WORK_REGIONS;
    struct work_stack *stack = &list->stack[region];
    if (__builtin_expect(stack->top == stack->hi, 0) && !work_more_room(list, stack))
        return;
    *stack->top = item;
    stack->top += wanted;
    list->filled |= (uint64_t)wanted << region;
}

static inline void work_add(struct work_list *list, work_item item) {
    work_add_if(list, item, 1);
}

static inline int work_is_left(const struct work_list *list) {
    return list->filled != 0;
}

/* Take up to `max` items out, of one region. returns how many; 0: the list is empty */
static inline size_t work_next(struct work_list *list, work_item *items, size_t max) {
    if (!work_is_left(list))
        return 0;
    struct work_stack *stack = &list->stack[list->region];
    if (stack->top == stack->lo)
        stack = work_refill(list);
    size_t there = (size_t)(stack->top - stack->lo), count = there < max ? there : max;
    stack->top -= count;
    memcpy(items, stack->top, count * sizeof *items);
    if (stack->top == stack->lo && !stack->block->below)
        list->filled &= ~(UINT64_C(1) << list->region);
    return count;
}

/* Does another wait for some? */
static inline int work_is_wanted(const struct work_list *list) {
    return __builtin_expect(atomic_load_explicit(&list->pool->waiting, memory_order_relaxed) > 0, 0) != 0;
}
#endif
