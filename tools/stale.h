/* stale.h - a process that was another user for a while may leave its recording in two folders: the later one holds. */
#ifndef CASTAWAY_TOOLS_STALE_H
#define CASTAWAY_TOOLS_STALE_H

#include "pool.h"

#include <stddef.h>

/* Take those out of `paths`, as folder_recordings() gives them, that are older than another one of the same process.
 * returns  how many are left, in their order */
size_t stale_drop(struct pool *, const char **paths, size_t count);

/* When the program began that left the recording: Unix seconds, or 0 when that is not known. */
double stale_start(const char *path);

#endif
