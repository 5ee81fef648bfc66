/* met.c - bytes and bits of the objects that a search has met: made before it, and put together after it.
 *
 * Owns:    struct met.      Never: meets an object (marker.c does).
 * Runs in: snapshot child (a crew of threads), unit tests, tools.
 * Start:   met_begin(), met_bits(). */
#include "met.h"

#include <errno.h>
#include <string.h>

enum { UNMET_MAX = 32 };

struct translation {
    struct met *met;
    _Atomic uint64_t *bits;
    _Atomic size_t taken; /* pieces */
};
/* Groups of granules in which something was not met, while their slots are on the way. */
struct unmet {
    size_t count, first[UNMET_MAX];
};

int met_begin(struct met *met, const struct heap *heap, const struct crew *crew, struct arena *arena) {
    met->heap = heap;
    met->crew = crew;
    met->asked = met_shared(met_new_bits(heap, arena));
    if (!met->asked)
        return -ENOMEM;
    if (heap->subset)
        memset((void *)met->asked, 0xff, met_bits_bytes(heap));
    for (size_t i = 0; heap->subset && i < heap->subset_count; i++)
        met_clear_bit(met->asked, heap->subset[i].id);
    return granules_build(&met->granules, heap, crew, arena);
}

/* ---- from bytes to bits by object id ---- */

static void clear_group(const struct translation *translation, const struct granules_piece *piece, size_t first) {
    for (size_t number = first; number < first + sizeof(uint64_t); number++) {
        uint8_t byte = atomic_load_explicit(&piece->leaf->granule[number], memory_order_relaxed);
        uint32_t slot = atomic_load_explicit(&piece->index->slot[number], memory_order_relaxed);
        uintptr_t start = piece->base + number * GRANULE_BYTES + (slot & HEAP_SLOT_HALF ? GRANULE_BYTES / 2 : 0);
        object_id id = slot & HEAP_SLOT_ID;
        if ((byte & GRANULE_CODE) != GRANULE_EMPTY && id && !met_is(translation->met, start, id, byte))
            met_clear_bit(translation->bits, id);
    }
}

static void clear_unmet(const struct translation *translation, const struct granules_piece *piece,
                        struct unmet *unmet) {
    for (size_t i = 0; i < unmet->count; i++)
        clear_group(translation, piece, unmet->first[i]);
    unmet->count = 0;
}

/* Where nearly all was met, each group is a cache miss and a page walk of its own: some are waited for together. */
static inline void add_unmet(const struct translation *translation, const struct granules_piece *piece,
                             struct unmet *unmet, size_t first) {
    if (unmet->count == UNMET_MAX)
        clear_unmet(translation, piece, unmet);
    __builtin_prefetch((const void *)&piece->index->slot[first]);
    unmet->first[unmet->count++] = first;
}

static void translate_piece(const struct translation *translation, const struct granules_piece *piece) {
    typedef uint64_t __attribute__((may_alias)) granules_together;
    enum { BLOCK_SLOTS = 1 << HEAP_BLOCK_SHIFT };
    const uint64_t codes = UINT64_C(0x0101010101010101) * GRANULE_CODE;
    struct unmet unmet = {.count = 0};
    for (size_t first = 0; first < HEAP_LEAF_SLOTS; first += sizeof(uint64_t)) {
        if (first % BLOCK_SLOTS == 0 &&
            !atomic_load_explicit(&piece->index->born[first / BLOCK_SLOTS], memory_order_relaxed)) {
            first += BLOCK_SLOTS - sizeof(uint64_t);
            continue;
        }
        uint64_t bytes = *(const granules_together *)(const void *)&piece->leaf->granule[first];
        if (((bytes & codes) + codes) & ~bytes & ~codes) /* some byte has a code, and no GRANULE_MET */
            add_unmet(translation, piece, &unmet, first);
    }
    clear_unmet(translation, piece, &unmet);
}

static void translate_pieces(void *job) {
    struct translation *translation = job;
    const struct granules *granules = &translation->met->granules;
    size_t number;
    while (crew_next(&translation->taken, granules->piece_count, &number))
        translate_piece(translation, &granules->piece[number]);
}

static void clear_unmet_listed(struct translation *translation, const struct heap_odd *list, size_t count) {
    struct met *met = translation->met;
    for (size_t i = 0; i < count; i++)
        if (!met_is(met, list[i].address, list[i].id, met_byte(met, list[i].address)))
            met_clear_bit(translation->bits, list[i].id);
}

/* Of a scan that looks at some objects only, the others were met before it began: their bytes need not be read. */
void met_bits(struct met *met, uint64_t *bits) {
    const struct heap *heap = met->heap;
    struct translation translation = {.met = met, .bits = met_shared(bits)};
    memset(bits, 0xff, met_bits_bytes(heap));
    if (heap->subset) {
        clear_unmet_listed(&translation, heap->subset, heap->subset_count);
        return;
    }
    crew_together(met->crew, translate_pieces, &translation);
    clear_unmet_listed(&translation, heap->odd, heap->odd_count);
}
