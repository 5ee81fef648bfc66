/* hash.h - uthash, which without memory ends us as all else here does. */
#ifndef CASTAWAY_TOOLS_HASH_H
#define CASTAWAY_TOOLS_HASH_H

#include "pool.h"

#define uthash_fatal(text) pool_exhausted()
#include <uthash.h>

#endif
