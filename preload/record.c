/* record.c - the address index and the object records.
 *
 * Owns:    struct heap's index, birth serials.
 * Never:   locks on the common path, calls the program's allocator.
 * Start:   record_add(). Invariants: README.md, "Records". */
#include "record.h"

#include <string.h>

#include "duties.h"
#include "ids.h"
#include "live.h"
#include "lock.h"
#include "record_usual.h"
#include "refs.h"
#include "scope.h"
#include "table.h"
#include "thread.h"

enum {
    SERIAL_BATCH = 256, /* births of a thread between two looks at the thresholds */
    BATCHES_A_NOTE = 4, /* of so many the time is noted once: to ask for it takes longer than to look */
};

struct heap_index record_index;
static _Atomic uint32_t next_serial = 1;
static _Atomic uint64_t losses;
static uint32_t inherited_before;
uint8_t record_epoch = 1;

/* Where objects lie that have no record: the last of them. What these hold is not lost. */
static struct {
    _Atomic uintptr_t
        lo; /* set last; 0: none. Of two that are lost at once it may have the other's size: what can't be read is
                             no root */
    _Atomic size_t size_bytes;
} unrecorded[UNRECORDED_MAX];

/* ---- index ---- */

/* An allocator puts objects of this size beside others: what is behind them will soon be used, too. */
enum { DENSE_BYTES_MAX = 16384 };

/* size_bytes: of the object that is to be entered */
static __attribute__((noinline)) struct heap_leaf *leaf_make(uintptr_t address, size_t size_bytes) {
    static _Atomic int has_one;
    if (address >> HEAP_ADDRESS_BITS)
        return NULL;
    const size_t node_at = address >> HEAP_NODE_SHIFT;
    const size_t leaf_at = (address >> HEAP_LEAF_SHIFT) & (HEAP_NODE_LEAVES - 1);
    struct heap_node *_Atomic *node_place = &record_index.node[node_at];
    heap_announce(record_index.made, node_at);
    struct heap_node *node = atomic_load_explicit(node_place, memory_order_acquire);
    if (!node && !(node = pages_publish((void *_Atomic *)node_place, sizeof *node, 0)))
        return NULL;
    struct heap_leaf *_Atomic *leaf_place = &node->leaf[leaf_at];
    heap_announce(node->made, leaf_at);
    struct heap_leaf *leaf = atomic_load_explicit(leaf_place, memory_order_acquire);
    if (leaf)
        return leaf;
    int is_first = !atomic_exchange_explicit(&has_one, 1, memory_order_relaxed); /* most programs need no other */
    int is_dense = !is_first && size_bytes <= DENSE_BYTES_MAX;
    leaf = pages_publish((void *_Atomic *)leaf_place, sizeof *leaf, is_dense);
    if (leaf && is_dense)
        pages_populate(leaf, sizeof *leaf);
    return leaf;
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

/* ---- births ---- */

/* The first batch of a thread, after a fork or a scan, is noted: it may come long after those of others. */
static void serials_take(struct thread_state *state) {
    state->serials_unnoted = state->serial_end ? (state->serials_unnoted + 1) % BATCHES_A_NOTE : 0;
    state->serial = atomic_fetch_add_explicit(&next_serial, SERIAL_BATCH, memory_order_relaxed);
    state->serial_end = state->serial + SERIAL_BATCH;
    if (!state->serials_unnoted)
        live_note_birth(state->serial);
    live_flush(state);
    if (__builtin_expect(state->scopes != NULL, 0))
        scope_note_serials(state->scopes, state->serial, state->serial_end);
}

/* A signal handler that interrupts a hook of its own thread must not touch the thread's state. */
static inline struct thread_state *state_unless_nested(void) {
    return __builtin_expect(thread_busy > 1, 0) ? NULL : thread_state();
}

/* ---- slots ---- */

static inline uint32_t half_of(uintptr_t address) {
    return address & 8 ? HEAP_SLOT_HALF : 0;
}

/* What the slot named is a free that did not pass through us (another allocator's free, or one looked up before we were
 * there): that object is gone, its record is reused. */
static __attribute__((noinline)) void displaced(uint32_t slot) {
    record_forget(slot & HEAP_SLOT_ID);
}

/* Enter `id` where the allocator may put several objects into a granule. returns 0, or -1: no memory */
static int slot_set_shared(_Atomic uint32_t *slot, uintptr_t address, object_id id) {
    uint32_t half = half_of(address), old = atomic_load_explicit(slot, memory_order_relaxed);
    do
        if (old && (old & HEAP_SLOT_HALF) != half)
            return odd_add(address, id) ? 0 : -1;
    while (!atomic_compare_exchange_weak_explicit(slot, &old, id | half, memory_order_release, memory_order_relaxed));
    if (old)
        displaced(old);
    return 0;
}

__attribute__((noinline)) int record_know_leaf(struct thread_state *state, uintptr_t address) {
    struct heap_leaf *leaf = address % (1 << HEAP_GRANULE_SHIFT) ? NULL : heap_leaf_at(&record_index, address);
    const uintptr_t key = heap_turned_key(heap_turned(address)), at = key % THREAD_LEAVES;
    if (!leaf)
        return 0;
    state->leaf_key[at] = key + 1; /* no key of this place: a handler may end the thread here */
    atomic_signal_fence(memory_order_seq_cst);
    state->leaf[at] = leaf;
    atomic_signal_fence(memory_order_seq_cst);
    state->leaf_key[at] = key;
    return 1;
}

/* Enter `id` for `address`, which is a multiple of 8 in `leaf`. returns 0, or -1: no memory */
static inline int slot_set(struct heap_leaf *leaf, uintptr_t address, object_id id, size_t size_bytes) {
    size_t number = heap_slot_number(address);
    _Atomic uint32_t *slot = &leaf->slot[number];
    atomic_store_explicit(&leaf->born[number >> HEAP_BLOCK_SHIFT], record_epoch, memory_order_relaxed);
    if (__builtin_expect(size_bytes >= HEAP_LARGE_BYTES, 0))
        atomic_store_explicit(&leaf->large[number >> HEAP_BLOCK_SHIFT], 1, memory_order_relaxed);
    if (duty_is_on(DUTY_SHARED_GRANULES))
        return slot_set_shared(slot, address, id);
    uint32_t old = atomic_load_explicit(slot, memory_order_relaxed);
    atomic_store_explicit(slot, id | half_of(address), memory_order_release);
    if (__builtin_expect(old != 0, 0))
        displaced(old);
    return 0;
}

/* The same for any address. */
static int enter(uintptr_t address, object_id id, size_t size_bytes) {
    struct heap_leaf *leaf = heap_leaf_at(&record_index, address);
    if (!leaf && !(leaf = leaf_make(address, size_bytes)))
        return -1;
    if (address & 7)
        return odd_add(address, id) ? 0 : -1;
    return slot_set(leaf, address, id, size_bytes);
}

static void forget_unrecorded(uintptr_t address) {
    for (size_t i = 0; i < UNRECORDED_MAX; i++) {
        uintptr_t wanted = address;
        if (atomic_load_explicit(&unrecorded[i].lo, memory_order_relaxed) == address)
            atomic_compare_exchange_strong(&unrecorded[i].lo, &wanted, 0);
    }
}

static __attribute__((noinline)) object_id withdraw_odd(uintptr_t address) {
    if (record_losses())
        forget_unrecorded(address);
    return __atomic_load_n(&odd_table, __ATOMIC_RELAXED) ? odd_take(address) : 0;
}

/* ---- what hooks call ---- */

static __attribute__((noinline)) void lose(object_id id, uintptr_t address, size_t size_bytes) {
    if (id)
        record_forget(id);
    uint64_t at = atomic_fetch_add_explicit(&losses, 1, memory_order_relaxed) % UNRECORDED_MAX;
    atomic_store(&unrecorded[at].lo, 0);
    atomic_store(&unrecorded[at].size_bytes, size_bytes);
    atomic_store(&unrecorded[at].lo, address);
}

static void add_nested(uintptr_t address, struct object object) {
    object_id id = ids_fresh(1);
    if (id) {
        object.birth = atomic_fetch_add_explicit(&next_serial, 1, memory_order_relaxed);
        *record_of(id) = object;
    }
    if (!id || enter(address, id, object.size_bytes) != 0)
        lose(id, address, object.size_bytes);
}

void record_add(uintptr_t address, size_t size_bytes, uint32_t site, unsigned flags) {
    struct object object = {.size_bytes = size_bytes, .site = site, .flags = flags & 63};
    struct thread_state *state = state_unless_nested();
    if (!state) {
        add_nested(address, object);
        return;
    }
    if (!state->id_count && ids_refill(state) != 0) {
        lose(0, address, size_bytes);
        return;
    }
    if (state->serial >= state->serial_end)
        serials_take(state);
    object_id id = state->ids[--state->id_count];
    record_write(state, id, object);
    if (enter(address, id, size_bytes) != 0)
        lose(id, address, size_bytes);
}

object_id record_withdraw(uintptr_t address) {
    struct heap_leaf *leaf = heap_leaf_at(&record_index, address);
    if (__builtin_expect(!leaf, 0))
        return withdraw_odd(address);
    _Atomic uint32_t *slot = &leaf->slot[heap_slot_number(address)];
    uint32_t old = atomic_load_explicit(slot, memory_order_relaxed);
    if (__builtin_expect(!old || address & 7 || (old & HEAP_SLOT_HALF) != half_of(address), 0))
        return withdraw_odd(address);
    atomic_store_explicit(slot, 0, memory_order_relaxed);
    return old & HEAP_SLOT_ID;
}

void record_forget(object_id id) {
    struct thread_state *state = state_unless_nested();
    if (duty_is_on(DUTY_REFS) && record_of(id)->refs)
        refs_forget(id);
    __builtin_prefetch(record_of(id), 1);
    if (!state) {
        ids_defer(id);
        return;
    }
    int is_full = state->id_count == THREAD_IDS;
    ids_give_back(state, id);
    if (is_full)
        live_flush(state);
}

void record_restore(uintptr_t address, object_id id) {
    size_t size_bytes = record_of(id)->size_bytes;
    if (enter(address, id, size_bytes) != 0)
        lose(id, address, size_bytes);
}

object_id record_known(uintptr_t address) {
    struct heap_leaf *leaf = heap_leaf_at(&record_index, address);
    uint32_t half = address & 8 ? HEAP_SLOT_HALF : 0;
    uint32_t slot = leaf ? atomic_load_explicit(&leaf->slot[heap_slot_number(address)], memory_order_relaxed) : 0;
    if (slot && !(address & 7) && (slot & HEAP_SLOT_HALF) == half)
        return slot & HEAP_SLOT_ID;
    return __atomic_load_n(&odd_table, __ATOMIC_RELAXED) ? odd_find(address) : 0;
}

void record_grow(uintptr_t address, object_id id, size_t bytes) {
    struct object *object = record_of(id);
    struct heap_leaf *leaf = heap_leaf_at(&record_index, address);
    if (leaf && bytes >= HEAP_LARGE_BYTES)
        atomic_store_explicit(&leaf->large[heap_slot_number(address) >> HEAP_BLOCK_SHIFT], 1, memory_order_relaxed);
    thread_self->net_bytes += (int64_t)bytes - (int64_t)object->size_bytes;
    object->size_bytes = bytes;
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
        const struct heap_leaf *leaf = heap_leaf_at(&record_index, base);
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
        const struct heap_leaf *leaf = heap_leaf_at(&record_index, at);
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

uint32_t record_next_serial(void) {
    return atomic_load_explicit(&next_serial, memory_order_relaxed);
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
    heap->index = &record_index;
    heap->chunk = record_chunks;
    heap->id_end = ids_end();
}

size_t record_unrecorded(struct range out[UNRECORDED_MAX]) {
    size_t count = 0;
    for (size_t i = 0; i < UNRECORDED_MAX; i++) {
        uintptr_t lo = atomic_load(&unrecorded[i].lo);
        if (lo)
            out[count++] = (struct range){lo, lo + atomic_load(&unrecorded[i].size_bytes)};
    }
    return count;
}

size_t record_odd(struct heap_odd *out, size_t max) {
    size_t count = 0;
    for (struct odd *entry = odd_table; entry; entry = entry->hh.next, count++)
        if (count < max)
            out[count] = (struct heap_odd){entry->address, entry->id};
    return count;
}

void record_forget_all(void) {
    memset(record_index.node, 0, sizeof record_index.node);
    ids_forget_all();
    odd_table = odd_free = NULL;
}
