/* work.c - work lists: stacks of blocks for each region of the heap, and giving and taking of blocks.
 *
 * A block that was emptied stays with its marker, for any region's next need: so each is asked for once, and all of them
 * together are not many more than the most items that were there at one time.
 *
 * Owns:    the blocks; their memory is the arena's.      Never: knows what an item is for.
 * Runs in: snapshot child (a crew of threads), unit tests, tools.
 * Start:   work_add_if(), work_next() in the header; work_take(). */
#include "work.h"

#include <errno.h>

enum {
    GIVE_MIN = 32, /* one with less at hand keeps it */
    SPINS = 200,   /* looks at the pool before one rests */
};

void work_pool_begin(struct work_pool *pool, struct arena *arena, const struct crew *crew) {
    *pool = (struct work_pool){.arena = arena, .crew = crew, .lock = ATOMIC_FLAG_INIT};
}

void work_list_begin(struct work_list *list, struct work_pool *pool) {
    *list = (struct work_list){.pool = pool};
}

void work_enter(struct work_pool *pool) {
    crew_lock(&pool->lock);
    pool->busy++;
    crew_unlock(&pool->lock);
}

/* ---- blocks ---- */

static struct work_block *new_block_locked(struct work_pool *pool) {
    struct work_block *block = pool->spare;
    if (block)
        pool->spare = block->below;
    else
        block = arena_alloc(pool->arena, 1, sizeof *block);
    return block;
}

struct work_block *work_new_block(struct work_list *list) {
    struct work_block *block = list->spare;
    if (block) {
        list->spare = block->below;
        return block;
    }
    crew_lock(&list->pool->lock);
    block = new_block_locked(list->pool);
    crew_unlock(&list->pool->lock);
    if (!block)
        atomic_store_explicit(&list->pool->error, -ENOMEM, memory_order_relaxed);
    return block;
}

void work_keep_block(struct work_list *list, struct work_block *block) {
    block->below = list->spare;
    list->spare = block;
}

static void use_block(struct work_stack *stack, struct work_block *block, size_t count) {
    stack->block = block;
    stack->lo = block->work;
    stack->hi = block->work + WORK_BLOCK;
    stack->top = block->work + count;
}

/* Room for one more item at least; returns 0 when there is no memory for it. */
int work_more_room(struct work_list *list, struct work_stack *stack) {
    struct work_block *block = work_new_block(list);
    if (!block)
        return 0;
    if (stack->block)
        stack->block->count = (size_t)(stack->top - stack->lo);
    block->below = stack->block;
    use_block(stack, block, 0);
    return 1;
}

/* Its uppermost block is empty, and there is one below it. */
static void step_down(struct work_list *list, struct work_stack *stack) {
    struct work_block *empty = stack->block;
    use_block(stack, empty->below, empty->below->count);
    work_keep_block(list, empty);
}

static unsigned next_region(const struct work_list *list) {
    uint64_t behind = list->filled & ~((UINT64_C(2) << list->region) - 1);
    return (unsigned)__builtin_ctzll(behind ? behind : list->filled);
}

/* There is something, but not at the top of the region at hand. returns the stack where there is. */
struct work_stack *work_refill(struct work_list *list) {
    if (!(list->filled >> list->region & 1))
        list->region = next_region(list);
    struct work_stack *stack = &list->stack[list->region];
    if (stack->top == stack->lo)
        step_down(list, stack);
    return stack;
}

/* ---- giving and taking ---- */

/* The older half of what is at hand: what hangs from older ones is more, as a rule. */
static void move_half(struct work_stack *stack, struct work_block *block) {
    size_t count = (size_t)(stack->top - stack->lo), given = count / 2;
    memcpy(block->work, stack->lo, given * sizeof *block->work);
    block->count = given;
    block->leaf = 0;
    memmove(stack->lo, stack->lo + given, (count - given) * sizeof *stack->lo);
    stack->top -= given;
}

void work_give(struct work_list *list) {
    struct work_pool *pool = list->pool;
    struct work_stack *stack = &list->stack[list->region];
    if (stack->top - stack->lo < GIVE_MIN)
        return;
    crew_lock(&pool->lock);
    struct work_block *block =
        atomic_load_explicit(&pool->waiting, memory_order_relaxed) > 0 ? new_block_locked(pool) : NULL;
    if (block) {
        move_half(stack, block);
        block->below = pool->given;
        pool->given = block;
        atomic_fetch_sub_explicit(&pool->waiting, 1, memory_order_relaxed);
    }
    crew_unlock(&pool->lock);
}

/* One more is given than waited when another did so in the meantime: then it is there for who waits next. */
void work_give_block(struct work_list *list, struct work_block *block) {
    struct work_pool *pool = list->pool;
    crew_lock(&pool->lock);
    block->below = pool->given;
    pool->given = block;
    if (atomic_load_explicit(&pool->waiting, memory_order_relaxed) > 0)
        atomic_fetch_sub_explicit(&pool->waiting, 1, memory_order_relaxed);
    crew_unlock(&pool->lock);
}

enum taken { TAKEN, TAKE_LATER, TAKE_NEVER };

static enum taken try_take(struct work_pool *pool, struct work_block **block) {
    enum taken taken = TAKE_LATER;
    crew_lock(&pool->lock);
    *block = pool->given;
    if (*block) {
        pool->given = (*block)->below;
        pool->busy++;
        taken = TAKEN;
    } else if (!pool->busy || work_failed(pool)) {
        taken = TAKE_NEVER;
    }
    crew_unlock(&pool->lock);
    return taken;
}

static enum taken wait_and_take(struct work_pool *pool, struct work_block **block) {
    enum taken taken;
    atomic_fetch_add_explicit(&pool->waiting, 1, memory_order_relaxed);
    for (unsigned looks = 1; (taken = try_take(pool, block)) == TAKE_LATER; looks++)
        if (looks % SPINS == 0 && pool->crew)
            pool->crew->rest();
    return taken;
}

void work_lay_down(struct work_pool *pool, struct work_block *blocks) {
    crew_lock(&pool->lock);
    while (blocks) {
        struct work_block *block = blocks;
        blocks = block->below;
        block->below = pool->spare;
        pool->spare = block;
    }
    crew_unlock(&pool->lock);
}

struct work_block *work_take(struct work_list *list) {
    struct work_pool *pool = list->pool;
    struct work_block *block;
    crew_lock(&pool->lock);
    pool->busy--;
    crew_unlock(&pool->lock);
    if (wait_and_take(pool, &block) == TAKE_NEVER) {
        work_lay_down(pool, list->spare);
        list->spare = NULL;
        return NULL;
    }
    block->below = NULL;
    return block;
}

void work_add_given(struct work_list *list, const struct work_block *given) {
    for (size_t i = 0; i < given->count; i++)
        work_add(list, given->work[i]);
}
