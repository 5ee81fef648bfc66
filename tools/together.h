/* together.h - the recordings that small processes have added to one file (analysis/together.h). */
#ifndef CASTAWAY_TOOLS_TOGETHER_H
#define CASTAWAY_TOOLS_TOGETHER_H

#include "pool.h"

#include <stddef.h>

struct piece {
    const char *text; /* a whole recording */
    size_t bytes;
};

/* Those in `folder`, which was closed (folder.h), in the order in which they were added; one that was cut short is none.
 * returns  an array in `pool`, `*count` long */
const struct piece *together_read(struct pool *pool, const char *folder, size_t *count);

/* Give each a file of its own in `folder`, by process, as if it had never been in one with others; a message says what
 * could not be written. */
void together_part(struct pool *pool, const char *folder);

#endif
