/* met.h - which objects has a search met? Their granules' bytes say it (granules.h), and bits by id of those that have no byte
 * of their own.
 *
 * A crew meets by atomic operations, so one of them meets an object; one alone needs none. */
#ifndef CASTAWAY_ANALYSIS_MET_H
#define CASTAWAY_ANALYSIS_MET_H

#include "arena.h"
#include "granules.h"

struct met {
    const struct heap *heap;
    const struct crew *crew; /* that meets; NULL: one alone */
    struct granules granules;
    _Atomic uint64_t *asked; /* bits by id: met, of those that the index has to be asked for */
};

/* Nothing is met, but what the scan does not look at (heap->subset). returns 0, or -ENOMEM */
int met_begin(struct met *met, const struct heap *heap, const struct crew *crew, struct arena *arena);

/* Make `bits` those of all ids but of the objects that were not met: they mean nothing for ids that no object has. */
void met_bits(struct met *met, uint64_t *bits);

/* ---- bits by object id ---- */

static inline uint64_t *met_new_bits(const struct heap *heap, struct arena *arena) {
    return arena_alloc(arena, ((size_t)heap->id_end + 63) / 64, sizeof(uint64_t));
}

static inline size_t met_bits_bytes(const struct heap *heap) {
    return ((size_t)heap->id_end + 63) / 64 * sizeof(uint64_t);
}

static inline _Atomic uint64_t *met_shared(uint64_t *bits) {
    return (_Atomic uint64_t *)bits;
}

/* returns 0 when it was set before */
static inline int met_set_bit(_Atomic uint64_t *bits, object_id id) {
    uint64_t bit = UINT64_C(1) << (id & 63);
    if (atomic_load_explicit(&bits[id >> 6], memory_order_relaxed) & bit)
        return 0;
    return !(atomic_fetch_or_explicit(&bits[id >> 6], bit, memory_order_relaxed) & bit);
}

static inline void met_clear_bit(_Atomic uint64_t *bits, object_id id) {
    atomic_fetch_and_explicit(&bits[id >> 6], ~(UINT64_C(1) << (id & 63)), memory_order_relaxed);
}

/* ---- one object ---- */

static inline uint8_t met_byte(struct met *met, uintptr_t start) {
    return atomic_load_explicit(granules_at(&met->granules, start), memory_order_relaxed);
}

/* Has this object no byte of its own? Then a bit by its id takes the place of it. */
static inline int met_is_asked(uintptr_t start, uint8_t byte) {
    return start % GRANULE_BYTES || !granules_begins(byte);
}

/* byte: that of the object's granule */
static inline int met_is(const struct met *met, uintptr_t start, object_id id, uint8_t byte) {
    if (met_is_asked(start, byte))
        return (int)(atomic_load_explicit(&met->asked[id >> 6], memory_order_relaxed) >> (id & 63)) & 1;
    return byte & GRANULE_MET;
}

/* Note that the object of a byte was met; returns 0 when it had been before. Nothing else changes of a byte where an object
 * begins while a crew marks (where none does, it may become GRANULE_WITHIN, whoever writes it), so it is exchanged as a whole: to set
 * the bit alone, a processor has to try until nobody comes between. */
static inline unsigned met_note_byte(_Atomic uint8_t *granule, int alone) {
    uint8_t byte = atomic_load_explicit(granule, memory_order_relaxed);
    if (byte & GRANULE_MET)
        return 0;
    if (!alone)
        return !(atomic_exchange_explicit(granule, byte | GRANULE_MET, memory_order_relaxed) & GRANULE_MET);
    atomic_store_explicit(granule, byte | GRANULE_MET, memory_order_relaxed);
    return 1;
}

/* The same of any object. *code receives what is known of its length. */
static inline unsigned met_note(struct met *met, uintptr_t start, object_id id, uint8_t *code) {
    _Atomic uint8_t *granule = granules_at(&met->granules, start);
    uint8_t byte = atomic_load_explicit(granule, memory_order_relaxed);
    int asked = met_is_asked(start, byte);
    *code = asked ? GRANULE_ASK : byte & GRANULE_CODE;
    return asked ? (unsigned)met_set_bit(met->asked, id) : met_note_byte(granule, !met->crew);
}
#endif
