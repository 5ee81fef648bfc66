/* record_usual.h - an object is made or freed and nothing else is to be done: the common case of record.h, which the hooks
 * have in themselves. Each looks at all that could make a call another than most before it changes anything. */
#ifndef CASTAWAY_PRELOAD_RECORD_USUAL_H
#define CASTAWAY_PRELOAD_RECORD_USUAL_H

#include "arch.h"
#include "record.h"
#include "thread.h"

HIDDEN extern struct heap_index record_index;
HIDDEN extern struct object *record_chunks[HEAP_CHUNKS_MAX];

static inline struct object *record_of(object_id id) {
    return &record_chunks[id >> HEAP_CHUNK_SHIFT][id & (HEAP_CHUNK_OBJECTS - 1)];
}

/* The record of the object that the thread has just made; its id is at hand, and serials are left. */
static inline void record_write(struct thread_state *state, object_id id, struct object object) {
    struct object *record = record_of(id);
    state->net_bytes += (int64_t)object.size_bytes - (int64_t)record->size_bytes;
    object.birth = state->serial++;
    *record = object;
}

/* Where in the index an object stands. */
struct record_place {
    struct heap_leaf *leaf; /* NULL: it is an unusual place */
    _Atomic uint32_t *slot;
};

/* Objects that begin at multiples of a granule have slots with one writer each. context: hook, busy */
static inline struct record_place record_place(uintptr_t address) {
    struct heap_leaf *leaf = heap_leaf_at(&record_index, address);
    if (__builtin_expect(!leaf || address % (1 << HEAP_GRANULE_SHIFT), 0))
        return (struct record_place){0};
    return (struct record_place){leaf, &leaf->slot[heap_slot_number(address)]};
}

/* returns 0: nothing was done. place: of the address. context: hook, busy, no duties (duties.h) */
static inline __attribute__((always_inline)) int record_add_usual(struct thread_state *state, struct record_place place,
                                                                  uintptr_t address, size_t size_bytes, uint32_t site) {
    _Atomic uint32_t *slot = place.slot;
    const uint32_t ids = state->id_count;
    if (__builtin_expect(!place.leaf || size_bytes >= HEAP_LARGE_BYTES || !ids || state->serial >= state->serial_end ||
                             atomic_load_explicit(slot, memory_order_relaxed),
                         0))
        return 0;
    object_id id = state->ids[ids - 1];
    state->id_count = ids - 1;
    record_write(state, id, (struct object){.size_bytes = size_bytes, .site = site});
    atomic_store_explicit(&place.leaf->born[heap_slot_number(address) >> HEAP_BLOCK_SHIFT], record_epoch,
                          memory_order_relaxed);
    atomic_store_explicit(slot, id, memory_order_release);
    return 1;
}

/* The object's id, which is in the index no more; 0: nothing was done */
static inline __attribute__((always_inline)) object_id record_withdraw_usual(uintptr_t address) {
    _Atomic uint32_t *slot = record_place(address).slot;
    uint32_t id = slot ? atomic_load_explicit(slot, memory_order_relaxed) : 0;
    if (__builtin_expect(!id || id & HEAP_SLOT_HALF, 0))
        return 0;
    atomic_store_explicit(slot, 0, memory_order_relaxed);
    return id;
}

static inline int record_has_room(const struct thread_state *state) {
    return __builtin_expect(state->id_count < THREAD_IDS, 1);
}

/* There is room. */
static inline __attribute__((always_inline)) void record_forget_usual(struct thread_state *state, object_id id) {
    state->ids[state->id_count++] = id;
}

#endif
