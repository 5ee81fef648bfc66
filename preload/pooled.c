/* pooled.c - castaway_pool_alloc() and its kin: objects inside a block.
 *
 * Objects never overlap, so a block stops being one when the first object is cut out of it.
 *
 * Owns:    the tables of pooled objects and of the blocks that hold them.
 * Never:   waits in a signal handler that interrupted one of our hooks: its pools are not seen.
 * Start:   castaway_api_pool_alloc(). */
#include "pooled.h"

#include "hooks.h"
#include "init.h"
#include "lock.h"
#include "profile.h"
#include "record.h"
#include "table.h"
#include "thread.h"

struct pooled_object {
    uintptr_t address;
    const void *pool;
    UT_hash_handle hh;
};
struct block_entry {
    struct pooled_block block;
    UT_hash_handle hh; /* by block.lo */
};

int pooled_in_use;
static struct pooled_object *objects, *idle_objects;
static struct block_entry *blocks, *idle_blocks;

/* ---- tables, under LOCK_POOLS ---- */

static void object_add_locked(uintptr_t address, const void *pool) {
    struct pooled_object *entry;
    HASH_FIND(hh, objects, &address, sizeof address, entry);
    if (entry) {
        entry->pool = pool;
        return;
    }
    if ((entry = idle_objects))
        idle_objects = entry->hh.next;
    else if (!(entry = pages_alloc(sizeof *entry)))
        return;
    *entry = (struct pooled_object){.address = address, .pool = pool};
    HASH_ADD(hh, objects, address, sizeof address, entry);
}

/* An object ends whose record was withdrawn. */
static void forget(uintptr_t address, object_id id, enum profile_end end) {
    if (__builtin_expect(profile_on, 0))
        profile_died(address, record_object(id), end);
    record_forget(id);
}

static void object_drop_locked(struct pooled_object *entry) {
    object_id id = record_withdraw(entry->address);
    if (id)
        forget(entry->address, id, PROFILE_FREED);
    HASH_DELETE(hh, objects, entry);
    entry->hh.next = idle_objects;
    idle_objects = entry;
}

static void block_add_locked(uintptr_t lo, uintptr_t hi) {
    struct block_entry *entry = idle_blocks;
    if (entry)
        idle_blocks = entry->hh.next;
    else if (!(entry = pages_alloc(sizeof *entry)))
        return;
    *entry = (struct block_entry){.block = {lo, hi, hi}};
    HASH_ADD(hh, blocks, block.lo, sizeof lo, entry);
}

/* Blocks are few and large; objects are many. */
static struct pooled_block *block_of_locked(uintptr_t address) {
    for (struct block_entry *entry = blocks; entry; entry = entry->hh.next)
        if (address - entry->block.lo < entry->block.hi - entry->block.lo)
            return &entry->block;
    return NULL;
}

/* The block from malloc that `object` lies in, if any, ends as an object of its own. */
static void cut_out_locked(uintptr_t object) {
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
    struct pooled_block *block = block_of_locked(object);
    if (block && object < block->first)
        block->first = object;
}

static void drop_inside_locked(uintptr_t lo, uintptr_t hi) {
    for (struct pooled_object *entry = objects, *next; entry; entry = next) {
        next = entry->hh.next;
        if (entry->address - lo < hi - lo)
            object_drop_locked(entry);
    }
}

void pooled_block_freed(uintptr_t address) {
    struct block_entry *entry;
    lock_take(LOCK_POOLS);
    HASH_FIND(hh, blocks, &address, sizeof address, entry);
    if (entry) {
        drop_inside_locked(entry->block.lo, entry->block.hi);
        HASH_DELETE(hh, blocks, entry);
        entry->hh.next = idle_blocks;
        idle_blocks = entry;
    }
    lock_release(LOCK_POOLS);
}

void pooled_each_block(pooled_block_cb *visit, void *context) {
    for (struct block_entry *entry = blocks; entry; entry = entry->hh.next)
        visit(context, &entry->block);
}

void pooled_each_object(pooled_object_cb *visit, void *context) {
    for (struct pooled_object *entry = objects; entry; entry = entry->hh.next)
        visit(context, entry->address);
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
    if (!object || !hook_recording || !pools_take())
        return;
    if (!pooled_in_use)
        record_shared_granules(1); /* a pool's objects stand as close as it likes */
    pooled_in_use = 1;
    cut_out_locked((uintptr_t)object);
    object_add_locked((uintptr_t)object, pool);
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
    pools_release();
}

void castaway_api_pool_end(const void *pool) {
    if (!pools_take())
        return;
    for (struct pooled_object *entry = objects, *next; entry; entry = next) {
        next = entry->hh.next;
        if (entry->pool == pool)
            object_drop_locked(entry);
    }
    pools_release();
}
