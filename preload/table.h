/* table.h - uthash on castaway's own memory: never the program's allocator, never the exit of uthash.
 *
 * Freed bucket arrays are not reused; their sum is bounded by the largest. An insertion that found no memory leaves the
 * element out (`table_out_of_memory` set by the caller's element staying unlinked: test hh.tbl). */
#ifndef CASTAWAY_PRELOAD_TABLE_H
#define CASTAWAY_PRELOAD_TABLE_H

#include "pages.h"

#define HASH_NONFATAL_OOM 1
#define uthash_malloc(size) pages_alloc(size)
#define uthash_free(pointer, size) ((void)(pointer))
#define uthash_nonfatal_oom(element) ((void)(element))
#include <uthash.h>

#endif
