/* blame.c - add up references and types of a finding; try what each reference's end would free.
 *
 * Owns:    nothing.      Never: recurses.
 * Runs in: snapshot child (one thread), unit tests, tools.
 * Start:   blame_add(); blame_break(), then release(). */
#include "blame.h"

#include <errno.h>

#include "sort.h"

enum { EFFORT_MAX = 1 << 23 }; /* pointers followed for one finding's breaks */

void blame_begin(struct blame *blame) {
    *blame = (struct blame){.proofs = PROOF_MARKING | PROOF_SUBTRACTION};
}

/* ---- sums ---- */

static struct blame_type *type_of(struct blame *blame, const char *name, struct arena *arena, int *error) {
    *error = 0;
    for (size_t i = 0; i < blame->type_count; i++)
        if (blame->types[i].name == name)
            return &blame->types[i];
    if (blame->type_count == BLAME_TYPES_MAX)
        return NULL;
    struct blame_type *types = arena_grow(arena, blame->types, blame->type_count, &blame->type_capacity, sizeof *types);
    if (!types) {
        *error = -ENOMEM;
        return NULL;
    }
    blame->types = types;
    types[blame->type_count] = (struct blame_type){.name = name};
    return &types[blame->type_count++];
}

static void add_references(struct blame *blame, const struct counted *counted, const struct found *found) {
    uint32_t weak = counted->weak < found->heap ? counted->weak : found->heap;
    blame->counted++;
    blame->source = counted->source;
    blame->count += (uint64_t)(counted->count > 0 ? counted->count : 0);
    blame->found_inside += found->heap - weak;
    blame->found_outside += found->roots;
    if (counted->count > (int64_t)(found->heap - weak))
        blame->proofs &= ~(unsigned)PROOF_SUBTRACTION;
}

int blame_add(struct blame *blame, const struct audit *audit, const struct graph *graph, node_number node,
              int is_member, struct arena *arena) {
    int error = 0;
    object_id id = graph->id[node];
    const struct counted *counted = audit ? counts_of(audit->counts, id) : NULL;
    const struct found *found = audit_found(audit, id);
    if (audit && audit->kept && mark_test(audit->kept, id)) {
        blame->proofs &= ~(unsigned)PROOF_MARKING;
        blame->kept_objects++;
    }
    if (is_member && found)
        add_references(blame, counted, found);
    if (!counted || !counted->type)
        return 0;
    struct blame_type *type = type_of(blame, audit->counts->types[counted->type].name, arena, &error);
    if (!type)
        return error;
    type->objects++;
    type->bytes += graph_object(graph, node)->size_bytes;
    type->collected += counted->collected;
    return 0;
}

/* ---- what the end of a reference would free ---- */

struct release {
    const struct graph *graph;
    const struct counts *counts;
    uint32_t component;
    node_number base;
    uint32_t members;
    uint32_t *local;      /* by node: its number in the component */
    uint32_t *references; /* by member: pointers to it from members */
    uint32_t *left;       /* the same while references end */
    uint32_t *queue;
    uint64_t effort;
};

/* Is the pointer a reference? To an object that is counted only those at the place that counts are. */
static int is_reference(const struct release *r, const struct graph_edge *edge) {
    const struct counted *counted = counts_of(r->counts, r->graph->id[edge->target]);
    return r->graph->component[edge->target] == r->component &&
           (!counted || counted->source == COUNT_NONE || counts_is_reference(counted, edge->target_offset));
}

static void count_references(struct release *r) {
    for (uint32_t m = 0; m < r->members; m++)
        r->local[r->graph->member[r->base + m]] = m;
    for (uint32_t m = 0; m < r->members; m++) {
        node_number node = r->graph->member[r->base + m];
        struct graph_walk walk = graph_walk_from(r->graph, node);
        struct graph_edge edge;
        while (graph_next(r->graph, node, &walk, &edge))
            if (is_reference(r, &edge))
                r->references[r->local[edge.target]]++;
    }
}

static void end_reference(struct release *r, uint32_t member, uint32_t *tail) {
    if (r->left[member] && --r->left[member] == 0)
        r->queue[(*tail)++] = member;
}

/* End one reference to `member`, and all those of what dies of it. Fills in what is freed. */
static void release(struct release *r, uint32_t member, struct blame_break *out) {
    uint32_t head = 0, tail = 0;
    for (uint32_t m = 0; m < r->members; m++)
        r->left[m] = r->references[m];
    end_reference(r, member, &tail);
    while (head < tail) {
        node_number node = r->graph->member[r->base + r->queue[head++]];
        struct graph_walk walk = graph_walk_from(r->graph, node);
        struct graph_edge edge;
        out->frees_objects++;
        out->frees_bytes += graph_object(r->graph, node)->size_bytes;
        while (graph_next(r->graph, node, &walk, &edge)) {
            r->effort++;
            if (is_reference(r, &edge))
                end_reference(r, r->local[edge.target], &tail);
        }
    }
}

/* ---- candidates ---- */

struct candidate {
    struct blame_break result;
    int is_back; /* from a younger object to an older one */
    int is_part; /* its target is younger, and nothing else holds it */
};

static int compare_candidates(const void *x, const void *y) {
    const struct candidate *a = x, *b = y;
    if (a->is_part != b->is_part)
        return a->is_part - b->is_part;
    if (a->result.frees_objects != b->result.frees_objects)
        return a->result.frees_objects > b->result.frees_objects ? -1 : 1;
    if (a->is_back != b->is_back)
        return b->is_back - a->is_back;
    return (a->result.entry > b->result.entry) - (a->result.entry < b->result.entry);
}

static node_number node_at(const struct blame_cycle *cycle, size_t entry) {
    return cycle->node[(cycle->rotation + entry) % cycle->length];
}

static int is_counted(const struct release *r, node_number node) {
    const struct counted *counted = counts_of(r->counts, r->graph->id[node]);
    return counted && counted->source != COUNT_NONE;
}

/* A block without a count is part of the counted object before it on the way (the array of a list): that one decides. */
static node_number owner_of(const struct release *r, const struct blame_cycle *cycle, size_t entry) {
    for (size_t back = 0; back < cycle->length; back++) {
        node_number node = node_at(cycle, entry + cycle->length - back);
        if (is_counted(r, node))
            return node;
    }
    return node_at(cycle, entry);
}

static int any_counted(const struct release *r, const struct blame_cycle *cycle) {
    for (size_t i = 0; i < cycle->length; i++)
        if (is_counted(r, node_at(cycle, i)))
            return 1;
    return 0;
}

static void try_entry(struct release *r, const struct blame_cycle *cycle, size_t entry, struct candidate *out) {
    node_number to = node_at(cycle, entry + 1), from = owner_of(r, cycle, entry);
    uint32_t from_birth = graph_object(r->graph, from)->birth, to_birth = graph_object(r->graph, to)->birth;
    *out = (struct candidate){.result = {.entry = entry, .target = r->graph->id[to]}};
    out->is_back = heap_born_before(to_birth, from_birth);
    out->is_part = !out->is_back && r->references[r->local[to]] == 1;
    release(r, r->local[to], &out->result);
}

static void keep_best(struct blame *blame, const struct release *r, struct candidate *candidates, size_t count,
                      uint64_t hangs_objects, uint64_t hangs_bytes) {
    sort_array(candidates, count, sizeof *candidates, compare_candidates);
    for (size_t i = 0; i < count && blame->break_count < BLAME_BREAKS_MAX; i++) {
        struct blame_break result = candidates[i].result;
        if (!result.frees_objects || (candidates[i].is_part && blame->break_count))
            continue;
        if (result.frees_objects == r->members) {
            result.frees_objects += hangs_objects;
            result.frees_bytes += hangs_bytes;
        }
        blame->breaks[blame->break_count++] = result;
    }
}

int blame_break(struct blame *blame, const struct graph *graph, uint32_t component, const struct blame_cycle *cycle,
                uint64_t hangs_objects, uint64_t hangs_bytes, struct arena *arena) {
    uint32_t members = graph_members(graph, component);
    struct release r = {.graph = graph, .counts = graph->counts, .component = component, .members = members};
    struct candidate *candidates = arena_alloc(arena, BLAME_CANDIDATES_MAX, sizeof *candidates);
    size_t count = 0;
    r.base = graph->first[component];
    r.local = arena_alloc(arena, graph->count, sizeof *r.local);
    r.references = arena_alloc(arena, members, sizeof *r.references);
    r.left = arena_alloc(arena, members, sizeof *r.left);
    r.queue = arena_alloc(arena, members, sizeof *r.queue);
    if (!candidates || !r.local || !r.references || !r.left || !r.queue)
        return -ENOMEM;
    count_references(&r);
    int only_counted = any_counted(&r, cycle);
    for (size_t i = 0; i < cycle->length && count < BLAME_CANDIDATES_MAX && r.effort < EFFORT_MAX; i++)
        if (!only_counted || is_counted(&r, node_at(cycle, i + 1)))
            try_entry(&r, cycle, i, &candidates[count++]);
    keep_best(blame, &r, candidates, count, hangs_objects, hangs_bytes);
    return 0;
}
