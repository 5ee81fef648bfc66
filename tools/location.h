/* location.h - the one line of source that a finding is pinned to, where a format wants one. */
#ifndef CASTAWAY_TOOLS_LOCATION_H
#define CASTAWAY_TOOLS_LOCATION_H

#include "report.h"

struct location {
    const struct stack_frame *frame; /* NULL: the stack has no frame that is known */
    const char *path;                /* relative to the source root when it lies in there; NULL: no file known */
    int line;                        /* 0: unknown */
    bool in_sources;                 /* it lies below the source root */
};

/* The folder that source files are named from: $GITHUB_WORKSPACE, else the current one. */
const char *location_root(struct pool *);

/* The innermost frame whose source lies below `root`; if none does, the innermost with any source, or any name. */
struct location location_of_stack(struct pool *, const struct stack *, const char *root);
struct location location_of_frame(struct pool *, const struct stack_frame *, const char *root);

#endif
