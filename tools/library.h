/* library.h - where libcastaway.so is, and the environment that loads it. */
#ifndef CASTAWAY_TOOLS_LIBRARY_H
#define CASTAWAY_TOOLS_LIBRARY_H

#include <stdbool.h>

#include "pool.h"

/* Path of the library; NULL after a message. */
const char *library_find(struct pool *);

/* Our environment with LD_PRELOAD and CASTAWAY_OPTIONS changed so that the program and its children load `library` and
 * record into `folder`. `options` are further ones for the library, `:key=value` each. Unless `keep_pools`, allocators with
 * pools are told to do without, where the user has not said otherwise (analysis/pools.h). NULL after a message. */
char **library_environment(struct pool *, const char *library, const char *folder, const char *options,
                           bool keep_pools);

#endif
