/* together.h - the recordings that small processes have added to one file (analysis/together.h). */
#ifndef CASTAWAY_TOOLS_TOGETHER_H
#define CASTAWAY_TOOLS_TOGETHER_H

#include "pool.h"

#include <stddef.h>
#include <sys/types.h>

struct piece {
    const char *text; /* a whole recording */
    size_t bytes;
};

/* Those in `folder`, which was closed (folder.h), in the order in which they were added; one that was cut short is none, nor
 * is one that was left before an exec which failed. The file is gone then.
 * returns  an array in `pool`, `*count` long */
struct piece *together_read(struct pool *pool, const char *folder, size_t *count);

/* Give each of them a file of its own in `folder`, by process, as if it had never been in one with others; or only those of
 * `process`, a child of ours, and the others stay. A message says what could not be written.
 * process  0: all
 * returns  how many stay, in their order */
size_t together_part(struct pool *pool, const char *folder, struct piece *pieces, size_t count, pid_t process);

#endif
