/* pooled.c - castaway_pool_alloc() and its kin: objects inside a block.
 *
 * Objects never overlap, so a block stops being one when the first object is cut out of it.
 *
 * Owns:    the tables of pools, of their objects, and of the blocks that hold these.
 * Never:   waits in a signal handler that interrupted one of our hooks: its pools are not seen.
 * Start:   castaway_api_pool_alloc(). */
#include "pooled.h"

#include "duties.h"
#include "hooks.h"
#include "init.h"
#include "lock.h"
#include "profile.h"
#include "record.h"
#include "table.h"
#include "thread.h"

#include <bsd/sys/tree.h>
#define NDEBUG /* its assertions would end the program */
#include <utlist.h>

struct pool {
    const void *key; /* the program's own word for it */
    struct pooled_object *objects;
    UT_hash_handle hh;
};
struct block {
    struct pooled_block block;
    struct pooled_object *objects;
    struct block *idle;
    RB_ENTRY(block) tree; /* by block.hi */
};
struct pooled_object {
    uintptr_t address;
    struct pool *pool;
    struct block *block;                              /* NULL: it lies in none */
    struct pooled_object *pool_before, *pool_after;   /* others of its pool */
    struct pooled_object *block_before, *block_after; /* others in its block */
    UT_hash_handle hh;
};

static struct pooled_object *objects, *idle_objects;
static struct pool *pools, *idle_pools;
static struct block *idle_blocks;

static int compare(const struct block *a, const struct block *b) {
    return (a->block.hi > b->block.hi) - (a->block.hi < b->block.hi);
}
static RB_HEAD(blocks, block) blocks = RB_INITIALIZER(&blocks);
/* cppcheck-suppress unknownMacro */
RB_GENERATE_INTERNAL(blocks, block, tree, compare, __attribute__((unused)) static)

/* ---- tables, under LOCK_POOLS ---- */

static struct pool *pool_of_locked(const void *key) {
    struct pool *pool;
    HASH_FIND(hh, pools, &key, sizeof key, pool);
    if (pool)
        return pool;
    if ((pool = idle_pools))
        idle_pools = pool->hh.next;
    else if (!(pool = pages_alloc(sizeof *pool)))
        return NULL;
    *pool = (struct pool){.key = key};
    HASH_ADD(hh, pools, key, sizeof key, pool);
    return pool;
}

static void pool_leave_locked(struct pooled_object *object) {
    struct pool *pool = object->pool;
    DL_DELETE2(pool->objects, object, pool_before, pool_after);
    if (pool->objects)
        return;
    HASH_DELETE(hh, pools, pool);
    pool->hh.next = idle_pools;
    idle_pools = pool;
}

static void object_add_locked(uintptr_t address, const void *key, struct block *block) {
    struct pooled_object *object;
    HASH_FIND(hh, objects, &address, sizeof address, object);
    struct pool *pool = pool_of_locked(key);
    if (!pool)
        return;
    if (object) {
        if (object->pool == pool)
            return;
        pool_leave_locked(object);
    } else {
        if ((object = idle_objects))
            idle_objects = object->hh.next;
        else if (!(object = pages_alloc(sizeof *object)))
            return;
        *object = (struct pooled_object){.address = address, .block = block};
        HASH_ADD(hh, objects, address, sizeof address, object);
        if (block)
            DL_APPEND2(block->objects, object, block_before, block_after);
    }
    object->pool = pool;
    DL_APPEND2(pool->objects, object, pool_before, pool_after);
}

/* An object ends whose record was withdrawn. */
static void forget(uintptr_t address, object_id id, enum profile_end end) {
    if (duty_is_on(DUTY_PROFILE))
        profile_died(address, record_object(id), end);
    record_forget(id);
}

static void object_drop_locked(struct pooled_object *object) {
    object_id id = record_withdraw(object->address);
    if (id)
        forget(object->address, id, PROFILE_FREED);
    pool_leave_locked(object);
    if (object->block)
        DL_DELETE2(object->block->objects, object, block_before, block_after);
    HASH_DELETE(hh, objects, object);
    object->hh.next = idle_objects;
    idle_objects = object;
}

static void block_add_locked(uintptr_t lo, uintptr_t hi) {
    struct block *block = idle_blocks;
    if (block)
        idle_blocks = block->idle;
    else if (!(block = pages_alloc(sizeof *block)))
        return;
    *block = (struct block){.block = {lo, hi, hi}};
    RB_INSERT(blocks, &blocks, block);
}

static struct block *block_of_locked(uintptr_t address) {
    struct block wanted = {.block.hi = address + 1}, *block = RB_NFIND(blocks, &blocks, &wanted);
    return block && block->block.lo <= address ? block : NULL;
}

/* The block from malloc that `object` lies in, if any, ends as an object of its own.
 * returns  the block that it lies in, or NULL */
static struct block *cut_out_locked(uintptr_t object) {
    uintptr_t start;
    struct pooled_object *known = NULL;
    object_id id = record_find(object, &start);
    if (id)
        HASH_FIND(hh, objects, &start, sizeof start, known);
    if (id && !known) {
        uintptr_t end = start + record_size(id);
        record_withdraw(start);
        forget(start, id, PROFILE_CUT);
        block_add_locked(start, end);
    }
    struct block *block = block_of_locked(object);
    if (block && object < block->block.first)
        block->block.first = object;
    return block;
}

void pooled_block_freed(uintptr_t address) {
    lock_take(LOCK_POOLS);
    struct block *block = block_of_locked(address);
    if (block && block->block.lo == address) {
        while (block->objects)
            object_drop_locked(block->objects);
        RB_REMOVE(blocks, &blocks, block);
        block->idle = idle_blocks;
        idle_blocks = block;
    }
    lock_release(LOCK_POOLS);
}

void pooled_each_block(pooled_block_cb *visit, void *context) {
    struct block *block;
    RB_FOREACH(block, blocks, &blocks)
    visit(context, &block->block);
}

void pooled_each_object(pooled_object_cb *visit, void *context) {
    for (struct pooled_object *object = objects; object; object = object->hh.next)
        visit(context, object->address);
}

/* ---- castaway.h ---- */

EXPORT void castaway_api_pool_alloc(const void *pool, const void *object, size_t size);
EXPORT void castaway_api_pool_free(const void *object);
EXPORT void castaway_api_pool_end(const void *pool);

/* A signal handler that interrupted one of our hooks could wait for itself: its pools are not seen.
 * returns  whether the tables are ours */
static int pools_take(void) {
    if (thread_busy++ == 0) {
        lock_take(LOCK_POOLS);
        return 1;
    }
    thread_busy--;
    return 0;
}

static void pools_release(void) {
    lock_release(LOCK_POOLS);
    thread_busy--;
}

void castaway_api_pool_alloc(const void *pool, const void *object, size_t size) {
    struct caller caller = ARCH_CALLER();
    if (!object || !hook_is_recording() || !pools_take())
        return;
    duty_add(DUTY_SHARED_GRANULES); /* a pool's objects stand as close as it likes */
    duty_add(DUTY_POOLS);
    object_add_locked((uintptr_t)object, pool, cut_out_locked((uintptr_t)object));
    pools_release();
    hook_made_in_pool((void *)(uintptr_t)object, size, &caller);
}

void castaway_api_pool_free(const void *object) {
    uintptr_t address = (uintptr_t)object;
    struct pooled_object *entry;
    if (!pools_take())
        return;
    HASH_FIND(hh, objects, &address, sizeof address, entry);
    if (entry)
        object_drop_locked(entry);
    lock_release(LOCK_POOLS);
    hook_ends(0);
}

void castaway_api_pool_end(const void *key) {
    if (!pools_take())
        return;
    struct pool *pool;
    HASH_FIND(hh, pools, &key, sizeof key, pool);
    for (struct pooled_object *object = pool ? pool->objects : NULL, *after; object; object = after) {
        after = object->pool_after; /* with the last object the pool is gone */
        object_drop_locked(object);
    }
    lock_release(LOCK_POOLS);
    hook_ends(0);
}
