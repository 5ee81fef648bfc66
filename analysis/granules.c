/* granules.c - make the bytes that say what begins in each granule, and read backwards in them.
 *
 * Owns:    struct granules' memory.      Never: writes to the index or to objects; closes a page (granules_note.c does).
 * Runs in: snapshot child, unit tests, tools; granules_build() in the caller and its crew.
 * Start:   granules_build(), then enter(). */
#include "granules.h"

#include "arena.h"

#include <errno.h>

enum {
    WORD = sizeof(uintptr_t),
    PAGE = 4096, /* of our own memory */
    BLOCK_SLOTS = 1 << HEAP_BLOCK_SHIFT,
    BLOCKS_AHEAD = 8, /* of 64 slots: a walk from page to page is faster than the processor foresees */
    SHORT_WORDS_MAX = GRANULE_INSIDE - GRANULE_SHORT - 1,
    SHORT_GRANULES = (SHORT_WORDS_MAX + 1) * WORD / GRANULE_BYTES, /* how far before its end one begins, at most */
};

struct build {
    struct granules *granules;
    const struct heap *heap;
    int has_usual;        /* objects of which nothing but their records says how long they are */
    size_t slots, listed; /* the next ones in heap->piece, and in heap->subset or heap->odd */
    _Atomic size_t taken;
};

_Static_assert(HEAP_LARGE_BYTES <= GRANULE_BYTES << (GRANULE_LONG - GRANULE_INSIDE), "a step for each distance");

/* ---- one object ---- */

static inline unsigned step_back(uint8_t byte) {
    return 1u << (byte - (GRANULE_INSIDE | GRANULE_MET));
}

/* A page of ours that is read first costs two faults: the first only shows it as empty. */
static inline void write_first(_Atomic uint8_t *granule) {
    uint8_t byte = atomic_exchange_explicit(granule, GRANULE_EMPTY, memory_order_relaxed);
    if (byte != GRANULE_EMPTY)
        atomic_store_explicit(granule, byte, memory_order_relaxed);
}

/* The granules of a long object behind its first, as far as they are in the same leaf. bytes: from its granule's start */
static __attribute__((noinline)) void enter_inside(_Atomic uint8_t *granule, size_t number, uint64_t bytes) {
    size_t whole = bytes / GRANULE_BYTES, end = HEAP_LEAF_SLOTS - number;
    for (size_t i = 1; i < whole && i < end; i++) {
        unsigned step = 63 - (unsigned)__builtin_clzll(i);
        if ((uintptr_t)&granule[i] % PAGE == 0)
            write_first(&granule[i]);
        if (atomic_load_explicit(&granule[i], memory_order_relaxed) != GRANULE_EMPTY)
            return;
        atomic_store_explicit(&granule[i], (uint8_t)(GRANULE_MET | (GRANULE_INSIDE + step)), memory_order_relaxed);
    }
}

/* An object begins where another one is said to go on: that one was freed unseen. */
static __attribute__((noinline)) void leave_inside(_Atomic uint8_t *granule, size_t number) {
    size_t end = HEAP_LEAF_SLOTS - number;
    for (size_t i = 0; i < end && granules_is_inside(atomic_load_explicit(&granule[i], memory_order_relaxed)); i++)
        atomic_store_explicit(&granule[i], GRANULE_EMPTY, memory_order_relaxed);
}

static inline void enter(const struct heap *heap, _Atomic uint8_t *granule, uintptr_t address, object_id id,
                         int has_slot) {
    size_t number = heap_slot_number(address);
    if (granules_is_inside(atomic_load_explicit(granule, memory_order_relaxed)))
        leave_inside(granule, number);
    const struct object *object = heap_object(heap, id);
    uint64_t words = object->size_bytes / WORD;
    int is_short = words <= SHORT_WORDS_MAX && !heap->unaligned && !(object->flags & OBJECT_UNUSUAL);
    uint8_t code = is_short ? (uint8_t)(GRANULE_SHORT + words) : GRANULE_LONG;
    if (address % GRANULE_BYTES || !has_slot || (heap->entry && heap->entry[id]) ||
        atomic_load_explicit(granule, memory_order_relaxed) != GRANULE_EMPTY)
        code = GRANULE_ASK;
    atomic_store_explicit(granule, code, memory_order_relaxed);
    if (has_slot && words > SHORT_WORDS_MAX && object->size_bytes < HEAP_LARGE_BYTES)
        enter_inside(granule, number, address % GRANULE_BYTES + object->size_bytes);
}

/* Those that can't be found by granule, and those of a scan that looks at some objects only. */
static void enter_listed(struct build *build, const struct heap_odd *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uintptr_t address = list[i].address;
        _Atomic uint8_t *granule = granules_at(build->granules, address);
        const struct heap_leaf *leaf = heap_leaf_at(build->heap->index, address);
        uint32_t slot = leaf ? atomic_load_explicit(&leaf->slot[heap_slot_number(address)], memory_order_relaxed) : 0;
        if (leaf)
            enter(build->heap, granule, address, list[i].id, (slot & HEAP_SLOT_ID) == list[i].id);
    }
}

/* The usual object: a short one at the start of a granule that nothing else has. returns whether it is one */
static inline int enter_usual(const struct build *build, _Atomic uint8_t *granule, uint32_t slot) {
    const struct object *object = heap_object(build->heap, slot & HEAP_SLOT_ID);
    uint64_t words = object->size_bytes / WORD;
    if (slot & HEAP_SLOT_HALF || words > SHORT_WORDS_MAX || object->flags & OBJECT_UNUSUAL ||
        atomic_load_explicit(granule, memory_order_relaxed) != GRANULE_EMPTY)
        return 0;
    atomic_store_explicit(granule, (uint8_t)(GRANULE_SHORT + words), memory_order_relaxed);
    return 1;
}

static inline void enter_slot(const struct build *build, const struct granules_piece *piece, size_t number,
                              uint32_t slot) {
    object_id id = slot & HEAP_SLOT_ID;
    uintptr_t half = slot & HEAP_SLOT_HALF ? GRANULE_BYTES / 2 : 0;
    _Atomic uint8_t *granule = &piece->leaf->granule[number];
    if (id && !(build->has_usual && enter_usual(build, granule, slot)))
        enter(build->heap, granule, piece->base + number * GRANULE_BYTES + half, id, 1);
}

/* Most of an index is empty. *page: the page of bytes that was written to last; all before it were */
static void fill_block(const struct build *build, const struct granules_piece *piece, size_t block, size_t *page) {
    const _Atomic uint32_t *slot = &piece->index->slot[block * BLOCK_SLOTS];
    uint64_t begun = heap_block_begun(piece->index, block);
    _Atomic uint8_t *granule = &piece->leaf->granule[block * BLOCK_SLOTS];
    if (begun && (uintptr_t)granule / PAGE != *page) {
        *page = (uintptr_t)granule / PAGE;
        write_first(granule);
    }
    for (; begun; begun &= begun - 1) {
        size_t number = (size_t)__builtin_ctzll(begun);
        enter_slot(build, piece, block * BLOCK_SLOTS + number,
                   atomic_load_explicit(&slot[number], memory_order_relaxed));
    }
}

static void prefetch_block(const struct granules_piece *piece, size_t block) {
    enum { LINE_SLOTS = 64 / sizeof *piece->index->slot };
    for (size_t slot = 0; block < HEAP_LEAF_BLOCKS && slot < 1 << HEAP_BLOCK_SHIFT; slot += LINE_SLOTS)
        __builtin_prefetch((const void *)&piece->index->slot[(block << HEAP_BLOCK_SHIFT) + slot]);
}

static void fill_piece(const struct build *build, const struct granules_piece *piece) {
    size_t page = SIZE_MAX;
    for (size_t block = 0; block < HEAP_LEAF_BLOCKS; block++) {
        prefetch_block(piece, block + BLOCKS_AHEAD);
        if (atomic_load_explicit(&piece->index->born[block], memory_order_relaxed))
            fill_block(build, piece, block, &page);
    }
}

static void fill_pieces(void *job) {
    struct build *build = job;
    size_t number;
    while (crew_next(&build->taken, build->granules->piece_count, &number))
        fill_piece(build, &build->granules->piece[number]);
}

/* ---- the table ---- */

static int lists_begin_in(struct build *build, const struct heap_odd *list, size_t count, uintptr_t base) {
    while (build->listed < count && list[build->listed].address < base)
        build->listed++;
    return build->listed < count && list[build->listed].address - base < HEAP_LEAF_BYTES;
}

/* Does anything begin in the leaf that this scan looks at? Asked in the order of addresses. */
static int is_used(struct build *build, uintptr_t base) {
    const struct heap *heap = build->heap;
    if (heap->subset)
        return lists_begin_in(build, heap->subset, heap->subset_count, base);
    while (build->slots < heap->piece_count && heap->piece[build->slots].base < base)
        build->slots++;
    if (build->slots < heap->piece_count && heap->piece[build->slots].base == base)
        return 1;
    return lists_begin_in(build, heap->odd, heap->odd_count, base);
}

static size_t count_used_leaves(struct build *build) {
    size_t count = 0;
    for (uintptr_t base = 0; heap_next_leaf(build->heap->index, &base); base += HEAP_LEAF_BYTES)
        count += (size_t)is_used(build, base);
    build->slots = build->listed = 0;
    return count;
}

static int make_table(struct build *build, struct arena *arena) {
    struct granules *granules = build->granules;
    const uintptr_t nodes_max = HEAP_INDEX_NODES;
    uintptr_t last = build->heap->hi >> HEAP_NODE_SHIFT;
    granules->first_node = build->heap->lo >> HEAP_NODE_SHIFT;
    last = last < nodes_max ? last : nodes_max - 1;
    granules->node_count = granules->first_node <= last ? last - granules->first_node + 1 : 0;
    granules->node = arena_alloc(arena, granules->node_count, sizeof(struct granules_node *));
    return granules->node ? 0 : -ENOMEM;
}

static int place_leaf(struct build *build, uintptr_t base, struct granules_leaf *leaf, struct arena *arena) {
    uintptr_t number = (base >> HEAP_NODE_SHIFT) - build->granules->first_node;
    if (number >= build->granules->node_count)
        return 0; /* a leaf without objects, outside of the heap's bounds */
    struct granules_node **node = &build->granules->node[number];
    if (!*node)
        *node = arena_alloc(arena, 1, sizeof **node);
    if (!*node)
        return -ENOMEM;
    (*node)->leaf[(base >> HEAP_LEAF_SHIFT) & (HEAP_NODE_LEAVES - 1)] = leaf;
    return 0;
}

static int place_leaves(struct build *build, struct arena *arena) {
    struct granules *granules = build->granules;
    size_t count = count_used_leaves(build);
    struct granules_leaf *leaf = arena_alloc(arena, count, sizeof *leaf);
    granules->bare = arena_alloc(arena, 1, sizeof *granules->bare);
    granules->piece = arena_alloc(arena, count, sizeof *granules->piece);
    granules->piece_count = 0;
    if (!leaf || !granules->bare || !granules->piece)
        return -ENOMEM;
    uintptr_t base = 0;
    for (const struct heap_leaf *index; (index = heap_next_leaf(build->heap->index, &base)); base += HEAP_LEAF_BYTES) {
        int used = is_used(build, base);
        if (used)
            granules->piece[granules->piece_count++] = (struct granules_piece){base, index, leaf};
        if (place_leaf(build, base, used ? leaf++ : granules->bare, arena))
            return -ENOMEM;
    }
    return 0;
}

int granules_build(struct granules *granules, const struct heap *heap, const struct crew *crew, struct arena *arena) {
    struct build build = {.granules = granules, .heap = heap, .has_usual = !heap->entry && !heap->unaligned};
    atomic_init(&granules->nothing_known, GRANULE_ASK);
    if (make_table(&build, arena) || place_leaves(&build, arena) || closed_begin(&granules->closed, heap, arena))
        return -ENOMEM;
    if (heap->subset) {
        enter_listed(&build, heap->subset, heap->subset_count);
        return 0;
    }
    crew_together(crew, fill_pieces, &build);
    enter_listed(&build, heap->odd, heap->odd_count);
    return 0;
}

/* ---- reading backwards ---- */

/* An address `offset` bytes behind the start of an object, of which the byte says how long it is, unless it is long. */
static enum granules_inside judge(uint8_t byte, uintptr_t offset) {
    uint8_t code = byte & GRANULE_CODE;
    if (code >= GRANULE_LONG)
        return GRANULES_ASK;
    uintptr_t end = (uintptr_t)(code - GRANULE_SHORT) * WORD;
    if (offset >= end + WORD) /* its size may end within a word */
        return GRANULES_NOWHERE;
    if (byte & GRANULE_MET)
        return GRANULES_IN_MET;
    return offset < end ? GRANULES_IN_UNMET : GRANULES_AT_UNMET;
}

/* The granules behind the first of an object that was met; left: how many the leaf has from there on. */
static void note_within(_Atomic uint8_t *granule, size_t left) {
    for (size_t i = 1; i < left && granules_is_inside(atomic_load_explicit(&granule[i], memory_order_relaxed)); i++)
        atomic_store_explicit(&granule[i], GRANULE_WITHIN, memory_order_relaxed);
}

/* The same behind a granule that is inside an object. number: of the granule, in its leaf */
static enum granules_inside judge_inside(_Atomic uint8_t *granule, size_t number, size_t granules_back,
                                         uintptr_t *start) {
    _Atomic uint8_t *first = granule;
    uint8_t byte = atomic_load_explicit(first, memory_order_relaxed);
    while (granules_is_inside(byte)) {
        first -= step_back(byte);
        byte = atomic_load_explicit(first, memory_order_relaxed);
    }
    *start -= (uintptr_t)(granule - first) * GRANULE_BYTES;
    if (byte == GRANULE_WITHIN)
        return GRANULES_IN_MET;
    if (!granules_begins(byte))
        return GRANULES_ASK;
    if (byte & GRANULE_MET) {
        note_within(first, HEAP_LEAF_SLOTS - number + (size_t)(granule - first));
        return GRANULES_IN_MET;
    }
    return granules_back ? GRANULES_AT_UNMET : GRANULES_IN_UNMET;
}

/* At a granule that no short or long object of its leaf reaches. One of the leaf before may. */
static enum granules_inside far_or_ask(size_t number) {
    return number >= HEAP_LARGE_BYTES / GRANULE_BYTES ? GRANULES_FAR : GRANULES_ASK;
}

enum granules_inside granules_look(struct granules *granules, uintptr_t address, uintptr_t *start) {
    _Atomic uint8_t *granule = granules_at(granules, address);
    size_t number = heap_slot_number(address), place = number % GRANULES_GROUP;
    if (granules_are_bare(granules, granule, number)) {
        /* Two small numbers in one word look like an address at the start of such a leaf. */
        _Atomic uint8_t *before = granules_at(granules, address - HEAP_LEAF_BYTES);
        return granules_are_bare(granules, before, number) ? GRANULES_FAR : far_or_ask(number);
    }
    _Atomic uint8_t *group = granule - place;
    uint64_t bytes = granules_group(group) << (8 * (GRANULES_GROUP - 1 - place)) >> (8 * (GRANULES_GROUP - 1 - place));
    for (size_t behind = 0;; behind += GRANULES_GROUP) {
        if (bytes) {
            size_t last = (size_t)(63 - __builtin_clzll(bytes)) / 8, granules_back = place + behind - last;
            uint8_t byte = (uint8_t)(bytes >> (8 * last));
            *start = (address & ~(uintptr_t)(GRANULE_BYTES - 1)) - granules_back * GRANULE_BYTES;
            if (byte == GRANULE_WITHIN)
                return GRANULES_IN_MET;
            if (!granules_is_inside(byte))
                return judge(byte, address - *start);
            if (granules_back > 1)
                return GRANULES_NOWHERE;
            return judge_inside(group + last, number - granules_back, granules_back, start);
        }
        if (behind + place >= number)
            return GRANULES_ASK;
        if (behind > SHORT_GRANULES)
            return far_or_ask(number);
        group -= GRANULES_GROUP;
        bytes = granules_group(group);
    }
}
