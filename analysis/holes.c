/* holes.c - what of a stretch of memory may be read: look into the list of what may not.
 *
 * Owns:    struct holes.      Never: changes the list.
 * Runs in: snapshot child, unit tests, tools.
 * Start:   heap_readable(). */
#include "holes.h"

#include "arena.h"

#include <errno.h>

enum { INDEXED_MIN = 64 /* ranges; fewer are found as fast without a table */ };

/* ---- the table ---- */

static struct holes_leaf *leaf_at(const struct holes *holes, uintptr_t address) {
    const struct holes_node *node = address >> HEAP_ADDRESS_BITS ? NULL : holes->node[address >> HEAP_NODE_SHIFT];
    return node ? node->leaf[(address >> HEAP_LEAF_SHIFT) & (HEAP_NODE_LEAVES - 1)] : NULL;
}

struct making {
    const struct range *list;
    size_t count;
    struct arena *arena;
    struct holes *holes;
};

/* range: the first that reaches into the leaf */
static void fill_leaf(struct holes_leaf *leaf, const struct making *making, size_t range, uintptr_t base) {
    for (size_t page = 0; page <= HOLES_PAGES; page++) {
        uintptr_t start = base + (page << HOLES_PAGE_SHIFT);
        while (range < making->count && making->list[range].hi <= start)
            range++;
        leaf->first[page] = (uint32_t)range;
    }
}

/* The leaf of an address in a range; they come in their order, so that the first that asks is the first in the leaf. */
static int make_leaf(const struct making *making, size_t range, uintptr_t address) {
    if (address >> HEAP_ADDRESS_BITS || leaf_at(making->holes, address))
        return 0;
    struct holes_node **node = &making->holes->node[address >> HEAP_NODE_SHIFT];
    if (!*node && !(*node = arena_alloc(making->arena, 1, sizeof **node)))
        return -ENOMEM;
    struct holes_leaf *leaf = arena_alloc(making->arena, 1, sizeof *leaf);
    if (!leaf)
        return -ENOMEM;
    (*node)->leaf[(address >> HEAP_LEAF_SHIFT) & (HEAP_NODE_LEAVES - 1)] = leaf;
    fill_leaf(leaf, making, range, address & ~(uintptr_t)(HEAP_LEAF_BYTES - 1));
    return 0;
}

int holes_index(const struct range *list, size_t count, struct arena *arena, const struct holes **holes) {
    struct making making = {.list = list, .count = count, .arena = arena};
    *holes = NULL;
    if (count < INDEXED_MIN || count > UINT32_MAX)
        return 0;
    making.holes = arena_alloc(arena, 1, sizeof *making.holes);
    if (!making.holes)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++)
        if (make_leaf(&making, i, list[i].lo) || make_leaf(&making, i, list[i].hi - 1))
            return -ENOMEM;
    *holes = making.holes;
    return 0;
}

/* ---- looking ---- */

/* The first range that ends after `address`. */
static size_t first_behind(const struct heap *heap, uintptr_t address) {
    const struct holes_leaf *leaf = heap->holes ? leaf_at(heap->holes, address) : NULL;
    size_t page = (address >> HOLES_PAGE_SHIFT) & (HOLES_PAGES - 1);
    size_t first = leaf ? leaf->first[page] : 0, last = leaf ? leaf->first[page + 1] : heap->unreadable_count;
    return first + range_first_behind(heap->unreadable + first, last - first, address);
}

struct range heap_readable(const struct heap *heap, uintptr_t lo, uintptr_t hi) {
    const uintptr_t mask = sizeof(uintptr_t) - 1;
    for (size_t i = first_behind(heap, lo); i < heap->unreadable_count && heap->unreadable[i].lo < hi; i++) {
        uintptr_t stop = heap->unreadable[i].lo & ~mask; /* a word that is half unreadable is unreadable */
        if (lo < stop)
            return (struct range){lo, stop};
        uintptr_t next = (heap->unreadable[i].hi + mask) & ~mask;
        if (lo < next)
            lo = next;
    }
    return lo < hi ? (struct range){lo, hi} : (struct range){hi, hi};
}
