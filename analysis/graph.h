/* graph.h - the lost graph: what no root reaches, and every pointer from one such object to another.
 *
 * Objects are nodes 0..count-1 in the order of their ids, so nothing that follows depends on addresses. */
#ifndef CASTAWAY_ANALYSIS_GRAPH_H
#define CASTAWAY_ANALYSIS_GRAPH_H

#include "counts.h"
#include "mark.h"
#include "pointers.h"

typedef uint32_t node_number;
#define GRAPH_NONE UINT32_MAX

struct graph {
    const struct heap *heap;
    const struct counts *counts; /* for names of types; NULL: none. Set by whoever builds the graph */
    uint64_t *lost;              /* bit by object id */
    uint32_t *rank;              /* lost ids below each 64-bit word of `lost` */
    uint64_t *pages;             /* page_bits.h: a lost object may lie or end there */
    node_number count;           /* nodes */
    uintptr_t *address;          /* by node */
    object_id *id;               /* by node */
    uint32_t *component;         /* by node: its strongly connected component */
    uint32_t component_count;
    /* Components are numbered against the pointers: one that points at another has the higher number. */
    uint32_t *first;     /* by component: where its nodes begin in `member`; one more entry ends the last */
    node_number *member; /* nodes, component by component */
    /* by component: a node outside it that points into it; GRAPH_NONE: it is a source. verdict_run() uses the memory for
     * something else and leaves NULL. */
    node_number *holder;
};

/* One pointer: from the node at hand, `offset` bytes into it, to `target_offset` bytes into `target`. */
struct graph_edge {
    node_number target;
    uint64_t offset, target_offset;
};
/* Build nodes and components of all objects that have no mark, inherited ones too: graph_begin(), graph_note_lost() for each
 * of them, once and in any order, graph_complete(). With none noted there is nothing to complete.
 *
 * returns  0, or -ENOMEM: then `graph` is not to be used
 * cost     O(live objects + bytes of lost ones), about 65 bytes a lost object, of which half are touched
 * source   R. Tarjan, Depth-first search and linear graph algorithms, 1972; with its own stack */
int graph_begin(struct graph *graph, const struct heap *heap, struct arena *arena);
int graph_complete(struct graph *graph, struct arena *arena);

static inline void graph_note_lost(struct graph *graph, object_id id) {
    graph->lost[id >> 6] |= UINT64_C(1) << (id & 63);
    graph->count++;
}

/* The nodes alone: enough for graph_walk_from(), graph_next() and graph_number(). 12 bytes a lost object. */
int graph_nodes(struct graph *graph, const struct heap *heap, const struct marks *marks, struct arena *arena);
/* The node of a lost object; GRAPH_NONE: it is not lost. */
node_number graph_number(const struct graph *graph, object_id id);

/* The node that a word inside the heap's bounds points at; returns 0: none. The edge's offset is not set. */
int graph_edge_to(const struct graph *graph, uintptr_t word, struct graph_edge *edge);

static inline const struct object *graph_object(const struct graph *graph, node_number node) {
    return heap_object(graph->heap, graph->id[node]);
}
static inline struct pointers graph_walk_from(const struct graph *graph, node_number node) {
    return pointers_of(graph->heap, graph_object(graph, node), graph->address[node]);
}

/* The next pointer out of `node` to a node (itself too), in the order of offsets. returns 0 at the end. */
static inline int graph_next(const struct graph *graph, node_number node, struct pointers *walk,
                             struct graph_edge *edge) {
    for (uintptr_t word, at; (at = pointers_next(graph->heap, walk, &word));)
        if (graph_edge_to(graph, word, edge)) {
            edge->offset = at - graph->address[node];
            return 1;
        }
    return 0;
}
static inline uint32_t graph_members(const struct graph *graph, uint32_t component) {
    return graph->first[component + 1] - graph->first[component];
}

#endif
