/* cycle.h - the smallest cycle of a strongly connected component: what a person is shown of it. */
#ifndef CASTAWAY_ANALYSIS_CYCLE_H
#define CASTAWAY_ANALYSIS_CYCLE_H

#include "graph.h"
#include "verdict.h"

/* Effort is counted in pointers followed. Each component may use EFFORT_EACH times its own pointers, and all together
 * EFFORT_SHARED more, first come, first served in the order of components. Within that the answer is exact: the
 * shortest cycle, and of several the least in canonical order. Beyond it, the best one found so far. */
enum { CYCLE_EFFORT_EACH = 8, CYCLE_EFFORT_SHARED = 1 << 24 };

struct cycle {
    struct cycle_edge *edge;
    node_number *node; /* of each edge: where it is */
    size_t length;     /* objects, >= 2; 0: none */
    size_t rotation;   /* canonical order begins here */
};
struct cycle_search; /* memory for searches, reused from one component to the next */

/* NULL: no memory. members_max: of the largest component that will be searched. */
struct cycle_search *cycle_search_new(const struct graph *graph, uint32_t members_max, struct arena *arena);

/* The smallest cycle of `component`, which has two members or more. Pointers of an object to itself do not count.
 *
 * cycle    valid until the next search
 * returns  0 or -ENOMEM */
int cycle_smallest(struct cycle_search *search, uint32_t component, struct cycle *cycle);

/* The cycle of an object that holds a counted reference to itself. As cycle_smallest(). */
int cycle_self(struct cycle_search *search, node_number node, struct cycle *cycle);

/* The entry at `place` of the canonical order: the rotation that is least by (site, offset, target offset, type). */
static inline const struct cycle_edge *cycle_at(const struct cycle *cycle, size_t place) {
    place += cycle->rotation;
    return &cycle->edge[place < cycle->length ? place : place - cycle->length];
}

/* Sizes make no difference: what one place allocates may be of any. */
int cycle_compare_edges(const struct cycle_edge *a, const struct cycle_edge *b);

/* Where the least rotation of `count` items begins, by an order of the items at two places. cost: O(count) */
size_t cycle_least_rotation(const void *items, size_t count, int (*compare)(const void *items, size_t a, size_t b));
/* The next place whose entry differs from that at `place`; cycle->length if none does. Shapes are compared by these steps,
 * so that rings of one place are one shape however long they are. Canonical order never begins within such a run, unless
 * all entries are one. */
size_t cycle_next_step(const struct cycle *, size_t place);

#endif
