/* blame.h - what reference counts and types add to a finding: what its counts say, what it is made of. */
#ifndef CASTAWAY_ANALYSIS_BLAME_H
#define CASTAWAY_ANALYSIS_BLAME_H

#include "audit.h"
#include "breaks.h"
#include "graph.h"

enum { PROOF_MARKING = 1, PROOF_SUBTRACTION = 2 };
enum { BLAME_TYPES_MAX = 64 };

/* Objects of one type in a finding, those that hang from it too. */
struct blame_type {
    const char *name;
    uint64_t objects, bytes;
    uint64_t collected; /* of them, those that the program's own collector would free */
};
struct blame {
    uint64_t counted; /* members whose count is known; the rest is about them */
    uint64_t count, found_inside, found_outside;
    uint64_t kept_objects; /* of the finding: marking reaches them */
    enum count_source source;
    unsigned proofs; /* PROOF_*: of all of its groups */
    struct blame_type *types;
    size_t type_count, type_capacity;
    const struct breaks *breaks; /* of its first group; NULL: it is no cycle */
};

void blame_begin(struct blame *blame);
/* Add one object. is_member: it is of the group itself; else it hangs from it. returns 0 or -ENOMEM */
int blame_add(struct blame *blame, const struct audit *audit, const struct graph *graph, node_number node,
              int is_member, struct arena *arena);

#endif
