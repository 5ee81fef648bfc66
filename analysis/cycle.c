/* cycle.c - breadth-first search from every member for the shortest way back to it.
 *
 * Owns:    the searches' memory.      Never: spends more than cycle.h says.
 * Runs in: snapshot child (one thread), unit tests, tools.
 * Start:   cycle_smallest(). */
#include "cycle.h"

#include <errno.h>

/* Members of the component at hand are numbered 0..count-1 in the order of graph->member. */
struct cycle_search {
    const struct graph *graph;
    struct arena *arena;
    uint64_t effort_shared, effort; /* left: for all, for this component */
    uint32_t *local;                /* by node: its number in its component */
    /* the component's pointers, by member and then by offset */
    node_number base; /* where its members begin in graph->member */
    uint32_t count;
    size_t *edge_first; /* by member; one more ends the last */
    uint32_t *target;   /* by edge */
    uint64_t *offset;   /* by edge */
    size_t edge_capacity;
    int branches; /* some member points at two others */
    /* one search from one member */
    uint32_t *seen; /* by member: the last search that met it */
    uint32_t searches;
    uint32_t *queue, *depth, *parent;
    size_t *parent_edge;
    struct cycle best, other;
    size_t best_capacity, other_capacity;
};

struct cycle_search *cycle_search_new(const struct graph *graph, uint32_t members_max, struct arena *arena) {
    struct cycle_search *search = arena_alloc(arena, 1, sizeof *search);
    if (!search)
        return NULL;
    search->graph = graph;
    search->arena = arena;
    search->effort_shared = CYCLE_EFFORT_SHARED;
    search->local = arena_alloc(arena, graph->count, sizeof *search->local);
    search->edge_first = arena_alloc(arena, (size_t)members_max + 1, sizeof *search->edge_first);
    search->seen = arena_alloc(arena, members_max, sizeof *search->seen);
    search->queue = arena_alloc(arena, members_max, sizeof *search->queue);
    search->depth = arena_alloc(arena, members_max, sizeof *search->depth);
    search->parent = arena_alloc(arena, members_max, sizeof *search->parent);
    search->parent_edge = arena_alloc(arena, members_max, sizeof *search->parent_edge);
    if (!search->local || !search->edge_first || !search->seen || !search->queue || !search->depth || !search->parent ||
        !search->parent_edge)
        return NULL;
    return search;
}

static node_number node_of(const struct cycle_search *search, uint32_t member) {
    return search->graph->member[search->base + member];
}

/* ---- the component's pointers ---- */

static int more_edges(struct cycle_search *s, size_t count) {
    size_t offset_capacity = s->edge_capacity;
    uint32_t *targets = arena_grow(s->arena, s->target, count, &s->edge_capacity, sizeof *targets);
    uint64_t *offsets = arena_grow(s->arena, s->offset, count, &offset_capacity, sizeof *offsets);
    if (!targets || !offsets)
        return -ENOMEM;
    s->target = targets;
    s->offset = offsets;
    return 0;
}

static int collect_edges(struct cycle_search *s, uint32_t component) {
    const struct graph *graph = s->graph;
    size_t count = 0;
    s->base = graph->first[component];
    s->count = graph_members(graph, component);
    s->branches = 0;
    for (uint32_t m = 0; m < s->count; m++)
        s->local[node_of(s, m)] = m;
    for (uint32_t m = 0; m < s->count; m++) {
        node_number node = node_of(s, m);
        struct pointers walk = graph_walk_from(graph, node);
        struct graph_edge edge;
        s->edge_first[m] = count;
        while (graph_next(graph, node, &walk, &edge)) {
            if (graph->component[edge.target] != component || edge.target == node)
                continue;
            uint32_t target = s->local[edge.target];
            if (count == s->edge_capacity && more_edges(s, count))
                return -ENOMEM;
            s->target[count] = target;
            s->offset[count] = edge.offset;
            s->branches |= target != s->target[s->edge_first[m]];
            count++;
        }
    }
    s->edge_first[s->count] = count;
    return 0;
}

/* ---- one search ---- */

static int spend(struct cycle_search *s, uint64_t effort) {
    if (effort <= s->effort) {
        s->effort -= effort;
        return 1;
    }
    effort -= s->effort;
    s->effort = 0;
    if (effort > s->effort_shared)
        return 0;
    s->effort_shared -= effort;
    return 1;
}

static void visit(struct cycle_search *s, uint32_t member, uint32_t from, size_t edge, uint32_t depth) {
    s->seen[member] = s->searches;
    s->parent[member] = from;
    s->parent_edge[member] = edge;
    s->depth[member] = depth;
}

/* The shortest way from `start` back to it, of at most `length_max` pointers.
 * last     receives the member that the last pointer is in, last_edge that pointer
 * returns  its length; 0: there is none, or the effort is used up */
static size_t way_back(struct cycle_search *s, uint32_t start, size_t length_max, uint32_t *last, size_t *last_edge) {
    uint32_t head = 0, tail = 0;
    s->searches++;
    visit(s, start, start, 0, 0);
    s->queue[tail++] = start;
    while (head < tail) {
        uint32_t member = s->queue[head++];
        size_t lo = s->edge_first[member], hi = s->edge_first[member + 1];
        if (s->depth[member] >= length_max || !spend(s, hi - lo))
            return 0;
        for (size_t edge = lo; edge < hi; edge++) {
            uint32_t target = s->target[edge];
            if (target == start) {
                *last = member;
                *last_edge = edge;
                return (size_t)s->depth[member] + 1;
            }
            if (s->seen[target] == s->searches)
                continue;
            visit(s, target, member, edge, s->depth[member] + 1);
            s->queue[tail++] = target;
        }
    }
    return 0;
}

/* ---- canonical order ---- */

int cycle_compare_edges(const struct cycle_edge *a, const struct cycle_edge *b) {
    if (a->site != b->site)
        return a->site < b->site ? -1 : 1;
    if (a->offset != b->offset)
        return a->offset < b->offset ? -1 : 1;
    if (a->target_offset != b->target_offset)
        return a->target_offset < b->target_offset ? -1 : 1;
    return counts_compare_names(a->type, b->type);
}

/* Two candidates, and how far they agree: each step moves one of them past what it lost by. */
size_t cycle_least_rotation(const void *items, size_t count, int (*compare)(const void *items, size_t a, size_t b)) {
    size_t i = 0, j = 1, same = 0;
    while (i < count && j < count && same < count) {
        size_t a = i + same, b = j + same; /* each below 2 * count: a division costs more than all else here */
        int order = compare(items, a < count ? a : a - count, b < count ? b : b - count);
        if (order == 0) {
            same++;
            continue;
        }
        if (order > 0)
            i += same + 1;
        else
            j += same + 1;
        j += i == j;
        same = 0;
    }
    return i < j ? i : j;
}

static int compare_places(const void *edges, size_t a, size_t b) {
    const struct cycle_edge *edge = edges;
    return cycle_compare_edges(&edge[a], &edge[b]);
}

size_t cycle_next_step(const struct cycle *cycle, size_t place) {
    const struct cycle_edge *edge = cycle_at(cycle, place);
    do
        place++;
    while (place < cycle->length && cycle_compare_edges(edge, cycle_at(cycle, place)) == 0);
    return place;
}

static int is_less(const struct cycle *a, const struct cycle *b) {
    for (size_t i = 0; i < a->length; i++) {
        int order = cycle_compare_edges(cycle_at(a, i), cycle_at(b, i));
        if (order)
            return order < 0;
    }
    return 0;
}

static struct cycle_edge edge_of(const struct graph *graph, node_number node, uint64_t offset, uint64_t target_offset) {
    const struct object *object = graph_object(graph, node);
    return (struct cycle_edge){
        .site = object->site,
        .size_bytes = object->size_bytes,
        .offset = offset,
        .target_offset = target_offset,
        .type = counts_type_name(graph->counts, graph->id[node]),
        .size_max_bytes = object->size_bytes,
        .bytes = object->size_bytes,
    };
}

static struct cycle_edge describe(const struct cycle_search *s, uint32_t member, size_t edge) {
    const struct graph *graph = s->graph;
    node_number node = node_of(s, member), target = node_of(s, s->target[edge]);
    uintptr_t at = graph->address[node] + s->offset[edge];
    uintptr_t word = pointers_load(graph->heap, at, pointers_form(graph_object(graph, node)));
    return edge_of(graph, node, s->offset[edge], word - graph->address[target]);
}

/* Write down the cycle that way_back() found, into s->other. */
static int write_cycle(struct cycle_search *s, size_t length, uint32_t last, size_t last_edge) {
    if (length > s->other_capacity) {
        s->other.edge = arena_alloc(s->arena, length, sizeof *s->other.edge);
        s->other.node = arena_alloc(s->arena, length, sizeof *s->other.node);
        if (!s->other.edge || !s->other.node)
            return -ENOMEM;
        s->other_capacity = length;
    }
    s->other.length = length;
    for (size_t i = length; i-- > 0;) {
        s->other.edge[i] = describe(s, last, last_edge);
        s->other.node[i] = node_of(s, last);
        last_edge = s->parent_edge[last];
        last = s->parent[last];
    }
    s->other.rotation = cycle_least_rotation(s->other.edge, s->other.length, compare_places);
    return 0;
}

static void swap_best(struct cycle_search *s) {
    struct cycle cycle = s->best;
    s->best = s->other;
    s->other = cycle;
    size_t capacity = s->best_capacity;
    s->best_capacity = s->other_capacity;
    s->other_capacity = capacity;
}

int cycle_smallest(struct cycle_search *s, uint32_t component, struct cycle *cycle) {
    if (collect_edges(s, component))
        return -ENOMEM;
    s->effort = CYCLE_EFFORT_EACH * (uint64_t)s->edge_first[s->count];
    s->best.length = 0;
    for (uint32_t start = 0; start < s->count; start++) {
        uint32_t last;
        size_t last_edge, length_max = s->best.length ? s->best.length : s->count;
        size_t length = way_back(s, start, length_max, &last, &last_edge);
        if (length) {
            if (write_cycle(s, length, last, last_edge))
                return -ENOMEM;
            if (!s->best.length || length < s->best.length || is_less(&s->other, &s->best))
                swap_best(s);
        }
        if (!s->branches || !spend(s, length))
            break; /* a bare ring has no other cycle */
    }
    *cycle = s->best;
    return 0;
}

int cycle_self(struct cycle_search *s, node_number node, struct cycle *cycle) {
    const struct graph *graph = s->graph;
    struct pointers walk = graph_walk_from(graph, node);
    struct graph_edge edge = {0}; /* there is one */
    const struct counted *counted = counts_of(graph->counts, graph->id[node]);
    *cycle = (struct cycle){.edge = arena_alloc(s->arena, 1, sizeof *cycle->edge),
                            .node = arena_alloc(s->arena, 1, sizeof *cycle->node),
                            .length = 1};
    if (!cycle->edge || !cycle->node)
        return -ENOMEM;
    cycle->node[0] = node;
    while (graph_next(graph, node, &walk, &edge))
        if (edge.target == node && (!counted || counts_is_reference(counted, edge.target_offset)))
            break;
    cycle->edge[0] = edge_of(graph, node, edge.offset, edge.target_offset);
    return 0;
}
