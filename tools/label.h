/* label.h - short names for the objects of a cycle, as long as their types are not known. */
#ifndef CASTAWAY_TOOLS_LABEL_H
#define CASTAWAY_TOOLS_LABEL_H

#include "report.h"

/* A name for what `stack` made: "object" when it tells nothing. Not escaped. */
const char *label_stack(struct pool *, const struct stack *stack);

/* One label for each listed entry: its type, or from the function that made the object (session_new: session), distinct within the
 * cycle (node, node#2). Not escaped. */
const char **label_cycle(struct pool *, const struct report_finding *);

/* Is the function one that only hands memory on, between who wanted it and the allocator (xmalloc, std::)? */
bool label_is_plumbing(struct pool *, const char *function);

#endif
