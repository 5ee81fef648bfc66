/* shares.h - whose bytes are a finding's? What profiles and flame graphs are made of. */
#ifndef CASTAWAY_TOOLS_SHARES_H
#define CASTAWAY_TOOLS_SHARES_H

#include "report.h"

struct share {
    const struct stack *stack;
    uint64_t objects, bytes;
};

/* The stacks that made a finding's objects, with what each made. Of a cycle each listed object counts at its own stack;
 * what its groups hold besides, and objects beyond the list, at the finding's. The shares add up to the finding. */
struct share *shares_of(struct pool *, const struct report_finding *, size_t *count);

/* Is the kind one of memory that nothing reaches? */
bool shares_is_lost(enum kind);
/* Is every object of the kind counted once, in this kind alone? */
bool shares_is_live(enum kind);

#endif
