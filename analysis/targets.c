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
    return heap_turned_key(heap_turned(granules->piece[piece].base));
}

static void fill_table(struct targets *targets) {
    const struct granules *granules = targets->pool->granules;
    for (size_t place = 0; place <= targets->mask; place++)
        targets->stack[place].key = NO_KEY;
    for (size_t piece = 0; piece < granules->piece_count; piece++) {
        size_t place = find_place(targets, key_of(granules, piece));
        targets->stack[place].key = key_of(granules, piece);
        targets->pool->piece[place] = (uint32_t)piece; /* each marker says the same */
    }
}

static int prepare_one(struct targets *targets, size_t places, struct arena *arena) {
    targets->mask = places - 1;
    targets->stack = arena_alloc(arena, places, sizeof *targets->stack);
    targets->filled = arena_alloc(arena, places / BITS, sizeof *targets->filled);
    targets->wanted = arena_alloc(arena, HEAP_LEAF_SLOTS / BITS, sizeof *targets->wanted);
    if (!targets->stack || !targets->filled || !targets->wanted)
        return 0;
    fill_table(targets);
    return 1;
}

void targets_prepare(struct targets_pool *pool, struct targets *targets, unsigned count,
                     const struct granules *granules, struct arena *arena) {
    size_t places = BITS;
    while (places < 2 * granules->piece_count)
        places *= 2;
    *pool = (struct targets_pool){.granules = granules, .mask = places - 1};
    for (unsigned i = 0; i < count; i++)
        targets[i].pool = pool;
    if (granules->piece_count < LEAVES_MIN)
        return;
    pool->piece = arena_alloc(arena, places, sizeof *pool->piece);
    pool->full = arena_alloc(arena, places, sizeof *pool->full);
    pool->filled = arena_alloc(arena, places / BITS, sizeof *pool->filled);
    if (!pool->piece || !pool->full || !pool->filled)
        return;
    for (unsigned i = 0; i < count; i++) {
        if (!prepare_one(&targets[i], places, arena))
            return;
        targets[i].at = places / count * i;
        targets[i].most = granules->piece_count * LEAF_TARGETS;
    }
    pool->leaves = granules->piece_count;
    pool->most = granules->piece_count * LEAF_TARGETS;
}

void targets_begin(struct targets *targets, struct work_list *blocks) {
    targets->blocks = blocks;
    targets->group = TARGETS_GROUPS;
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

/* How many are in full blocks. They count as everybody's. */
static size_t look_at_pool(struct targets *targets) {
    size_t shared = atomic_load_explicit(&targets->pool->count, memory_order_relaxed), most = targets->pool->most;
    targets->most = shared < most ? most - shared : 0;
    return shared;
}

/* Its block is full: it is for whoever has the leaf's turn next. */
static void share_block(struct targets *targets, size_t place) {
    struct targets_pool *pool = targets->pool;
    struct work_block *block = block_of(&targets->stack[place]);
    atomic_fetch_add_explicit(&pool->count, WORK_BLOCK_SLOTS, memory_order_relaxed); /* before it can be taken */
    targets->count -= WORK_BLOCK_SLOTS;
    look_at_pool(targets);
    block->below = atomic_load_explicit(&pool->full[place], memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&pool->full[place], &block->below, block, memory_order_release,
                                                  memory_order_relaxed)) {
    }
    atomic_fetch_or_explicit(&pool->filled[place / BITS], UINT64_C(1) << place % BITS, memory_order_acq_rel);
}

/* All full ones of a leaf. */
static struct work_block *take_blocks(struct targets_pool *pool, size_t place) {
    uint64_t bit = UINT64_C(1) << place % BITS;
    if (!(atomic_load_explicit(&pool->filled[place / BITS], memory_order_relaxed) & bit))
        return NULL;
    atomic_fetch_and_explicit(&pool->filled[place / BITS], ~bit, memory_order_acq_rel);
    return atomic_exchange_explicit(&pool->full[place], NULL, memory_order_acquire);
}

struct targets_stack *targets_more_room(struct targets *targets, uint64_t turned) {
    if (turned >> (64 - HEAP_GRANULE_SHIFT))
        return NULL; /* it does not lead to a granule's start */
    size_t place = find_place(targets, heap_turned_key(turned));
    struct targets_stack *stack = &targets->stack[place];
    if (stack->key == NO_KEY || stack->top != stack->hi)
        return stack->key == NO_KEY ? NULL : stack;
    struct work_block *block = work_new_block(targets->blocks);
    if (!block)
        return NULL;
    if (stack->lo)
        share_block(targets, place);
    use_block(stack, block, 0);
    targets->filled[place / BITS] |= UINT64_C(1) << place % BITS;
    return stack;
}

/* Its block is empty or given away. */
static void drop_block(struct targets *targets, size_t place) {
    use_block(&targets->stack[place], NULL, 0);
    targets->filled[place / BITS] &= ~(UINT64_C(1) << place % BITS);
}

/* ---- turns ---- */

/* The next one from `at` on, round about. returns 0 when there is none */
static int next_bit(const _Atomic uint64_t *bits, size_t words, size_t *at) {
    size_t word = *at / BITS;
    uint64_t behind = atomic_load_explicit(&bits[word], memory_order_relaxed) & ~((UINT64_C(2) << *at % BITS) - 1);
    for (size_t looks = 0; !behind; looks++) {
        if (looks == words)
            return 0;
        word = word + 1 < words ? word + 1 : 0;
        behind = atomic_load_explicit(&bits[word], memory_order_relaxed);
    }
    *at = word * BITS + (size_t)__builtin_ctzll(behind);
    return 1;
}

/* The place of the next leaf of which a block is full, or if there is none, of which this marker has any. */
static int next_place(struct targets *targets) {
    size_t words = targets->mask / BITS + 1;
    return (look_at_pool(targets) && next_bit(targets->pool->filled, words, &targets->at)) ||
           next_bit((const _Atomic uint64_t *)targets->filled, words, &targets->at);
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

/* Those of full blocks, and the blocks go to whoever needs one. */
static void want_blocks(struct targets *targets, struct work_block *full) {
    for (struct work_block *block = full; block; block = block->below) {
        atomic_fetch_sub_explicit(&targets->pool->count, WORK_BLOCK_SLOTS, memory_order_relaxed);
        want(targets, block->slot, WORK_BLOCK_SLOTS);
    }
    work_lay_down(targets->blocks->pool, full);
}

/* All that was put by of the leaf at hand becomes bits: what was put by twice is one, and neighbours follow one another.
 * returns 0 when another has taken all */
static int begin_turn_here(struct targets *targets) {
    struct targets_stack *stack = &targets->stack[targets->at];
    struct work_block *full = take_blocks(targets->pool, targets->at), *block = block_of(stack);
    size_t count = (size_t)(stack->top - stack->lo);
    int are_few = count < FEW && !full;
    if (full)
        want_blocks(targets, full);
    if (block) {
        (are_few ? want_few : want)(targets, stack->lo, count);
        targets->count -= count;
        drop_block(targets, targets->at);
        work_keep_block(targets->blocks, block);
    }
    if (!are_few)
        find_words(targets);
    targets->group = 0;
    if (!targets->words[0])
        targets_next_group(targets);
    return targets->group < TARGETS_GROUPS;
}

/* A place may be said to have full blocks that were taken just before its bit was set: then there may be others that have. */
int targets_begin_turn(struct targets *targets) {
    while (next_place(targets))
        if (begin_turn_here(targets))
            return 1;
    return 0;
}

void targets_next_group(struct targets *targets) {
    do
        targets->group++;
    while (targets->group < TARGETS_GROUPS && !targets->words[targets->group]);
}

/* ---- giving and taking ---- */

static void give_block(struct targets *targets, size_t place, size_t count) {
    struct work_block *block = block_of(&targets->stack[place]);
    drop_block(targets, place);
    block->count = count;
    block->leaf = targets->pool->piece[place] + 1;
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
    uint64_t base = heap_turned(targets->pool->granules->piece[given->leaf - 1].base);
    for (size_t i = 0; i < given->count; i++) {
        struct targets_stack *stack = targets_more_room(targets, base);
        if (!stack)
            return;
        *stack->top++ = given->slot[i];
        targets->count++;
    }
}
