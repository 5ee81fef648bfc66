/* library.h - where libcastaway.so is, and the environment that loads it. */
#ifndef CASTAWAY_TOOLS_LIBRARY_H
#define CASTAWAY_TOOLS_LIBRARY_H

#include "pool.h"

/* Path of the library; NULL after a message. */
const char *library_find(struct pool *);

/* Our environment with LD_PRELOAD and CASTAWAY_OPTIONS changed so that the program and its children load `library` and
 * record into `folder`. `options` are further ones for the library, `:key=value` each. NULL after a message. */
char **library_environment(struct pool *, const char *library, const char *folder, const char *options);

#endif
