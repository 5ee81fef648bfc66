/* watchable.h - will the loader take us into a program? */
#ifndef CASTAWAY_PRELOAD_WATCHABLE_H
#define CASTAWAY_PRELOAD_WATCHABLE_H

#include "analysis/unwatched.h"

/* What keeps us out of the program at `path` (as for openat), or of the interpreter that a script names.
 * returns  WATCHED also when that can't be told: no such file, or one that may not be read
 * context  any */
enum unwatched watchable_judge(int folder, const char *path);

#endif
