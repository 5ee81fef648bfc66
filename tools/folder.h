/* folder.h - the private folder that the watched processes leave their recordings in. */
#ifndef CASTAWAY_TOOLS_FOLDER_H
#define CASTAWAY_TOOLS_FOLDER_H

#include "pool.h"

/* A new folder of mode 0700 below $TMPDIR or /tmp; NULL after a message. */
const char *folder_create(struct pool *);

/* The recordings in it by name: paths, `*count` of them. */
const char **folder_recordings(struct pool *, const char *folder, size_t *count);

/* The lists of what could not be watched (analysis/unwatched.h): paths, `*count` of them. */
const char **folder_lists(struct pool *, const char *folder, size_t *count);

/* Take it from the processes that still write into it: what they leave from now on goes elsewhere (left.h), and nothing
 * comes in while it is read and removed. returns  its name from then on */
const char *folder_close(struct pool *, const char *folder);

void folder_remove(const char *folder); /* with everything in it */

#endif
