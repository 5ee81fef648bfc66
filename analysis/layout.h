/* layout.h - counts in memory that the user describes: which objects have them, where they stand, which of their words own
 * nothing. The words are those of pair.h. */
#ifndef CASTAWAY_ANALYSIS_LAYOUT_H
#define CASTAWAY_ANALYSIS_LAYOUT_H

#include "counts.h"
#include "pair.h"

struct layout {
    const char *name; /* as the rule has it */
    struct pair_counted what;
    const uint8_t *made_here; /* PAIR_MADE_BY, by site: 1 where the function made the object; NULL: there is none */
    /* what came of it: objects. The first layout that is about an object is believed */
    uint64_t matched;
    uint64_t too_small, unaligned, unreadable; /* whose count can't be where the rule says */
    uint64_t no_count;                         /* where no number from 1 to 2^28 stands */
};

/* Read the counts of all objects that the layouts are about. counts: has the types that are known already.
 * heap: as for python_read()
 *
 * returns  0 or -ENOMEM. cost: nothing without a layout */
int layout_read(struct layout *layouts, size_t layout_count, const struct heap *heap, struct counts *counts);

#endif
