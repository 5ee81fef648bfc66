/* graph.c - number the lost objects, follow their pointers, find their strongly connected components.
 *
 * Owns:    struct graph's arrays.      Never: recurses (a list of a million nodes is a million deep).
 * Runs in: snapshot child (one thread), unit tests, tools.
 * Start:   graph_build().  Invariants: README.md, "The lost graph". */
#include "graph.h"

#include <errno.h>

/* ---- nodes ---- */

struct collect {
    struct graph *graph;
    const struct marks *marks;
};

static int collect_lost(void *context, uintptr_t address, object_id id) {
    struct collect *collect = context;
    (void)address;
    if (!mark_test(collect->marks->reachable, id) && !mark_test(collect->marks->possible, id)) {
        collect->graph->lost[id >> 6] |= UINT64_C(1) << (id & 63);
        collect->graph->count++;
    }
    return 0;
}

static inline uint32_t count_bits(uint64_t bits) { /* the usual tree of sums: popcount is no base instruction */
    bits -= bits >> 1 & UINT64_C(0x5555555555555555);
    bits = (bits & UINT64_C(0x3333333333333333)) + (bits >> 2 & UINT64_C(0x3333333333333333));
    bits = (bits + (bits >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (uint32_t)(bits * UINT64_C(0x0101010101010101) >> 56);
}

static inline node_number number_of(const struct graph *graph, object_id id) {
    uint64_t below = graph->lost[id >> 6] & ((UINT64_C(1) << (id & 63)) - 1);
    return graph->rank[id >> 6] + count_bits(below);
}

static int place_lost(void *context, uintptr_t address, object_id id) {
    struct graph *graph = context;
    if (mark_test(graph->lost, id)) {
        node_number node = number_of(graph, id);
        graph->address[node] = address;
        graph->id[node] = id;
    }
    return 0;
}

static int number_nodes(struct graph *graph, const struct marks *marks, struct arena *arena) {
    size_t words = ((size_t)graph->heap->id_end + 63) / 64;
    graph->lost = arena_alloc(arena, words, sizeof *graph->lost);
    graph->rank = arena_alloc(arena, words, sizeof *graph->rank);
    if (!graph->lost || !graph->rank)
        return -ENOMEM;
    heap_each(graph->heap, collect_lost, &(struct collect){graph, marks});
    uint32_t below = 0;
    for (size_t w = 0; w < words; w++) {
        graph->rank[w] = below;
        below += count_bits(graph->lost[w]);
    }
    graph->address = arena_alloc(arena, graph->count, sizeof *graph->address);
    graph->id = arena_alloc(arena, graph->count, sizeof *graph->id);
    if (!graph->address || !graph->id)
        return -ENOMEM;
    if (graph->count)
        heap_each(graph->heap, place_lost, graph);
    return 0;
}

/* ---- pointers ---- */

struct graph_walk graph_walk_from(const struct graph *graph, node_number node) {
    struct range words = heap_contents(graph->heap, graph->address[node], graph_object(graph, node)->size_bytes);
    return (struct graph_walk){words.lo, words.hi};
}

/* The pointer at `at`, if it is one to a node. */
static inline int edge_at(const struct graph *graph, node_number node, uintptr_t at, struct graph_edge *edge) {
    uintptr_t start, word = heap_pointer(graph->heap, at);
    if (word - graph->heap->lo >= graph->heap->hi - graph->heap->lo)
        return 0;
    object_id id = heap_pointed(graph->heap, word, &start);
    if (!id || !mark_test(graph->lost, id))
        return 0;
    *edge = (struct graph_edge){number_of(graph, id), at - graph->address[node], word - start};
    return 1;
}

int graph_next(const struct graph *graph, node_number node, struct graph_walk *walk, struct graph_edge *edge) {
    const uintptr_t step = graph->heap->unaligned ? 1 : sizeof(uintptr_t);
    while (walk->next < walk->end) {
        struct range piece = heap_readable_in(graph->heap, graph_object(graph, node), walk->next, walk->end);
        for (uintptr_t at = piece.lo; at < piece.hi && piece.hi - at >= sizeof(uintptr_t); at += step)
            if (edge_at(graph, node, at, edge)) {
                walk->next = at + step;
                return 1;
            }
        walk->next = piece.hi;
    }
    return 0;
}

/* ---- components ---- */

struct frame { /* a node whose pointers are being followed */
    struct graph_walk walk;
    node_number node;
};

/* index  order of discovery, from 1; 0: not yet met
 * low    lowest index known to be reachable while staying on the stack */
struct tarjan {
    struct graph *graph;
    uint32_t *index, *low;
    uint32_t met;
    node_number *stack; /* met, component not known yet */
    uint32_t stack_count;
    struct frame *frame;
    uint32_t frame_count;
};

static void enter(struct tarjan *t, node_number node) {
    t->index[node] = t->low[node] = ++t->met;
    t->stack[t->stack_count++] = node;
    t->frame[t->frame_count++] = (struct frame){graph_walk_from(t->graph, node), node};
}

static void lower(uint32_t *low, uint32_t to) {
    if (to < *low)
        *low = to;
}

/* `from` points at `to`, whose component is complete: so `from` is outside of it. */
static void note_holder(struct graph *graph, node_number from, node_number to) {
    node_number *holder = &graph->holder[graph->component[to]];
    if (*holder == GRAPH_NONE)
        *holder = from;
}

/* `root` is the first met of its component: what lies above it on the stack is the rest. */
static void close_component(struct tarjan *t, node_number root) {
    struct graph *graph = t->graph;
    uint32_t component = graph->component_count++, end = graph->first[component];
    node_number node;
    do {
        node = t->stack[--t->stack_count];
        graph->component[node] = component;
        graph->member[end++] = node;
    } while (node != root);
    graph->first[component + 1] = end;
    graph->holder[component] = GRAPH_NONE;
}

static void leave(struct tarjan *t) {
    node_number node = t->frame[--t->frame_count].node;
    if (t->low[node] == t->index[node])
        close_component(t, node);
    if (t->frame_count == 0)
        return;
    node_number parent = t->frame[t->frame_count - 1].node;
    if (t->graph->component[node] == GRAPH_NONE)
        lower(&t->low[parent], t->low[node]);
    else
        note_holder(t->graph, parent, node);
}

static void explore(struct tarjan *t, node_number from) {
    enter(t, from);
    while (t->frame_count) {
        struct frame *frame = &t->frame[t->frame_count - 1];
        struct graph_edge edge;
        if (!graph_next(t->graph, frame->node, &frame->walk, &edge))
            leave(t);
        else if (!t->index[edge.target])
            enter(t, edge.target);
        else if (t->graph->component[edge.target] == GRAPH_NONE)
            lower(&t->low[frame->node], t->index[edge.target]);
        else
            note_holder(t->graph, frame->node, edge.target);
    }
}

static int find_components(struct graph *graph, struct arena *arena) {
    size_t count = graph->count;
    struct tarjan t = {
        .graph = graph,
        .index = arena_alloc(arena, count, sizeof *t.index),
        .low = arena_alloc(arena, count, sizeof *t.low),
        .stack = arena_alloc(arena, count, sizeof *t.stack),
        .frame = arena_alloc(arena, count, sizeof *t.frame),
    };
    graph->component = arena_alloc(arena, count, sizeof *graph->component);
    graph->first = arena_alloc(arena, count + 1, sizeof *graph->first);
    graph->member = arena_alloc(arena, count, sizeof *graph->member);
    graph->holder = arena_alloc(arena, count, sizeof *graph->holder);
    if (!t.index || !t.low || !t.stack || !t.frame || !graph->component || !graph->first || !graph->member ||
        !graph->holder)
        return -ENOMEM;
    for (node_number node = 0; node < count; node++)
        graph->component[node] = GRAPH_NONE;
    for (node_number node = 0; node < count; node++)
        if (!t.index[node])
            explore(&t, node);
    return 0;
}

int graph_nodes(struct graph *graph, const struct heap *heap, const struct marks *marks, struct arena *arena) {
    *graph = (struct graph){.heap = heap};
    return number_nodes(graph, marks, arena);
}

node_number graph_number(const struct graph *graph, object_id id) {
    return mark_test(graph->lost, id) ? number_of(graph, id) : GRAPH_NONE;
}

int graph_build(struct graph *graph, const struct heap *heap, const struct marks *marks, struct arena *arena) {
    int error = graph_nodes(graph, heap, marks, arena);
    return error ? error : find_components(graph, arena);
}
