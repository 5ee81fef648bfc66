/* forked.h - a forked child that ends is asked only for what was born in it.
 *
 * Most such children live for a moment and end with all that their parent had. That need not be searched: an object of the
 * parent's can only point at one that is younger if the child wrote to it, so to a page of its own. */
#ifndef CASTAWAY_PRELOAD_FORKED_H
#define CASTAWAY_PRELOAD_FORKED_H

#include "maps.h"
#include "scan.h"

/* Let the search at the end look only at what was born since the fork, if nothing was asked for that needs more: sets
 * in->since_fork and in->young. Call after live_describe(). context: any */
void forked_aim(struct scan_input *in);

/* The pages that this process alone has: sorted, disjoint ranges. Some may be missing (what a child of its own has, too;
 * what was made read-only since; memory that is shared on purpose, which is large, and seldom the only one to hold an
 * object), so what seems lost by this is to be looked for everywhere.
 *
 * returns  0 or -ENOMEM; -ENODATA: the kernel does not tell
 * context  child that has the program's memory, not a copy: of a copy, no page is its alone
 * cost     8 ms for each GiB that is there */
int forked_written(const struct maps *maps, struct arena *arena, struct range **out, size_t *count);

#endif
