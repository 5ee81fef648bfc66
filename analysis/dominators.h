/* dominators.h - how much memory one holder keeps alive alone: what would go if it let go.
 *
 * A is dominated by B when every way from the outside to A leads through B. What B dominates, itself too, is what it
 * retains. The outside is a node of its own; below it stand the groups (a variable, a stack, a finding), through which
 * all ways into the heap begin. */
#ifndef CASTAWAY_ANALYSIS_DOMINATORS_H
#define CASTAWAY_ANALYSIS_DOMINATORS_H

#include "arena.h"
#include "heap.h"

/* One pointer from a group into the heap. */
struct dominator_entry {
    object_id id;
    uint32_t group;    /* from 0 */
    uintptr_t address; /* where the object begins */
};

/* Nodes are numbered as a depth-first search from the outside meets them: 0 is the outside itself. */
struct dominators {
    const struct heap *heap;
    uint32_t *number_of_object; /* by object id; 0: no group reaches it */
    uint32_t *number_of_group;  /* 0: nothing hangs from it */
    uint32_t group_count;
    uint32_t live_count;       /* nodes that the first groups reach; those behind it are others' */
    uint32_t count;            /* of nodes */
    uint32_t *node;            /* by number: the object's id, or for a group heap->id_end + the group */
    uint32_t *dominator;       /* by number: of its immediate dominator */
    uint64_t *objects, *bytes; /* by number: retained, inherited objects left out */
};

/* Build the tree over all objects that the entries lead to. Pointers to starts and interior ones count.
 *
 * heap     frozen, all of it
 * live_groups  the groups from this one on, of lost memory, hold nothing that those before it reach
 * returns  0, or -ENOMEM: then `out` is not to be used
 * context  as mark_run()
 * cost     near-linear in objects and words; about 60 bytes an object, 32 a step of the longest way, 8 a pointer
 * source   L. Georgiadis, Linear-time algorithms for dominators and related problems, 2005: "SNCA" */
int dominators_build(const struct heap *heap, const struct dominator_entry *entries, size_t entry_count,
                     uint32_t live_groups, uint32_t group_count, struct arena *arena, struct dominators *out);

/* What a group retains, and the largest part of it that hangs from a single object below it. */
struct retained {
    uint64_t objects, bytes;
    uint64_t largest_objects, largest_bytes;
    uint32_t largest_site;
};
/* `out` has room for all groups. */
void dominators_groups(const struct dominators *dominators, struct retained *out);
/* What is held by several of the first groups together, and by none alone. */
struct retained dominators_shared(const struct dominators *dominators);

#endif
