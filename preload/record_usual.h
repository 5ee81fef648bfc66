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
    struct heap_leaf *leaf;
    size_t number; /* of the slot */
};

/* The thread knows the leaf of this address from now on.
 * returns  0: there is none, or it is no multiple of a granule. context: hook, busy */
int record_know_leaf(struct thread_state *state, uintptr_t address);

/* Objects that begin at multiples of a granule have slots with one writer each.
 * returns  0: the thread does not know the leaf. context: hook, busy */
static inline __attribute__((always_inline)) int record_place(const struct thread_state *state, uintptr_t address,
                                                              struct record_place *place) {
    const uint64_t turned = heap_turned(address), key = heap_turned_key(turned);
    if (__builtin_expect(state->leaf_key[key % THREAD_LEAVES] != key, 0))
        return 0;
    *place = (struct record_place){state->leaf[key % THREAD_LEAVES], turned % HEAP_LEAF_SLOTS};
    return 1;
}

/* The same, and the thread gets to know it if it can. */
static inline __attribute__((always_inline)) int record_place_anew(struct thread_state *state, uintptr_t address,
                                                                   struct record_place *place) {
    return __builtin_expect(record_place(state, address, place), 1) ||
           (record_know_leaf(state, address) && record_place(state, address, place));
}

/* To be done before an object is entered there. If a scan moves the epoch in between, the thread's serials are gone as well
 * (thread_forget_serials()), and who takes new ones marks the block again. */
static inline void record_mark_born(struct record_place place) {
    atomic_store_explicit(&place.leaf->born[place.number >> HEAP_BLOCK_SHIFT], record_epoch, memory_order_relaxed);
}

/* slot: of the place. returns 0: nothing was done. context: hook, busy, no duties (duties.h) */
static inline __attribute__((always_inline)) int record_add_usual(struct thread_state *state, _Atomic uint32_t *slot,
                                                                  size_t size_bytes, uint32_t site) {
    const uint32_t ids = state->id_count;
    if (__builtin_expect(size_bytes >= HEAP_LARGE_BYTES || !ids || state->serial >= state->serial_end ||
                             atomic_load_explicit(slot, memory_order_relaxed),
                         0))
        return 0;
    object_id id = state->ids[ids - 1];
    state->id_count = ids - 1;
    record_write(state, id, (struct object){.size_bytes = size_bytes, .site = site});
    atomic_store_explicit(slot, id, memory_order_release);
    return 1;
}

/* The id of the object there, which is in the index no more; 0: nothing was done */
static inline __attribute__((always_inline)) object_id record_withdraw_usual(struct record_place place) {
    _Atomic uint32_t *slot = &place.leaf->slot[place.number];
    uint32_t id = atomic_load_explicit(slot, memory_order_relaxed);
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
