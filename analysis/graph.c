/* graph.c - number the lost objects, follow their pointers, find their strongly connected components.
 *
 * Owns:    struct graph's arrays.      Never: recurses (a list of a million nodes is a million deep).
 * Runs in: snapshot child (one thread), unit tests, tools.
 * Start:   graph_complete().  Invariants: README.md, "The lost graph". */
#include "graph.h"

#include "page_bits.h"

#include <errno.h>

/* ---- nodes ---- */

struct collect {
    struct graph *graph;
    const struct marks *marks;
};

static int collect_lost(void *context, uintptr_t address, object_id id) {
    struct collect *collect = context;
    (void)address;
    if (!mark_test(collect->marks->reachable, id) && !mark_test(collect->marks->possible, id))
        graph_note_lost(collect->graph, id);
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

/* The page of an object's end, too, for a pointer there may be one into it. */
static void note_pages(struct graph *graph, uintptr_t start, uint64_t size_bytes) {
    const uintptr_t page_bytes = 1 << PAGE_BITS_SHIFT, end = start + size_bytes;
    uintptr_t address = start & ~(page_bytes - 1);
    for (size_t i = 0; address <= end && i < PAGE_BITS; i++, address += page_bytes)
        graph->pages[page_bits_word(address)] |= page_bits_bit(address);
}

static int place_lost(void *context, uintptr_t address, object_id id) {
    struct graph *graph = context;
    if (mark_test(graph->lost, id)) {
        node_number node = number_of(graph, id);
        graph->address[node] = address;
        graph->id[node] = id;
        note_pages(graph, address, heap_object(graph->heap, id)->size_bytes);
    }
    return 0;
}

static size_t id_words(const struct graph *graph) {
    return ((size_t)graph->heap->id_end + 63) / 64;
}

int graph_begin(struct graph *graph, const struct heap *heap, struct arena *arena) {
    *graph = (struct graph){.heap = heap};
    graph->lost = arena_alloc(arena, id_words(graph), sizeof *graph->lost);
    graph->rank = arena_alloc(arena, id_words(graph), sizeof *graph->rank);
    return graph->lost && graph->rank ? 0 : -ENOMEM;
}

static int number_nodes(struct graph *graph, struct arena *arena) {
    uint32_t below = 0;
    for (size_t w = 0; w < id_words(graph); w++) {
        graph->rank[w] = below;
        below += count_bits(graph->lost[w]);
    }
    graph->address = arena_alloc(arena, graph->count, sizeof *graph->address);
    graph->id = arena_alloc(arena, graph->count, sizeof *graph->id);
    graph->pages = arena_alloc(arena, PAGE_BITS_WORDS, sizeof *graph->pages);
    if (!graph->address || !graph->id || !graph->pages)
        return -ENOMEM;
    if (graph->count)
        heap_each(graph->heap, place_lost, graph);
    return 0;
}

/* ---- pointers ---- */

int graph_edge_to(const struct graph *graph, uintptr_t word, struct graph_edge *edge) {
    const struct heap *heap = graph->heap;
    uintptr_t start = word;
    if (!page_bits_of(graph->pages[page_bits_word(word)], word)) /* as of most */
        return 0;
    object_id id = heap->entry ? 0 : heap_starting_at(heap, word); /* as most do, and no more is to be known */
    if (!id)
        id = heap_pointed(heap, word, &start);
    if (!id || !mark_test(graph->lost, id))
        return 0;
    edge->target = number_of(graph, id);
    edge->target_offset = word - start;
    return 1;
}

/* ---- components ---- */

struct frame { /* a node whose pointers are being followed */
    struct pointers walk;
    node_number node;
    uint32_t index; /* order of its discovery, from 1 */
};

/* While they are sought, graph->component has by node: 0, not yet met; the lowest index known to be reachable while
 * staying on the stack; or with CLOSED the component, when that is known: more than any index, so that it lowers none. */
#define CLOSED 0x80000000u

struct tarjan {
    struct graph *graph;
    uint32_t *low; /* graph->component */
    uint32_t met;
    node_number *stack; /* met, component not known yet */
    uint32_t stack_count;
    struct frame *frame;
    uint32_t frame_count;
};

static void enter(struct tarjan *t, node_number node) {
    t->low[node] = ++t->met;
    t->stack[t->stack_count++] = node;
    t->frame[t->frame_count++] = (struct frame){graph_walk_from(t->graph, node), node, t->met};
}

/* `from` points at `to`, which was met: what is known by that. */
static void follow(struct tarjan *t, node_number from, node_number to) {
    uint32_t low = t->low[to];
    if (low < t->low[from])
        t->low[from] = low;
    if (!(low & CLOSED))
        return;
    node_number *holder = &t->graph->holder[low & ~CLOSED]; /* complete: so `from` is outside of it */
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
        t->low[node] = component | CLOSED;
        graph->member[end++] = node;
    } while (node != root);
    graph->first[component + 1] = end;
    graph->holder[component] = GRAPH_NONE;
}

static void leave(struct tarjan *t) {
    const struct frame *frame = &t->frame[--t->frame_count];
    node_number node = frame->node;
    if (t->low[node] == frame->index)
        close_component(t, node);
    if (t->frame_count)
        follow(t, t->frame[t->frame_count - 1].node, node);
}

static void explore(struct tarjan *t, node_number from) {
    enter(t, from);
    while (t->frame_count) {
        struct frame *frame = &t->frame[t->frame_count - 1];
        struct graph_edge edge;
        if (!graph_next(t->graph, frame->node, &frame->walk, &edge))
            leave(t);
        else if (!t->low[edge.target])
            enter(t, edge.target);
        else
            follow(t, frame->node, edge.target);
    }
}

static int find_components(struct graph *graph, struct arena *arena) {
    size_t count = graph->count;
    struct tarjan t = {
        .graph = graph,
        .low = arena_alloc(arena, count, sizeof *t.low),
        .stack = arena_alloc(arena, count, sizeof *t.stack),
        .frame = arena_alloc(arena, count, sizeof *t.frame),
    };
    graph->component = t.low;
    graph->first = arena_alloc(arena, count + 1, sizeof *graph->first);
    graph->member = arena_alloc(arena, count, sizeof *graph->member);
    graph->holder = arena_alloc(arena, count, sizeof *graph->holder);
    if (!t.low || !t.stack || !t.frame || !graph->first || !graph->member || !graph->holder)
        return -ENOMEM;
    for (node_number node = 0; node < count; node++)
        if (!t.low[node])
            explore(&t, node);
    for (node_number node = 0; node < count; node++)
        graph->component[node] &= ~CLOSED;
    return 0;
}

int graph_nodes(struct graph *graph, const struct heap *heap, const struct marks *marks, struct arena *arena) {
    int error = graph_begin(graph, heap, arena);
    if (error)
        return error;
    heap_each(heap, collect_lost, &(struct collect){graph, marks});
    return number_nodes(graph, arena);
}

node_number graph_number(const struct graph *graph, object_id id) {
    return mark_test(graph->lost, id) ? number_of(graph, id) : GRAPH_NONE;
}

int graph_complete(struct graph *graph, struct arena *arena) {
    int error = number_nodes(graph, arena);
    return error ? error : find_components(graph, arena);
}
