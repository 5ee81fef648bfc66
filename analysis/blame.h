/* blame.h - what reference counts and types add to a finding: what its counts say, what it is made of, how to break it. */
#ifndef CASTAWAY_ANALYSIS_BLAME_H
#define CASTAWAY_ANALYSIS_BLAME_H

#include "audit.h"
#include "graph.h"

enum { PROOF_MARKING = 1, PROOF_SUBTRACTION = 2 };
enum { BLAME_TYPES_MAX = 64, BLAME_BREAKS_MAX = 8, BLAME_CANDIDATES_MAX = 64 };

/* Objects of one type in a finding, those that hang from it too. */
struct blame_type {
    const char *name;
    uint64_t objects, bytes;
    uint64_t collected; /* of them, those that the program's own collector would free */
};
/* A reference whose end frees objects, were it made weak. */
struct blame_break {
    size_t entry; /* of the finding's cycle: it holds the reference, the next one is its target */
    object_id target;
    uint64_t frees_objects, frees_bytes;
};
struct blame {
    uint64_t counted; /* members whose count is known; the rest is about them */
    uint64_t count, found_inside, found_outside;
    uint64_t kept_objects; /* of the finding: marking reaches them */
    enum count_source source;
    unsigned proofs; /* PROOF_*: of all of its groups */
    struct blame_type *types;
    size_t type_count, type_capacity;
    struct blame_break breaks[BLAME_BREAKS_MAX]; /* of its first group, best first */
    size_t break_count;
};

/* Where a finding's cycle runs: its first entry is at node[rotation], as in struct cycle. */
struct blame_cycle {
    const node_number *node;
    size_t length, rotation;
};

void blame_begin(struct blame *blame);
/* Add one object. is_member: it is of the group itself; else it hangs from it. returns 0 or -ENOMEM */
int blame_add(struct blame *blame, const struct audit *audit, const struct graph *graph, node_number node,
              int is_member, struct arena *arena);

/* Find the references on the cycle of `component` that free the group when they end; those that free most first, then
 * those from a younger object back to an older one. An object that nothing else holds, and that is younger than its
 * holder, is that holder's part: the reference to it is proposed only when there is no other.
 *
 * hangs_objects, hangs_bytes  what goes with the whole group
 * returns  0 or -ENOMEM */
int blame_break(struct blame *blame, const struct graph *graph, uint32_t component, const struct blame_cycle *cycle,
                uint64_t hangs_objects, uint64_t hangs_bytes, struct arena *arena);

#endif
