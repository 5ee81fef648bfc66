/* folder.h - the private folder that the watched processes leave their recordings in. */
#ifndef CASTAWAY_TOOLS_FOLDER_H
#define CASTAWAY_TOOLS_FOLDER_H

#include "pool.h"

/* A new folder of mode 0700 below $TMPDIR or /tmp; NULL after a message. */
const char *folder_create(struct pool *);

/* The recordings in it by name: paths, `*count` of them. */
const char **folder_recordings(struct pool *, const char *folder, size_t *count);

void folder_remove(const char *folder); /* with everything in it */

#endif
