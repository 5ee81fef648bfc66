/* grown.h - the sites that grow, and what holds them. */
#ifndef CASTAWAY_PRELOAD_GROWN_H
#define CASTAWAY_PRELOAD_GROWN_H

#include "analysis/cast.h"

/* Arrays of `count` entries. */
struct grown {
    struct growth *growth;
    struct path *path;
    struct cast_root *root;
    size_t count;
};

struct scan_input;
struct search;

/* After a full scan, look for them; after another one, take over what the last full scan found (in->grown).
 * Fills search->grown. returns 0 or -ENOMEM. context: child */
int grown_find(const struct scan_input *in, struct search *search);

/* A copy in `keep`, cut where it does not fit. */
struct grown grown_keep(const struct grown *grown, struct arena *keep);

#endif
