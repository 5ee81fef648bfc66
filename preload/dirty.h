/* dirty.h - which pages of the program's memory were written since an earlier scan. */
#ifndef CASTAWAY_PRELOAD_DIRTY_H
#define CASTAWAY_PRELOAD_DIRTY_H

#include "analysis/arena.h"
#include "analysis/heap.h"

/* The ways to know, best first; one line here is one way: enumerator, name in options and reports. */
#define DIRTY_METHODS(X)                                                                                               \
    X(PAGEMAP_SCAN, "pagemap-scan")                                                                                    \
    X(SOFT_DIRTY, "soft-dirty")                                                                                        \
    X(EXCLUSIVE, "exclusive")                                                                                          \
    X(READ_ALL, "read-all")

enum dirty_method {
#define X(name, word) DIRTY_##name,
    DIRTY_METHODS(X)
#undef X
        DIRTY_METHOD_COUNT
};

/* Find out what this kernel allows; `wanted` is a method's name, or "auto" or "" for the best.
 * returns  0, or -EINVAL: no such name. context: cold, once */
int dirty_choose(const char *wanted);
const char *dirty_method_name(void);
const char *dirty_missing(void); /* the name of the one that was asked for and can't be had; NULL: all is as asked */
/* The method needs the last snapshot child to stay, so that its pages and the program's can be told apart. */
int dirty_needs_snapshot(void);

/* Begin to watch mappings that are new. context: before threads are stopped */
void dirty_watch_new(void);

/* Note what was written since the last call, and begin anew. context: threads stopped */
void dirty_take(void);

/* The scan of `generation` that followed the last dirty_take() succeeded: its pages need not be looked at again by scans
 * of that generation or a younger one. */
void dirty_forget(unsigned generation);

/* What stands on pages that may have been written since the last scan of `generation` (0 or 1) or an older one: sorted,
 * page-aligned, disjoint. Memory that is not watched is all in it.
 * returns  0, or -ENOMEM. context: child */
int dirty_written(unsigned generation, struct arena *arena, struct range **out, size_t *count);

/* In a forked child nothing is watched yet. */
void dirty_after_fork(void);

#endif
