/* targets.c - stacks of granules' numbers, one for each leaf.
 *
 * Owns:    the stacks; their blocks are a work list's.      Never: looks at a granule's byte.
 * Runs in: snapshot child (a crew of threads), unit tests, tools.
 * Start:   targets_put(), targets_take() in the header. */
#include "targets.h"

enum {
    LEAVES_MIN = 128,       /* smaller heaps are marked as fast without: the bytes of these are 8 MiB */
    LEAF_TARGETS = 1 << 14, /* 3 % of the memory that the leaf is of */
    GIVE_MIN = 32,
    GIVE_LOOKS = 64, /* at stacks that may have so many */
    BITS = 64,
};

void targets_begin(struct targets *targets, struct granules *granules, struct work_list *blocks) {
    struct work_pool *pool = blocks->pool;
    targets->blocks = blocks;
    if (granules->piece_count < LEAVES_MIN || targets->leaves)
        return;
    targets->granules = granules;
    targets->known = work_alloc(pool, TARGETS_KNOWN, sizeof *targets->known);
    targets->filled = work_alloc(pool, granules->piece_count / BITS + 1, sizeof *targets->filled);
    targets->stack = work_alloc(pool, granules->piece_count, sizeof *targets->stack);
    if (!targets->known || !targets->filled || !targets->stack)
        return;
    targets->leaves = granules->piece_count;
    targets->most = granules->piece_count * LEAF_TARGETS;
}

uint64_t targets_learn(const struct targets *targets, uintptr_t word) {
    const struct granules *granules = targets->granules;
    const _Atomic uint8_t *granule = granules_at(targets->granules, word), *first = granules->piece[0].leaf->granule;
    uint64_t megabyte = word >> HEAP_LEAF_SHIFT;
    size_t leaf = (uintptr_t)granule < (uintptr_t)first ? SIZE_MAX : (size_t)(granule - first) / HEAP_LEAF_SLOTS;
    uint64_t known = megabyte << 32 | (leaf < targets->leaves ? (uint32_t)leaf : TARGETS_NOWHERE);
    targets->known[megabyte % TARGETS_KNOWN] = known;
    return known;
}

/* ---- blocks ---- */

static void use_block(struct targets_stack *stack, struct work_block *block, size_t count) {
    stack->block = block;
    stack->lo = block ? block->slot : NULL;
    stack->hi = block ? block->slot + WORK_BLOCK_SLOTS : NULL;
    stack->top = stack->lo + count;
}

int targets_more_room(struct targets *targets, size_t leaf) {
    struct targets_stack *stack = &targets->stack[leaf];
    struct work_block *block = work_new_block(targets->blocks);
    if (!block)
        return 0;
    block->below = stack->block;
    use_block(stack, block, 0);
    targets->filled[leaf / BITS] |= UINT64_C(1) << leaf % BITS;
    return 1;
}

/* Its uppermost block is empty or given away. All below are full. */
static void step_down(struct targets *targets, size_t leaf) {
    struct targets_stack *stack = &targets->stack[leaf];
    struct work_block *below = stack->block->below;
    use_block(stack, below, below ? WORK_BLOCK_SLOTS : 0);
    if (!below)
        targets->filled[leaf / BITS] &= ~(UINT64_C(1) << leaf % BITS);
}

/* The next leaf that has a block. There is one. */
static size_t next_leaf(const struct targets *targets) {
    size_t words = targets->leaves / BITS + 1, at = targets->leaf / BITS;
    uint64_t behind = targets->filled[at] & ~((UINT64_C(2) << targets->leaf % BITS) - 1);
    while (!behind) {
        at = at + 1 < words ? at + 1 : 0;
        behind = targets->filled[at];
    }
    return at * BITS + (size_t)__builtin_ctzll(behind);
}

struct targets_stack *targets_refill(struct targets *targets) {
    for (;;) {
        struct targets_stack *stack = &targets->stack[targets->leaf];
        struct work_block *empty = stack->block;
        if (stack->top != stack->lo)
            return stack;
        if (empty) {
            step_down(targets, targets->leaf);
            work_keep_block(targets->blocks, empty);
        } else {
            targets->leaf = next_leaf(targets);
        }
    }
}

/* ---- giving and taking ---- */

static void give_block(struct targets *targets, size_t leaf, size_t count) {
    struct work_block *block = targets->stack[leaf].block;
    step_down(targets, leaf);
    block->count = count;
    block->leaf = leaf + 1;
    targets->count -= count;
    work_give_block(targets->blocks, block);
}

/* Of the leaf whose turn is farthest away, if that has enough, or of one before it. */
int targets_give(struct targets *targets) {
    size_t looks = targets->leaves < GIVE_LOOKS ? targets->leaves : GIVE_LOOKS;
    for (size_t back = 1; targets->count >= GIVE_MIN && back <= looks; back++) {
        size_t leaf = (targets->leaf + targets->leaves - back) % targets->leaves;
        size_t count = (size_t)(targets->stack[leaf].top - targets->stack[leaf].lo);
        if (count < GIVE_MIN)
            continue;
        give_block(targets, leaf, count);
        return 1;
    }
    return 0;
}

void targets_add_given(struct targets *targets, const struct work_block *given) {
    struct targets_stack *stack = &targets->stack[given->leaf - 1];
    for (size_t i = 0; i < given->count; i++) {
        if (stack->top == stack->hi && !targets_more_room(targets, given->leaf - 1))
            return;
        *stack->top++ = given->slot[i];
        targets->count++;
    }
}
