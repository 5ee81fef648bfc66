/* dangling.h - weak slots that still point at an object that was freed. */
#ifndef CASTAWAY_PRELOAD_DANGLING_H
#define CASTAWAY_PRELOAD_DANGLING_H

#include "analysis/cast.h"
#include "scan.h"

struct dangling {
    struct cast_dangling *list; /* those alike together, in the order of their sites */
    size_t count;
};

/* Of the slots that the program can reach: where it stands in a lost object, that is the finding.
 * returns  0, or -ENOMEM. context: child, after search_run() */
int dangling_find(const struct search *search, struct arena *arena, struct dangling *out);

#endif
