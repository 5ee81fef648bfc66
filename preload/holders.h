/* holders.h - what each variable, stack, mapping and lost group keeps alive alone (analysis/dominators.h). On request. */
#ifndef CASTAWAY_PRELOAD_HOLDERS_H
#define CASTAWAY_PRELOAD_HOLDERS_H

#include "analysis/cast.h"
#include "scan.h"

enum { HOLDERS_ROOTS_MAX = 100 };

struct holders {
    const struct cast_retained
        *retained; /* roots by bytes downwards, then findings in their order, then what several hold */
    size_t count;
};

/* After a full scan's search_judge(). Not asked for, or a scan of the young ones: none.
 * returns  0 or -ENOMEM
 * context  child */
int holders_find(const struct scan_input *in, struct search *search, struct holders *out);

#endif
