/* targets.c - stacks of granules' numbers, one for each leaf.
 *
 * Owns:    the stacks; their blocks are a work list's.      Never: looks at a granule's byte.
 * Runs in: snapshot child (a crew of threads), unit tests, tools.
 * Start:   targets_put(), targets_take() in the header. */
#include "targets.h"

enum {
    LEAVES_MIN = 8,          /* smaller heaps are marked as fast without: the bytes of these are 512 KiB */
    LEAF_TARGETS = 20 << 10, /* 4 % of the memory that the leaf is of */
    GIVE_MIN = 32,
    GIVE_LOOKS = 64, /* at stacks that may have so many */
    BITS = 64,
    FEW = 256, /* fewer of a leaf are noted one by one, of more all words are looked at */
};
#define NO_KEY UINT64_MAX

/* ---- the table ---- */

/* The place of the stack with this key, or the free one where it would be. Memory that was mapped at one time has numbers in
 * a row, and places in a row: where two such rows meet, all of one go elsewhere, by the same odd number of steps. */
static size_t find_place(const struct targets *targets, uint64_t key) {
    const uint64_t step = (key >> 12) * UINT64_C(0x9e3779b97f4a7c15) >> 32 | 1;
    size_t place = key & targets->mask;
    while (targets->stack[place].key != key && targets->stack[place].key != NO_KEY)
        place = (place + step) & targets->mask;
    return place;
}

static uint64_t key_of(const struct granules *granules, size_t piece) {
    return targets_key(targets_turned(granules->piece[piece].base));
}

static void fill_table(struct targets *targets, const struct granules *granules) {
    for (size_t place = 0; place <= targets->mask; place++)
        targets->stack[place].key = NO_KEY;
    for (size_t piece = 0; piece < granules->piece_count; piece++) {
        size_t place = find_place(targets, key_of(granules, piece));
        targets->stack[place].key = key_of(granules, piece);
        targets->piece[place] = (uint32_t)piece;
    }
}

void targets_begin(struct targets *targets, const struct granules *granules, struct work_list *blocks) {
    struct work_pool *pool = blocks->pool;
    targets->blocks = blocks;
    targets->group = TARGETS_GROUPS;
    if (granules->piece_count < LEAVES_MIN || targets->leaves)
        return;
    size_t places = BITS;
    while (places < 2 * granules->piece_count)
        places *= 2;
    targets->granules = granules;
    targets->mask = places - 1;
    targets->stack = work_alloc(pool, places, sizeof *targets->stack);
    targets->piece = work_alloc(pool, places, sizeof *targets->piece);
    targets->filled = work_alloc(pool, places / BITS, sizeof *targets->filled);
    targets->wanted = work_alloc(pool, HEAP_LEAF_SLOTS / BITS, sizeof *targets->wanted);
    if (!targets->stack || !targets->piece || !targets->filled || !targets->wanted)
        return;
    fill_table(targets, granules);
    targets->leaves = granules->piece_count;
    targets->most = granules->piece_count * LEAF_TARGETS;
}

/* ---- blocks ---- */

static struct work_block *block_of(const struct targets_stack *stack) {
    char *slots = (char *)stack->lo;
    return slots ? (struct work_block *)(void *)(slots - offsetof(struct work_block, slot)) : NULL;
}

static void use_block(struct targets_stack *stack, struct work_block *block, size_t count) {
    stack->lo = block ? block->slot : NULL;
    stack->hi = block ? block->slot + WORK_BLOCK_SLOTS : NULL;
    stack->top = stack->lo + count;
}

struct targets_stack *targets_more_room(struct targets *targets, uint64_t turned) {
    size_t place = find_place(targets, targets_key(turned));
    struct targets_stack *stack = &targets->stack[place];
    if (stack->key == NO_KEY || stack->top != stack->hi)
        return stack->key == NO_KEY ? NULL : stack;
    struct work_block *block = work_new_block(targets->blocks);
    if (!block)
        return NULL;
    block->below = block_of(stack);
    use_block(stack, block, 0);
    targets->filled[place / BITS] |= UINT64_C(1) << place % BITS;
    return stack;
}

/* Its uppermost block is empty or given away. All below are full. */
static void step_down(struct targets *targets, size_t place) {
    struct targets_stack *stack = &targets->stack[place];
    struct work_block *below = block_of(stack)->below;
    use_block(stack, below, below ? WORK_BLOCK_SLOTS : 0);
    if (!below)
        targets->filled[place / BITS] &= ~(UINT64_C(1) << place % BITS);
}

/* ---- turns ---- */

/* The next place with a stack that has something, round about. There is one. */
static size_t next_place(const struct targets *targets) {
    size_t words = targets->mask / BITS + 1, at = targets->at / BITS;
    uint64_t behind = targets->filled[at] & ~((UINT64_C(2) << targets->at % BITS) - 1);
    while (!behind) {
        at = at + 1 < words ? at + 1 : 0;
        behind = targets->filled[at];
    }
    return at * BITS + (size_t)__builtin_ctzll(behind);
}

static void want(struct targets *targets, const uint16_t *slot, size_t count) {
    uint64_t *wanted = targets->wanted;
#pragma GCC unroll 4
    for (size_t i = 0; i < count; i++)
        wanted[slot[i] / BITS] |= UINT64_C(1) << slot[i] % BITS;
}

/* Where few are wanted it is noted which words these are in. */
static void want_few(struct targets *targets, const uint16_t *slot, size_t count) {
    want(targets, slot, count);
    for (size_t i = 0; i < count; i++)
        targets->words[slot[i] / BITS / BITS] |= UINT64_C(1) << slot[i] / BITS % BITS;
}

/* The same behind want(), by looking at all. */
static void find_words(struct targets *targets) {
    for (size_t word = 0; word < TARGETS_GROUPS * BITS; word++)
        targets->words[word / BITS] |= (uint64_t)(targets->wanted[word] != 0) << word % BITS;
}

/* All that was put by of the next leaf becomes bits: what was put by twice is one, and neighbours follow one another. */
void targets_begin_turn(struct targets *targets) {
    targets->at = next_place(targets);
    struct targets_stack *stack = &targets->stack[targets->at];
    int are_few = stack->top - stack->lo < FEW && !block_of(stack)->below;
    while (stack->lo) {
        struct work_block *block = block_of(stack);
        size_t count = (size_t)(stack->top - stack->lo);
        (are_few ? want_few : want)(targets, stack->lo, count);
        targets->count -= count;
        step_down(targets, targets->at);
        work_keep_block(targets->blocks, block);
    }
    if (!are_few)
        find_words(targets);
    targets->group = 0;
    if (!targets->words[0])
        targets_next_group(targets);
}

void targets_next_group(struct targets *targets) {
    do
        targets->group++;
    while (targets->group < TARGETS_GROUPS && !targets->words[targets->group]);
}

/* ---- giving and taking ---- */

static void give_block(struct targets *targets, size_t place, size_t count) {
    struct work_block *block = block_of(&targets->stack[place]);
    step_down(targets, place);
    block->count = count;
    block->leaf = targets->piece[place] + 1;
    targets->count -= count;
    work_give_block(targets->blocks, block);
}

/* Of the leaf whose turn is farthest away, if that has enough, or of one before it. */
int targets_give(struct targets *targets) {
    size_t place = targets->at;
    for (size_t looks = 0; targets->count >= GIVE_MIN && looks < GIVE_LOOKS; looks++) {
        do
            place = (place - 1) & targets->mask;
        while (targets->stack[place].key == NO_KEY);
        const struct targets_stack *stack = &targets->stack[place];
        size_t count = (size_t)(stack->top - stack->lo);
        if (count < GIVE_MIN)
            continue;
        give_block(targets, place, count);
        return 1;
    }
    return 0;
}

void targets_add_given(struct targets *targets, const struct work_block *given) {
    uint64_t base = targets_turned(targets->granules->piece[given->leaf - 1].base);
    for (size_t i = 0; i < given->count; i++) {
        struct targets_stack *stack = targets_more_room(targets, base);
        if (!stack)
            return;
        *stack->top++ = given->slot[i];
        targets->count++;
    }
}
