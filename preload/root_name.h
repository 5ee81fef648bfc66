/* root_name.h - which variable, thread or mapping a root is, for a person. */
#ifndef CASTAWAY_PRELOAD_ROOT_NAME_H
#define CASTAWAY_PRELOAD_ROOT_NAME_H

#include "analysis/cast.h"
#include "scan.h"

/* Name the root that `path` begins at; a path without steps has none.
 * returns  0 or -ENOMEM. context: child */
int root_name(struct cast_root *out, const struct scan_input *in, struct search *search, const struct path *path);

#endif
