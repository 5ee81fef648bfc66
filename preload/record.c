/* record.c - the address index and the object records.
 *
 * Owns:    struct heap's index and chunks, free ids, birth serials.
 * Never:   locks on the common path, calls the program's allocator.
 * Start:   record_add(). Invariants: README.md, "Records". */
#include "record.h"

#include <string.h>

#include "live.h"
#include "lock.h"
#include "refs.h"
#include "scope.h"
#include "table.h"
#include "thread.h"

enum {
    FREE_LOCAL_MAX = 1024, /* ids that a thread keeps before it shares half of them */
    SERIAL_BATCH = 1024,
};

static struct heap_index heap_index;
static struct object *chunks[HEAP_CHUNKS_MAX];
static _Atomic uint32_t next_id = 1;
static _Atomic uint32_t next_serial = 1;
static _Atomic uint64_t losses;
static int shared_granules;
static uint32_t inherited_before;
uint8_t record_epoch = 1;

/* Ids given back. Locally and here they are linked through their records; a batch is one chain of them. */
static object_id free_global;
static _Atomic uint32_t deferred; /* chain pushed by signal handlers that interrupted a hook; taken whole */

/* A free record keeps the next free id where a live one keeps its birth serial. */
static struct object *record_of(object_id id) {
    return &chunks[id >> HEAP_CHUNK_SHIFT][id & (HEAP_CHUNK_OBJECTS - 1)];
}

/* ---- index ---- */

static void *publish(void *_Atomic *place, size_t bytes) {
    void *made = pages_alloc(bytes);
    if (!made)
        return NULL;
    void *expected = NULL;
    if (atomic_compare_exchange_strong_explicit(place, &expected, made, memory_order_acq_rel, memory_order_acquire))
        return made;
    return expected; /* another thread was first; ours is left unused, which happens at most once a leaf and thread */
}

static __attribute__((noinline)) struct heap_leaf *leaf_make(uintptr_t address) {
    if (address >> HEAP_ADDRESS_BITS)
        return NULL;
    struct heap_node *_Atomic *node_place = &heap_index.node[address >> HEAP_NODE_SHIFT];
    struct heap_node *node = atomic_load_explicit(node_place, memory_order_acquire);
    if (!node && !(node = publish((void *_Atomic *)node_place, sizeof *node)))
        return NULL;
    struct heap_leaf *_Atomic *leaf_place = &node->leaf[(address >> HEAP_LEAF_SHIFT) & (HEAP_NODE_LEAVES - 1)];
    struct heap_leaf *leaf = atomic_load_explicit(leaf_place, memory_order_acquire);
    return leaf ? leaf : publish((void *_Atomic *)leaf_place, sizeof *leaf);
}

/* ---- objects without a slot of their own ---- */

struct odd {
    uintptr_t address;
    object_id id;
    UT_hash_handle hh;
};
static struct odd *odd_table, *odd_free;

static int odd_add(uintptr_t address, object_id id) {
    if (!lock_take_once(LOCK_ODD))
        return 0;
    struct odd *entry = odd_free;
    if (entry)
        odd_free = entry->hh.next;
    else
        entry = pages_alloc(sizeof *entry);
    int added = 0;
    if (entry) {
        entry->address = address;
        entry->id = id;
        entry->hh.tbl = NULL;
        HASH_ADD(hh, odd_table, address, sizeof address, entry);
        added = entry->hh.tbl != NULL;
    }
    lock_release_once(LOCK_ODD);
    return added;
}

static object_id odd_take(uintptr_t address) {
    object_id id = 0;
    if (!lock_take_once(LOCK_ODD)) /* the object seems to live on, as one whose free never passed through us */
        return 0;
    struct odd *entry;
    HASH_FIND(hh, odd_table, &address, sizeof address, entry);
    if (entry) {
        id = entry->id;
        HASH_DELETE(hh, odd_table, entry);
        entry->hh.next = odd_free;
        odd_free = entry;
    }
    lock_release_once(LOCK_ODD);
    return id;
}

static object_id odd_find(uintptr_t address) {
    struct odd *entry;
    if (!lock_take_once(LOCK_ODD))
        return 0;
    HASH_FIND(hh, odd_table, &address, sizeof address, entry);
    object_id id = entry ? entry->id : 0;
    lock_release_once(LOCK_ODD);
    return id;
}

/* ---- ids ---- */

static void defer(object_id id) {
    uint32_t head = atomic_load_explicit(&deferred, memory_order_relaxed);
    do
        record_of(id)->birth = head;
    while (!atomic_compare_exchange_weak_explicit(&deferred, &head, id, memory_order_release, memory_order_relaxed));
}

static object_id id_fresh(void) {
    object_id id = atomic_fetch_add_explicit(&next_id, 1, memory_order_relaxed);
    size_t number = id >> HEAP_CHUNK_SHIFT;
    if (number >= HEAP_CHUNKS_MAX) {
        atomic_fetch_sub_explicit(&next_id, 1, memory_order_relaxed);
        return 0;
    }
    struct object *_Atomic *place = (struct object * _Atomic *)&chunks[number];
    if (!atomic_load_explicit(place, memory_order_acquire) &&
        !publish((void *_Atomic *)place, HEAP_CHUNK_OBJECTS * sizeof(struct object)))
        return 0;
    return id;
}

/* Refill from what other threads gave back; returns one id or 0. What comes so is not counted as the thread's own: it
 * is used up first or lies deep, and sharing it again would mean walking over cold records. */
static object_id id_shared(struct thread_state *state) {
    if (!__atomic_load_n(&free_global, __ATOMIC_RELAXED) && !atomic_load_explicit(&deferred, memory_order_relaxed))
        return 0;
    lock_take(LOCK_IDS);
    object_id id = free_global;
    free_global = 0;
    if (!id)
        id = atomic_exchange_explicit(&deferred, 0, memory_order_acquire);
    lock_release(LOCK_IDS);
    if (!id)
        return 0;
    state->free_head = record_of(id)->birth;
    return id;
}

static object_id id_take(struct thread_state *state) {
    if (!state)
        return id_fresh();
    object_id id = state->free_head;
    if (id) {
        state->free_head = record_of(id)->birth;
        state->free_count -= state->free_count > 0;
        return id;
    }
    id = id_shared(state);
    return id ? id : id_fresh();
}

/* Give half of what the thread freed last to the others: it lies on top, and its records are still in the cache. */
static void id_share(struct thread_state *state) {
    object_id first = state->free_head, last = first;
    uint32_t count = FREE_LOCAL_MAX / 2;
    for (uint32_t i = 1; i < count; i++)
        last = record_of(last)->birth;
    state->free_head = record_of(last)->birth;
    state->free_count -= count;
    lock_take(LOCK_IDS);
    record_of(last)->birth = free_global;
    free_global = first;
    lock_release(LOCK_IDS);
}

static uint32_t serial_take(struct thread_state *state) {
    if (!state)
        return atomic_fetch_add_explicit(&next_serial, 1, memory_order_relaxed);
    if (state->serial >= state->serial_end) {
        state->serial = atomic_fetch_add_explicit(&next_serial, SERIAL_BATCH, memory_order_relaxed);
        state->serial_end = state->serial + SERIAL_BATCH;
        live_note_birth(state->serial);
        if (__builtin_expect(state->scopes != NULL, 0))
            scope_note_serials(state->scopes, state->serial, state->serial_end);
    }
    return state->serial++;
}

static void count(struct thread_state *state, int objects, int64_t bytes) {
    state->net_objects += objects;
    state->net_bytes += bytes;
    if (__builtin_expect(--state->events_left == 0, 0))
        live_flush(state);
}

/* A signal handler that interrupts a hook of its own thread must not touch the thread's state. */
static struct thread_state *state_unless_nested(void) {
    return __builtin_expect(thread_busy > 1, 0) ? NULL : thread_state();
}

/* ---- slots ---- */

/* Enter `id` for `address`. A slot that still names an object is a free that did not pass through us (another
 * allocator's free, or one looked up before we were there): that object is gone, its record is reused.
 * returns 0, or -1: no memory */
static int slot_set(uintptr_t address, object_id id, size_t size_bytes) {
    struct heap_leaf *leaf = heap_leaf_at(&heap_index, address);
    if (__builtin_expect(!leaf, 0) && !(leaf = leaf_make(address)))
        return -1;
    if (address & 7)
        return odd_add(address, id) ? 0 : -1;
    size_t number = heap_slot_number(address);
    _Atomic uint32_t *slot = &leaf->slot[number];
    atomic_store_explicit(&leaf->born[number >> HEAP_BLOCK_SHIFT], record_epoch, memory_order_relaxed);
    if (__builtin_expect(size_bytes >= HEAP_LARGE_BYTES, 0))
        atomic_store_explicit(&leaf->large[number >> HEAP_BLOCK_SHIFT], 1, memory_order_relaxed);
    uint32_t half = address & 8 ? HEAP_SLOT_HALF : 0;
    uint32_t old = atomic_load_explicit(slot, memory_order_relaxed);
    for (;;) {
        if (old && (old & HEAP_SLOT_HALF) != half && shared_granules)
            return odd_add(address, id) ? 0 : -1;
        if (!shared_granules) {
            atomic_store_explicit(slot, id | half, memory_order_release);
            break;
        }
        if (atomic_compare_exchange_weak_explicit(slot, &old, id | half, memory_order_release, memory_order_relaxed))
            break;
    }
    if (__builtin_expect(old != 0, 0))
        record_forget(old & HEAP_SLOT_ID);
    return 0;
}

static object_id slot_clear(uintptr_t address) {
    struct heap_leaf *leaf = heap_leaf_at(&heap_index, address);
    if (!leaf)
        return 0;
    _Atomic uint32_t *slot = &leaf->slot[heap_slot_number(address)];
    uint32_t old = atomic_load_explicit(slot, memory_order_relaxed);
    uint32_t half = address & 8 ? HEAP_SLOT_HALF : 0;
    if (old && !(address & 7) && (old & HEAP_SLOT_HALF) == half) {
        atomic_store_explicit(slot, 0, memory_order_relaxed);
        return old & HEAP_SLOT_ID;
    }
    return __atomic_load_n(&odd_table, __ATOMIC_RELAXED) ? odd_take(address) : 0;
}

/* ---- what hooks call ---- */

void record_add(uintptr_t address, size_t size_bytes, uint32_t site, unsigned flags) {
    struct thread_state *state = state_unless_nested();
    object_id id = id_take(state);
    if (__builtin_expect(!id, 0)) {
        atomic_fetch_add_explicit(&losses, 1, memory_order_relaxed);
        return;
    }
    *record_of(id) =
        (struct object){.size_bytes = size_bytes, .site = site, .birth = serial_take(state), .flags = flags & 63};
    if (state)
        count(state, 1, (int64_t)size_bytes);
    if (__builtin_expect(slot_set(address, id, size_bytes) != 0, 0)) {
        record_forget(id);
        atomic_fetch_add_explicit(&losses, 1, memory_order_relaxed);
    }
}

object_id record_withdraw(uintptr_t address) {
    return slot_clear(address);
}

void record_forget(object_id id) {
    struct thread_state *state = state_unless_nested();
    if (__builtin_expect(record_of(id)->refs != 0, 0))
        refs_forget(id);
    if (!state) {
        defer(id);
        return;
    }
    struct object *object = record_of(id);
    count(state, -1, -(int64_t)object->size_bytes);
    object->birth = state->free_head;
    state->free_head = id;
    if (++state->free_count >= FREE_LOCAL_MAX)
        id_share(state);
}

void record_restore(uintptr_t address, object_id id) {
    if (slot_set(address, id, record_of(id)->size_bytes) != 0) {
        record_forget(id);
        atomic_fetch_add_explicit(&losses, 1, memory_order_relaxed);
    }
}

int record_known(uintptr_t address) {
    struct heap_leaf *leaf = heap_leaf_at(&heap_index, address);
    uint32_t half = address & 8 ? HEAP_SLOT_HALF : 0;
    uint32_t slot = leaf ? atomic_load_explicit(&leaf->slot[heap_slot_number(address)], memory_order_relaxed) : 0;
    if (slot && !(address & 7) && (slot & HEAP_SLOT_HALF) == half)
        return 1;
    return __atomic_load_n(&odd_table, __ATOMIC_RELAXED) && odd_find(address);
}

enum { FIND_LEAVES_MAX = 1 << 16 }; /* objects of up to 64 GiB are found by a pointer into them */

/* The last object of the leaf that begins at or before `address`. */
static object_id last_in_leaf(const struct heap_leaf *leaf, uintptr_t base, uintptr_t address, uintptr_t *start) {
    size_t number = address - base < 1ul << HEAP_LEAF_SHIFT ? heap_slot_number(address) : HEAP_LEAF_SLOTS - 1;
    for (size_t i = number + 1; i-- > 0;) {
        uint32_t slot = atomic_load_explicit(&leaf->slot[i], memory_order_relaxed);
        *start = base + (i << HEAP_GRANULE_SHIFT) + (slot & HEAP_SLOT_HALF ? 8 : 0);
        if (slot & HEAP_SLOT_ID && *start <= address)
            return slot & HEAP_SLOT_ID;
    }
    return 0;
}

object_id record_find(uintptr_t address, uintptr_t *start) {
    uintptr_t base = address & ~((1ul << HEAP_LEAF_SHIFT) - 1);
    object_id id = 0;
    for (int i = 0; i < FIND_LEAVES_MAX && !id && base; i++, base -= 1ul << HEAP_LEAF_SHIFT) {
        const struct heap_leaf *leaf = heap_leaf_at(&heap_index, base);
        id = leaf ? last_in_leaf(leaf, base, address, start) : 0;
    }
    if (id && (address == *start || address - *start < record_of(id)->size_bytes))
        return id;
    *start = address;
    return __atomic_load_n(&odd_table, __ATOMIC_RELAXED) ? odd_find(address) : 0;
}

uint64_t record_size(object_id id) {
    return record_of(id)->size_bytes;
}

void record_flag(object_id id, unsigned flag) {
    record_of(id)->flags |= flag & 63;
}

struct object *record_object(object_id id) {
    return record_of(id);
}

object_id record_near(uintptr_t address, uintptr_t *start) {
    uintptr_t step = (uintptr_t)1 << HEAP_GRANULE_SHIFT, granule = address & ~(step - 1);
    for (uintptr_t back = 0; back <= RECORD_NEAR_BYTES && back <= granule; back += step) {
        uintptr_t at = granule - back;
        const struct heap_leaf *leaf = heap_leaf_at(&heap_index, at);
        uint32_t slot = leaf ? atomic_load_explicit(&leaf->slot[heap_slot_number(at)], memory_order_relaxed) : 0;
        object_id id = slot & HEAP_SLOT_ID;
        *start = at + (slot & HEAP_SLOT_HALF ? 8 : 0);
        if (id && *start <= address)
            return address == *start || address - *start < record_of(id)->size_bytes ? id : 0;
    }
    return 0;
}

uint64_t record_losses(void) {
    return atomic_load_explicit(&losses, memory_order_relaxed);
}

void record_shared_granules(int shared) {
    shared_granules = shared;
}

uint32_t record_next_serial(void) {
    return atomic_load_explicit(&next_serial, memory_order_relaxed);
}

uint32_t record_ids(void) {
    return atomic_load_explicit(&next_id, memory_order_relaxed);
}

uint32_t record_inherited_before(void) {
    return inherited_before;
}

void record_after_fork(void) {
    inherited_before = atomic_load_explicit(&next_serial, memory_order_relaxed);
    if (thread_self)
        thread_self->serial = thread_self->serial_end = 0;
}

void record_view(struct heap *heap) {
    memset(heap, 0, sizeof *heap);
    heap->index = &heap_index;
    heap->chunk = chunks;
    heap->id_end = atomic_load_explicit(&next_id, memory_order_relaxed);
}

size_t record_odd(struct heap_odd *out, size_t max) {
    size_t count = 0;
    for (struct odd *entry = odd_table; entry; entry = entry->hh.next, count++)
        if (count < max)
            out[count] = (struct heap_odd){entry->address, entry->id};
    return count;
}
