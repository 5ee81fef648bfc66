/* heap.c - read the address index: walk all objects, find the one that contains an address.
 *
 * Owns:    what heap_freeze() adds to struct heap.      Never: writes to the index or to objects.
 * Runs in: snapshot child (one thread), unit tests, tools.
 * Start:   heap_freeze(), then heap_find(). */
#include "heap.h"

#include <string.h>

#include "arena.h"
#include "lanes.h"
#include "places.h"
#include "sort.h"

#include <errno.h>

enum {
    GRANULE = 1 << HEAP_GRANULE_SHIFT,
    WALK_NEAR = 16, /* slots looked at before the table of large objects is asked: most objects are small */
    WALK_FAR = HEAP_LARGE_BYTES / GRANULE,
    AHEAD_MAX = 16, /* objects whose memory is on its way */
    BLOCK_SLOTS = 1 << HEAP_BLOCK_SHIFT,
};

static uint32_t load_slot(const struct heap_leaf *leaf, size_t number) {
    return atomic_load_explicit(&leaf->slot[number], memory_order_relaxed);
}

static uintptr_t slot_start(uintptr_t granule, uint32_t slot) {
    return (granule << HEAP_GRANULE_SHIFT) + (slot & HEAP_SLOT_HALF ? GRANULE / 2 : 0);
}

uint64_t heap_block_begun(const struct heap_leaf *leaf, size_t block) {
    const _Atomic uint32_t *slot = &leaf->slot[block << HEAP_BLOCK_SHIFT];
    uint64_t begun = 0;
#pragma GCC unroll 4
    for (size_t i = 0; i < BLOCK_SLOTS; i += LANES_WORDS)
        begun |= lanes_words((const uint32_t *)(const void *)&slot[i]) << i;
    return begun;
}

/* The objects of slots [first, end), which lie in one block. */
static int each_in_block(const struct heap_leaf *leaf, uintptr_t base, size_t first, size_t end, heap_visit_cb *visit,
                         void *context) {
    const size_t begin = first & ~(size_t)(BLOCK_SLOTS - 1);
    uint64_t begun = heap_block_begun(leaf, first >> HEAP_BLOCK_SHIFT) >> (first - begin) << (first - begin);
    for (; begun; begun &= begun - 1) {
        size_t number = begin + (size_t)__builtin_ctzll(begun);
        uint32_t slot = load_slot(leaf, number);
        if (number >= end)
            return 0;
        if (!(slot & HEAP_SLOT_ID))
            continue;
        int stop = visit(context, slot_start((base >> HEAP_GRANULE_SHIFT) + number, slot), slot & HEAP_SLOT_ID);
        if (stop)
            return stop;
    }
    return 0;
}

int heap_each_in_leaf(const struct heap_leaf *leaf, uintptr_t base, size_t first, size_t end, heap_visit_cb *visit,
                      void *context) {
    for (size_t block = first >> HEAP_BLOCK_SHIFT; block << HEAP_BLOCK_SHIFT < end; block++) {
        size_t lo = block << HEAP_BLOCK_SHIFT, hi = (block + 1) << HEAP_BLOCK_SHIFT;
        if (!atomic_load_explicit(&leaf->born[block], memory_order_relaxed))
            continue;
        int stop = each_in_block(leaf, base, lo < first ? first : lo, hi < end ? hi : end, visit, context);
        if (stop)
            return stop;
    }
    return 0;
}

/* The first number from `number` on that was announced, or `end`. */
static size_t next_made(const _Atomic uint64_t *made, size_t number, size_t end) {
    while (number < end) {
        uint64_t bits = atomic_load_explicit(&made[number / 64], memory_order_acquire) >> number % 64;
        if (bits)
            return number + (size_t)__builtin_ctzll(bits);
        number = (number / 64 + 1) * 64;
    }
    return end;
}

/* The first leaf of the node from *number on; *number becomes its own. */
static struct heap_leaf *next_in_node(const struct heap_node *node, size_t *number) {
    for (size_t i = *number; node && (i = next_made(node->made, i, HEAP_NODE_LEAVES)) < HEAP_NODE_LEAVES; i++) {
        struct heap_leaf *leaf = atomic_load_explicit(&node->leaf[i], memory_order_acquire);
        if (leaf) {
            *number = i;
            return leaf;
        }
    }
    return NULL;
}

struct heap_leaf *heap_next_leaf(const struct heap_index *index, uintptr_t *base) {
    size_t leaf_number = (*base >> HEAP_LEAF_SHIFT) & (HEAP_NODE_LEAVES - 1), first = *base >> HEAP_NODE_SHIFT;
    for (size_t i = first; (i = next_made(index->made, i, HEAP_INDEX_NODES)) < HEAP_INDEX_NODES; i++) {
        if (i != first)
            leaf_number = 0;
        struct heap_leaf *leaf =
            next_in_node(atomic_load_explicit(&index->node[i], memory_order_acquire), &leaf_number);
        if (leaf) {
            *base = (uintptr_t)i << HEAP_NODE_SHIFT | (uintptr_t)leaf_number << HEAP_LEAF_SHIFT;
            return leaf;
        }
    }
    return NULL;
}

static int each_listed(const struct heap_odd *list, size_t count, heap_visit_cb *visit, void *context) {
    for (size_t i = 0; i < count; i++) {
        int stop = visit(context, list[i].address, list[i].id);
        if (stop)
            return stop;
    }
    return 0;
}

static int each_in_piece(const struct heap_piece *piece, heap_visit_cb *visit, void *context) {
    for (size_t i = 0; i < sizeof piece->blocks / sizeof *piece->blocks; i++)
        for (uint64_t left = piece->blocks[i]; left; left &= left - 1) {
            size_t first = (i * 64 + (size_t)__builtin_ctzll(left)) << HEAP_BLOCK_SHIFT;
            int stop = each_in_block(piece->leaf, piece->base, first, first + BLOCK_SLOTS, visit, context);
            if (stop)
                return stop;
        }
    return 0;
}

static int each_in_index(const struct heap *heap, heap_visit_cb *visit, void *context) {
    uintptr_t base = 0;
    int stop = 0;
    for (struct heap_leaf *leaf; !stop && (leaf = heap_next_leaf(heap->index, &base)); base += HEAP_LEAF_BYTES)
        stop = heap_each_in_leaf(leaf, base, 0, HEAP_LEAF_SLOTS, visit, context);
    return stop;
}

int heap_each(const struct heap *heap, heap_visit_cb *visit, void *context) {
    int stop = 0;
    if (heap->subset)
        return each_listed(heap->subset, heap->subset_count, visit, context);
    if (!heap->piece)
        stop = each_in_index(heap, visit, context);
    for (size_t i = 0; i < heap->piece_count && !stop; i++)
        stop = each_in_piece(&heap->piece[i], visit, context);
    return stop ? stop : each_listed(heap->odd, heap->odd_count, visit, context);
}

struct ahead {
    const struct heap *heap;
    heap_visit_cb *visit;
    void *context;
    struct heap_odd waiting[AHEAD_MAX]; /* id 0: none */
    size_t met;
};

static int visit_later(void *context, uintptr_t address, object_id id) {
    struct ahead *ahead = context;
    struct heap_odd *place = &ahead->waiting[ahead->met++ % AHEAD_MAX], due = *place;
    *place = (struct heap_odd){address, id};
    __builtin_prefetch((const void *)address);
    __builtin_prefetch(heap_object(ahead->heap, id));
    return due.id ? ahead->visit(ahead->context, due.address, due.id) : 0;
}

int heap_each_ahead(const struct heap *heap, heap_visit_cb *visit, void *context) {
    struct ahead ahead = {.heap = heap, .visit = visit, .context = context};
    int stop = heap_each(heap, visit_later, &ahead);
    for (int i = 0; i < AHEAD_MAX && !stop; i++) {
        const struct heap_odd *due = &ahead.waiting[ahead.met++ % AHEAD_MAX];
        stop = due->id ? visit(context, due->address, due->id) : 0;
    }
    return stop;
}

size_t heap_merge(const struct heap_odd *a, size_t a_count, const struct heap_odd *b, size_t b_count,
                  struct heap_odd *out) {
    size_t i = 0, j = 0, count = 0;
    while (i < a_count || j < b_count) {
        int both = i < a_count && j < b_count && a[i].address == b[j].address;
        int first = j == b_count || (i < a_count && a[i].address <= b[j].address);
        out[count++] = first ? a[i] : b[j];
        i += (size_t)first;
        j += (size_t)(!first || both);
    }
    return count;
}

/* ---- freezing ---- */

struct freeze {
    struct heap *heap;
    struct arena *arena;
    size_t large_capacity, ignored_capacity;
};

static int freeze_large(struct freeze *freeze, uintptr_t address, object_id id, uint64_t size_bytes) {
    struct heap *heap = freeze->heap;
    struct heap_large *large =
        arena_grow(freeze->arena, heap->large, heap->large_count, &freeze->large_capacity, sizeof *large);
    if (!large)
        return -ENOMEM;
    heap->large = large;
    large[heap->large_count++] = (struct heap_large){address, address + size_bytes, id};
    return 0;
}

static int freeze_ignored(struct freeze *freeze, uintptr_t address, object_id id) {
    struct heap *heap = freeze->heap;
    struct heap_odd *ignored =
        arena_grow(freeze->arena, heap->ignored, heap->ignored_count, &freeze->ignored_capacity, sizeof *ignored);
    if (!ignored)
        return -ENOMEM;
    heap->ignored = ignored;
    ignored[heap->ignored_count++] = (struct heap_odd){address, id};
    return 0;
}

static int freeze_object(void *context, uintptr_t address, object_id id) {
    struct freeze *freeze = context;
    struct heap *heap = freeze->heap;
    const struct object *object = heap_object(heap, id);
    uint64_t size_bytes = object->size_bytes;
    uintptr_t end = heap_end(heap, address, size_bytes);
    if (address < heap->lo)
        heap->lo = address;
    if (end > heap->hi)
        heap->hi = end;
    heap->object_count++;
    heap->object_bytes += size_bytes;
    int error = size_bytes >= HEAP_LARGE_BYTES ? freeze_large(freeze, address, id, size_bytes) : 0;
    if (!error && object->flags & OBJECT_IGNORED)
        error = freeze_ignored(freeze, address, id);
    return error;
}

static int compare_odd(const void *a, const void *b) {
    const struct heap_odd *x = a, *y = b;
    return (x->address > y->address) - (x->address < y->address);
}

void heap_sort_odd(struct heap_odd *list, size_t count) {
    sort_array(list, count, sizeof *list, compare_odd);
}

static int compare_large(const void *a, const void *b) {
    const struct heap_large *x = a, *y = b;
    return (x->lo > y->lo) - (x->lo < y->lo);
}

void heap_sort_large(struct heap_large *large, size_t count) {
    sort_array(large, count, sizeof *large, compare_large);
}

/* Does no object begin in the block? */
static int block_is_empty(const struct heap_leaf *leaf, size_t block) {
    return !atomic_load_explicit(&leaf->born[block], memory_order_relaxed) || !heap_block_begun(leaf, block);
}

static int has_blocks(struct heap_piece *piece) {
    uint64_t any = 0;
    for (size_t block = 0; block < HEAP_LEAF_BLOCKS; block++)
        piece->blocks[block / 64] |= (uint64_t)!block_is_empty(piece->leaf, block) << block % 64;
    for (size_t i = 0; i < sizeof piece->blocks / sizeof *piece->blocks; i++)
        any |= piece->blocks[i];
    return any != 0;
}

/* So that the index, most of which may be empty, is read once. */
static int find_pieces(struct heap *heap, struct arena *arena) {
    size_t capacity = 0, count = 0;
    uintptr_t base = 0;
    heap->piece = NULL;
    for (const struct heap_leaf *leaf; (leaf = heap_next_leaf(heap->index, &base)); base += HEAP_LEAF_BYTES) {
        heap->piece = arena_grow(arena, heap->piece, count, &capacity, sizeof *heap->piece);
        if (!heap->piece)
            return -ENOMEM;
        heap->piece[count] = (struct heap_piece){.base = base, .leaf = leaf};
        count += (size_t)has_blocks(&heap->piece[count]);
    }
    heap->piece_count = count;
    return 0;
}

int heap_freeze(struct heap *heap, struct arena *arena) {
    struct freeze freeze = {.heap = heap, .arena = arena};
    heap->lo = UINTPTR_MAX;
    heap->hi = 0;
    heap->large = NULL;
    heap->ignored = NULL;
    heap->large_count = heap->ignored_count = heap->object_count = 0;
    heap->object_bytes = 0;
    heap->subset = NULL;
    heap->subset_count = 0;
    heap_sort_odd(heap->odd, heap->odd_count);
    int error = find_pieces(heap, arena);
    if (!error)
        error = heap_each(heap, freeze_object, &freeze);
    if (error)
        return error;
    if (heap->hi == 0)
        heap->lo = 0;
    heap_sort_large(heap->large, heap->large_count); /* `odd` ones came last */
    return places_find(heap, arena);
}

/* ---- finding ---- */

enum { SLOTS_AT_ONCE = 8 };
/* Does no object begin in the slots from this one on? The heap is frozen: they may be read together. */
static inline int are_empty(const struct heap_leaf *leaf, size_t number) {
    uint64_t words[SLOTS_AT_ONCE / 2];
    memcpy(words, (const void *)&leaf->slot[number], sizeof words);
    return !(words[0] | words[1] | words[2] | words[3]);
}

/* The last object that begins at or before `address` among the granules [granule - count + 1, granule]. */
static object_id walk_back(const struct heap *heap, uintptr_t address, uintptr_t granule, size_t count,
                           uintptr_t *start) {
    while (count > 0) {
        const struct heap_leaf *leaf = heap_leaf_at(heap->index, granule << HEAP_GRANULE_SHIFT);
        size_t here = (granule & (HEAP_LEAF_SLOTS - 1)) + 1; /* slots of this leaf up to ours */
        size_t first = here > count ? here - count : 0;
        for (size_t end = here; leaf && end > first;) {
            if (end - first >= SLOTS_AT_ONCE && are_empty(leaf, end - SLOTS_AT_ONCE)) {
                end -= SLOTS_AT_ONCE;
                continue;
            }
            uint32_t slot = load_slot(leaf, --end);
            *start = slot_start(granule - (here - 1 - end), slot);
            if (slot & HEAP_SLOT_ID && *start <= address)
                return slot & HEAP_SLOT_ID;
        }
        here -= first;
        granule -= here;
        count -= here;
    }
    return 0;
}

/* How many large objects begin at or before `address`: the last of them is the only one that can contain it. */
static size_t large_before(const struct heap *heap, uintptr_t address) {
    size_t lo = 0, hi = heap->large_count;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (heap->large[middle].lo <= address)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

static object_id find_large(const struct heap *heap, uintptr_t address, uintptr_t *start) {
    size_t before = large_before(heap, address);
    if (before == 0 || address >= heap->large[before - 1].hi)
        return 0;
    *start = heap->large[before - 1].lo;
    return heap->large[before - 1].id;
}

static object_id find_odd(const struct heap *heap, uintptr_t address, uintptr_t *start) {
    size_t lo = 0, hi = heap->odd_count;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (heap->odd[middle].address <= address)
            lo = middle + 1;
        else
            hi = middle;
    }
    if (lo == 0 || !heap_contains(heap, heap->odd[lo - 1].address, heap->odd[lo - 1].id, address))
        return 0;
    *start = heap->odd[lo - 1].address;
    return heap->odd[lo - 1].id;
}

/* Objects never overlap: when the nearest one that begins before the address does not contain it, no other that has a
 * slot does, however large. Only then may `odd` ones, which have none, lie between. */
object_id heap_find(const struct heap *heap, uintptr_t address, uintptr_t *start) {
    if (address < heap->lo || address >= heap->hi)
        return 0;
    uintptr_t granule = address >> HEAP_GRANULE_SHIFT;
    object_id id = heap_starting_at(heap, address);
    if (id) { /* as most pointers do */
        *start = address;
        return id;
    }
    id = walk_back(heap, address, granule, WALK_NEAR, start);
    if (!id) {
        id = find_large(heap, address, start);
        if (id)
            return id;
        id = walk_back(heap, address, granule - WALK_NEAR, WALK_FAR + 1 - WALK_NEAR, start);
    }
    if (id && heap_contains(heap, *start, id, address))
        return id;
    return heap->odd_count ? find_odd(heap, address, start) : 0;
}

object_id heap_find_far(const struct heap *heap, uintptr_t address, uintptr_t *start, struct range *none) {
    size_t before = large_before(heap, address);
    const struct heap_large *large = before ? &heap->large[before - 1] : NULL;
    if (large && address <= large->hi) {
        *start = large->lo;
        return large->id;
    }
    if (heap->odd_count) {
        object_id id = find_odd(heap, address, start);
        return id ? id : find_odd(heap, address - 1, start);
    }
    *none = (struct range){large ? large->hi + 1 : 0, UINTPTR_MAX};
    if (heap->large && before < heap->large_count)
        none->hi = heap->large[before].lo;
    return 0;
}

object_id heap_at(const struct heap *heap, uintptr_t address) {
    uintptr_t start;
    object_id id = heap_starting_at(heap, address);
    if (id)
        return id;
    id = heap->odd_count ? find_odd(heap, address, &start) : 0;
    return id && start == address ? id : 0;
}

object_id heap_empty_array(const struct heap *heap, uintptr_t address, uintptr_t *start) {
    *start = address - sizeof(uintptr_t);
    object_id id = *start % sizeof(uintptr_t) == 0 ? heap_at(heap, *start) : 0;
    if (!id || heap_object(heap, id)->size_bytes != sizeof(uintptr_t))
        return 0;
    return heap_readable(heap, *start, address).lo == *start && heap_load(*start) == 0 ? id : 0;
}

int heap_is_ended(const struct heap *heap, object_id id, uintptr_t start, uintptr_t address) {
    enum { PAGE_BYTES = 4096, MAPPED_BYTES_MIN = PAGE_BYTES - 2 * sizeof(uintptr_t) };
    uint64_t size_bytes = heap_object(heap, id)->size_bytes;
    int may_be_mapped = address % PAGE_BYTES == 0 && size_bytes >= MAPPED_BYTES_MIN;
    if (!heap->ends_hold || may_be_mapped || start + size_bytes != address)
        return 0;
    return !heap->entry || !(heap->entry[id] & HEAP_ENTRY_ALL);
}

object_id heap_ended(const struct heap *heap, uintptr_t address, uintptr_t *start) {
    object_id id = heap->ends_hold ? heap_find(heap, address - 1, start) : 0;
    return id && heap_is_ended(heap, id, *start, address) ? id : 0;
}
