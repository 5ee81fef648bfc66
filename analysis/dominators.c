/* dominators.c - the dominator tree of the heap.
 *
 * A depth-first search numbers what can be reached, and notes every pointer that is no edge of its own tree. From the
 * highest number down each node's semidominator is found (with paths compressed), from the lowest up its dominator.
 *
 * Owns:    nothing but what it takes from the arena.      Never: recurses: a list of a million nodes is as deep.
 * Runs in: snapshot child (one thread), unit tests.
 * Start:   dominators_build(). */
#include "dominators.h"

#include "pointers.h"

#include <errno.h>

enum { EDGES_SHIFT = 16, EDGES = 1 << EDGES_SHIFT /* in a block */ };

struct edge {
    uint32_t from, next; /* numbers of a node and of an edge; 0: the last one into that node */
};

struct edge_block {
    struct edge *edge; /* EDGES of them */
};

struct visit { /* an object that is being searched */
    struct pointers walk;
    uint32_t number;
};

struct build {
    const struct heap *heap;
    const struct dominator_entry *entries;
    struct arena *arena;
    struct dominators *out;
    uint32_t *parent; /* by number: in the search's tree; later: where the compressed path goes on */
    uint32_t *semi, *label, *path;
    uint32_t *edges_into; /* by number: the first edge */
    struct edge_block *block;
    size_t block_capacity;
    uint32_t edge_count; /* numbers begin with 1 */
    struct visit *visit;
    size_t visit_count, visit_capacity;
    int error;
};

/* ---- edges ---- */

static struct edge *edge_at(const struct build *build, uint32_t number) {
    return &build->block[number >> EDGES_SHIFT].edge[number & (EDGES - 1)];
}

static void add_edge(struct build *build, uint32_t from, uint32_t to) {
    uint32_t number = build->edge_count + 1;
    size_t block = number >> EDGES_SHIFT;
    if (number == UINT32_MAX) {
        build->error = -ENOMEM;
        return;
    }
    if (number % EDGES == 0 || number == 1) {
        struct edge_block *grown = arena_grow(build->arena, build->block, block, &build->block_capacity, sizeof *grown);
        struct edge *made = grown ? arena_alloc(build->arena, EDGES, sizeof *made) : NULL;
        if (!made) {
            build->error = -ENOMEM;
            return;
        }
        build->block = grown;
        grown[block].edge = made;
    }
    build->edge_count = number;
    *edge_at(build, number) = (struct edge){from, build->edges_into[to]};
    build->edges_into[to] = number;
}

/* ---- the search ---- */

static uint32_t number_node(struct build *build, uint32_t node, uint32_t parent) {
    uint32_t number = build->out->count++;
    build->out->node[number] = node;
    build->parent[number] = parent;
    return number;
}

static void visit_object(struct build *build, uint32_t number, object_id id, uintptr_t address) {
    struct visit *visit =
        arena_grow(build->arena, build->visit, build->visit_count, &build->visit_capacity, sizeof *visit);
    if (!visit) {
        build->error = -ENOMEM;
        return;
    }
    build->visit = visit;
    visit[build->visit_count++] =
        (struct visit){pointers_of(build->heap, heap_object(build->heap, id), address), number};
}

/* There is a pointer from node `from` to the object. */
static void meet(struct build *build, uint32_t from, object_id id, uintptr_t address) {
    uint32_t number = build->out->number_of_object[id];
    if (number == from || (number && number < build->out->live_count))
        return;
    if (number) {
        add_edge(build, from, number);
        return;
    }
    number = build->out->number_of_object[id] = number_node(build, id, from);
    visit_object(build, number, id, address);
}

static void search_down(struct build *build) {
    while (build->visit_count && !build->error) {
        struct visit *visit = &build->visit[build->visit_count - 1];
        uintptr_t start, word;
        if (!pointers_next(build->heap, &visit->walk, &word)) {
            build->visit_count--;
            continue;
        }
        object_id id = heap_held(build->heap, word, &start);
        if (id)
            meet(build, visit->number, id, start);
    }
}

/* A group's entries are searched together: nothing of another group may be numbered between its descendants. */
static int order_entries(const struct dominator_entry *entries, size_t count, uint32_t groups, struct arena *arena,
                         const struct dominator_entry **out) {
    size_t *end = arena_alloc(arena, groups + (size_t)1, sizeof *end);
    struct dominator_entry *ordered = arena_alloc(arena, count, sizeof *ordered);
    if (!end || !ordered)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++)
        end[entries[i].group + 1]++;
    for (uint32_t group = 0; group < groups; group++)
        end[group + 1] += end[group];
    for (size_t i = 0; i < count; i++)
        ordered[end[entries[i].group]++] = entries[i];
    *out = ordered;
    return 0;
}

static void search_all(struct build *build, size_t entry_count, uint32_t live_groups) {
    struct dominators *out = build->out;
    number_node(build, 0, 0);
    for (size_t i = 0; i < entry_count && !build->error; i++) {
        const struct dominator_entry *entry = &build->entries[i];
        if (!out->live_count && entry->group >= live_groups)
            out->live_count = out->count;
        uint32_t *group = &out->number_of_group[entry->group];
        if (!*group)
            *group = number_node(build, build->heap->id_end + entry->group, 0);
        meet(build, *group, entry->id, entry->address);
        search_down(build);
    }
    if (!out->live_count)
        out->live_count = out->count;
}

/* ---- dominators ---- */

/* Of the nodes on the way from `number` up to the first that is not yet done, the one with the least semidominator. */
static uint32_t least_above(struct build *build, uint32_t number, uint32_t done_from) {
    uint32_t *parent = build->parent, *label = build->label;
    size_t length = 0;
    for (; parent[number] >= done_from; number = parent[number])
        build->path[length++] = number;
    while (length) {
        uint32_t below = build->path[--length];
        if (build->semi[label[number]] < build->semi[label[below]])
            label[below] = label[number];
        parent[below] = parent[number];
        number = below;
    }
    return label[number];
}

static void find_semidominators(struct build *build) {
    uint32_t count = build->out->count;
    for (uint32_t i = 0; i < count; i++)
        build->semi[i] = build->label[i] = i;
    for (uint32_t i = count; i-- > 1;) {
        build->semi[i] = build->out->dominator[i];
        for (uint32_t edge = build->edges_into[i]; edge; edge = edge_at(build, edge)->next) {
            uint32_t least = build->semi[least_above(build, edge_at(build, edge)->from, i + 1)];
            if (least < build->semi[i])
                build->semi[i] = least;
        }
    }
}

static void find_dominators(struct build *build) {
    struct dominators *out = build->out;
    for (uint32_t i = 1; i < out->count; i++)
        out->dominator[i] = build->parent[i];
    find_semidominators(build);
    for (uint32_t i = 1; i < out->count; i++)
        while (out->dominator[i] > build->semi[i])
            out->dominator[i] = out->dominator[out->dominator[i]];
}

static void add_up(struct dominators *out) {
    for (uint32_t i = out->count; i-- > 1;) {
        const struct object *object = out->node[i] < out->heap->id_end ? heap_object(out->heap, out->node[i]) : NULL;
        if (object && !(object->flags & OBJECT_INHERITED)) {
            out->objects[i]++;
            out->bytes[i] += object->size_bytes;
        }
        out->objects[out->dominator[i]] += out->objects[i];
        out->bytes[out->dominator[i]] += out->bytes[i];
    }
}

/* ---- the whole ---- */

static int build_begin(struct build *build, uint32_t group_count) {
    struct dominators *out = build->out;
    struct arena *arena = build->arena;
    const struct heap *heap = build->heap;
    size_t nodes = heap->object_count + group_count + 1;
    *out = (struct dominators){.heap = heap, .group_count = group_count};
    if (nodes + heap->id_end >= UINT32_MAX)
        return -ENOMEM;
    uint32_t **const arrays[] = {&out->node,    &out->dominator, &build->parent,    &build->semi,
                                 &build->label, &build->path,    &build->edges_into};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        if (!(*arrays[i] = arena_alloc(arena, nodes, sizeof **arrays[i])))
            return -ENOMEM;
    out->number_of_object = arena_alloc(arena, heap->id_end, sizeof *out->number_of_object);
    out->number_of_group = arena_alloc(arena, group_count + (size_t)1, sizeof *out->number_of_group);
    out->objects = arena_alloc(arena, nodes, sizeof *out->objects);
    out->bytes = arena_alloc(arena, nodes, sizeof *out->bytes);
    return out->number_of_object && out->number_of_group && out->objects && out->bytes ? 0 : -ENOMEM;
}

int dominators_build(const struct heap *heap, const struct dominator_entry *entries, size_t entry_count,
                     uint32_t live_groups, uint32_t group_count, struct arena *arena, struct dominators *out) {
    struct build build = {.heap = heap, .arena = arena, .out = out};
    int error = build_begin(&build, group_count);
    if (!error)
        error = order_entries(entries, entry_count, group_count, arena, &build.entries);
    if (error)
        return error;
    search_all(&build, entry_count, live_groups);
    if (build.error)
        return build.error;
    find_dominators(&build);
    add_up(out);
    return 0;
}

static void add_child(const struct dominators *dominators, uint32_t number, struct retained *out) {
    uint32_t id = dominators->node[number];
    if (id >= dominators->heap->id_end || dominators->bytes[number] <= out->largest_bytes)
        return;
    out->largest_bytes = dominators->bytes[number];
    out->largest_objects = dominators->objects[number];
    out->largest_site = heap_object(dominators->heap, id)->site;
}

void dominators_groups(const struct dominators *dominators, struct retained *out) {
    for (uint32_t group = 0; group < dominators->group_count; group++) {
        uint32_t number = dominators->number_of_group[group];
        out[group] = (struct retained){0};
        if (number)
            out[group] = (struct retained){.objects = dominators->objects[number], .bytes = dominators->bytes[number]};
    }
    for (uint32_t i = 1; i < dominators->count; i++) {
        uint32_t above = dominators->dominator[i], node = dominators->node[above];
        if (above && node >= dominators->heap->id_end)
            add_child(dominators, i, &out[node - dominators->heap->id_end]);
    }
}

struct retained dominators_shared(const struct dominators *dominators) {
    struct retained out = {0};
    for (uint32_t i = 1; i < dominators->live_count; i++) {
        if (dominators->dominator[i] || dominators->node[i] >= dominators->heap->id_end)
            continue;
        out.objects += dominators->objects[i];
        out.bytes += dominators->bytes[i];
        add_child(dominators, i, &out);
    }
    return out;
}
