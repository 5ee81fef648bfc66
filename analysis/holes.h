/* holes.h - where in heap.unreadable to begin: a table by page.
 *
 * In a program whose objects have words that own nothing (counts.h) there are millions of ranges, and every search of an
 * object asks for those in it: a search of the whole list would be some twenty steps, each a cache miss. */
#ifndef CASTAWAY_ANALYSIS_HOLES_H
#define CASTAWAY_ANALYSIS_HOLES_H

#include "heap.h"

enum {
    HOLES_PAGE_SHIFT = 12,
    HOLES_PAGES = 1 << (HEAP_LEAF_SHIFT - HOLES_PAGE_SHIFT), /* in a leaf */
};

/* For the start of each page, and of the one behind the last, the first range that ends beyond it. */
struct holes_leaf {
    uint32_t first[HOLES_PAGES + 1];
};
struct holes_node {
    struct holes_leaf *leaf[HEAP_NODE_LEAVES]; /* NULL where no range begins or ends */
};
struct holes {
    struct holes_node *node[HEAP_INDEX_NODES];
};

/* Make the table for a sorted list, if that is long enough to need one; else *holes is NULL.
 * returns  0, or -ENOMEM */
int holes_index(const struct range *list, size_t count, struct arena *arena, const struct holes **holes);

/* Flag the small objects of which heap.unreadable has a part: of others nobody asks (heap_readable_in). Call before the heap
 * is frozen, as soon as there is that list. */
void holes_flag(struct heap *heap);

#endif
