/* path.h - the shortest way from a root to an object: why it is still alive. */
#ifndef CASTAWAY_ANALYSIS_PATH_H
#define CASTAWAY_ANALYSIS_PATH_H

#include "mark.h"

/* One object on the way. It is pointed at from the step before (or the root) and points at the next. */
struct path_step {
    uint32_t site;
    uint64_t size_bytes;
    uint64_t offset; /* where in it the pointer to the next stands; of the last step: where in it the way arrives */
    uint64_t count;  /* equal steps in a row (same site, size and offset: a list's nodes), folded into one */
};
struct path {
    size_t root;         /* which of the roots; their number: an object flagged OBJECT_IGNORED, the first step */
    uintptr_t root_word; /* address of the word in it (of that object) */
    const struct path_step *steps; /* the object itself comes last */
    size_t step_count;
};

/* Breadth-first from the roots and from ignored objects; pointers to starts and interior ones all count as edges (of roots
 * with ROOT_STARTS_ONLY the former). Of ways that are equally short, the first in the order of roots and offsets.
 *
 * heap     frozen
 * target   an address in the object
 * returns  0 with `out` filled; -ENOENT: no root reaches it, or there is no such object; -ENOMEM
 * cost     O(live objects + bytes scanned), 8 bytes an object and 16 bytes one that waits for its turn */
int path_find(const struct heap *heap, const struct root *roots, size_t root_count, uintptr_t target,
              struct arena *arena, struct path *out);

/* The same for several targets in one search; out[i].step_count is 0 where there is no way. */
int path_find_all(const struct heap *heap, const struct root *roots, size_t root_count, const uintptr_t *targets,
                  size_t target_count, struct arena *arena, struct path *out);

#endif
