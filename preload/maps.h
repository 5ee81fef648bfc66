/* maps.h - the memory of the process as the kernel lists it. */
#ifndef CASTAWAY_PRELOAD_MAPS_H
#define CASTAWAY_PRELOAD_MAPS_H

#include "analysis/arena.h"
#include "analysis/heap.h"

struct mapping {
    uintptr_t lo, hi;
    uint8_t readable, writable, executable, shared;
    uint8_t is_file;  /* backed by a file (or shared memory object) */
    const char *path; /* as listed, "" when anonymous */
};
struct maps {
    struct mapping *mapping; /* ascending, not overlapping */
    size_t count;
};

/* Read /proc/self/maps. returns 0 or a negative errno. context: child (raw system calls only) */
int maps_read(struct maps *out, struct arena *arena);

/* The mapping that contains `address`, or NULL. */
const struct mapping *maps_find(const struct maps *maps, uintptr_t address);

/* What is open while pages are asked for (once: to open it takes longer than most answers); or a negative errno, which the
 * others take. context: child */
long maps_pages_open(void);
void maps_pages_close(long pages);

/* Walk what of [lo, hi) can hold something the program wrote: pages that are present (or swapped out) and not an unmodified
 * page of a file, and of the first and last one the part that is asked for. Calls visit for each run. Without
 * /proc/self/pagemap the whole range is one run.
 * context  child. `mapping` says whether the range is shared: then present pages are asked for by mincore */
typedef void maps_run_cb(void *context, uintptr_t lo, uintptr_t hi);
void maps_each_written(long pages, const struct mapping *mapping, uintptr_t lo, uintptr_t hi, maps_run_cb *visit,
                       void *context);

#endif
