/* reference.c - collect the references of a group and sort them into classes.
 *
 * Owns:    struct references' arrays.      Never: recurses; looks at the order of addresses.
 * Runs in: snapshot child (one thread), unit tests, tools.
 * Start:   references_collect(). */
#include "reference.h"

#include <errno.h>
#include <string.h>

int references_begin(struct references *r, const struct graph *graph, uint32_t members_max, struct arena *arena) {
    *r = (struct references){.graph = graph, .arena = arena, .classes_capacity = 2 * REFERENCE_CLASSES};
    r->classes = arena_alloc(arena, r->classes_capacity, sizeof *r->classes);
    r->local = arena_alloc(arena, graph->count, sizeof *r->local);
    r->owner = arena_alloc(arena, members_max, sizeof *r->owner);
    r->incoming = arena_alloc(arena, members_max, sizeof *r->incoming);
    r->first = arena_alloc(arena, (size_t)members_max + 1, sizeof *r->first);
    return r->classes && r->local && r->owner && r->incoming && r->first ? 0 : -ENOMEM;
}

static const struct counted *counted_of(const struct references *r, uint32_t member) {
    const struct counted *counted = counts_of(r->graph->counts, r->graph->id[references_node(r, member)]);
    return counted && counted->source != COUNT_NONE ? counted : NULL;
}

/* ---- classes ---- */

static struct reference_kind kind_of(const struct references *r, uint32_t member) {
    node_number node = references_node(r, member);
    const struct object *object = graph_object(r->graph, node);
    uint32_t type = counts_type_of(r->graph->counts, r->graph->id[node]);
    if (type)
        return (struct reference_kind){.type = type};
    return (struct reference_kind){.site = counts_maker(r->graph->counts, object->site),
                                   .size_bytes = object->size_bytes};
}

static int same_kind(const struct reference_kind *a, const struct reference_kind *b) {
    return a->type == b->type && a->site == b->site && a->size_bytes == b->size_bytes;
}

static int same_class(const struct reference_class *a, const struct reference_class *b) {
    return a->offset == b->offset && a->target_offset == b->target_offset && same_kind(&a->from, &b->from) &&
           same_kind(&a->to, &b->to);
}

static size_t hash_class(const struct reference_class *class) {
    const uint64_t values[] = {class->from.size_bytes, class->from.site, class->from.type, class->to.size_bytes,
                               class->to.site,         class->to.type,   class->offset,    class->target_offset};
    uint64_t hash = 0;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        hash = (hash ^ values[i]) * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(hash >> 24);
}

static uint32_t *class_place(const struct references *r, const struct reference_class *class) {
    size_t mask = r->table_size - 1, place = hash_class(class) & mask;
    while (r->table[place] && !same_class(&r->classes[r->table[place]], class))
        place = (place + 1) & mask;
    return &r->table[place];
}

static int grow_table(struct references *r) {
    size_t size = r->table_size ? 4 * r->table_size : 256;
    uint32_t *table = arena_alloc(r->arena, size, sizeof *table);
    if (!table)
        return -ENOMEM;
    r->table = table;
    r->table_size = size;
    for (size_t class = REFERENCE_CLASSES; class < r->class_count; class ++)
        *class_place(r, &r->classes[class]) = (uint32_t) class;
    return 0;
}

/* The number of the class that is like `example`; it is made if there is none. */
static int find_class(struct references *r, const struct reference_class *example, uint32_t *number) {
    if (2 * r->class_count >= r->table_size && grow_table(r))
        return -ENOMEM;
    uint32_t *place = class_place(r, example);
    *number = *place ? *place : REFERENCE_FIXED;
    if (*place)
        return 0;
    if (r->class_count == REFERENCE_CLASSES_MAX) {
        r->is_complete = 0;
        return 0;
    }
    struct reference_class *classes =
        arena_grow(r->arena, r->classes, r->class_count, &r->classes_capacity, sizeof *classes);
    if (!classes)
        return -ENOMEM;
    r->classes = classes;
    *number = *place = (uint32_t)r->class_count;
    classes[r->class_count++] = *example;
    return 0;
}

static void forget_classes(struct references *r) {
    r->class_count = REFERENCE_CLASSES;
    if (r->table)
        memset(r->table, 0, r->table_size * sizeof *r->table);
}

/* ---- references ---- */

static int add_reference(struct references *r, size_t count, uint32_t target, uint32_t class) {
    uint32_t *targets = arena_grow(r->arena, r->target, count, &r->target_capacity, sizeof *targets);
    if (!targets)
        return -ENOMEM;
    r->target = targets;
    uint32_t *classes = arena_grow(r->arena, r->class, count, &r->class_capacity, sizeof *classes);
    if (!classes)
        return -ENOMEM;
    r->class = classes;
    targets[count] = target;
    classes[count] = class;
    return 0;
}

/* To an object that is counted only pointers to the place that counts are. What has no count holds nothing by a pointer
 * to itself: that is an empty list. */
static int is_reference(const struct references *r, node_number node, const struct graph_edge *edge) {
    const struct counted *counted = counts_of(r->graph->counts, r->graph->id[edge->target]);
    if (r->graph->component[edge->target] != r->component)
        return 0;
    if (!counted || counted->source == COUNT_NONE)
        return edge->target != node;
    return counts_is_reference(counted, edge->target_offset);
}

static int add_edge(struct references *r, uint32_t member, const struct graph_edge *edge, size_t *count) {
    uint32_t target = r->local[edge->target], number = REFERENCE_FIXED;
    struct reference_class class = {.offset = edge->offset,
                                    .target_offset = edge->target_offset,
                                    .example = *count,
                                    .entry = REFERENCE_OFF_CYCLE,
                                    .holder = member};
    if (!r->only_counted || counted_of(r, target)) {
        class.from = kind_of(r, member);
        class.to = kind_of(r, target);
        if (find_class(r, &class, &number))
            return -ENOMEM;
    }
    r->incoming[target]++;
    return add_reference(r, (*count)++, target, number);
}

static int collect(struct references *r) {
    size_t count = 0;
    for (uint32_t member = 0; member < r->members; member++) {
        node_number node = references_node(r, member);
        struct pointers walk = graph_walk_from(r->graph, node);
        struct graph_edge edge;
        r->first[member] = count;
        while (graph_next(r->graph, node, &walk, &edge))
            if (is_reference(r, node, &edge) && add_edge(r, member, &edge, &count))
                return -ENOMEM;
    }
    r->first[r->members] = count;
    return 0;
}

/* More pointers to an object than its count: some of them are weak or borrowed. Those to itself are the first to be. */
static void drop_own(struct references *r) {
    for (uint32_t member = 0; member < r->members; member++) {
        const struct counted *counted = counted_of(r, member);
        for (size_t at = r->first[member]; counted && at < r->first[member + 1]; at++) {
            if (r->target[at] != member || (int64_t)r->incoming[member] <= counted->count)
                continue;
            r->class[at] = REFERENCE_BORROWED;
            r->incoming[member]--;
        }
    }
}

/* ---- what is known of each ---- */

static uint32_t birth_of(const struct references *r, uint32_t member) {
    return graph_object(r->graph, references_node(r, member))->birth;
}

/* A block without a count is part of the counted object that holds it (the array of a list), through others if need be.
 * queue: room for all members */
static void find_owners(struct references *r, uint32_t *queue) {
    uint32_t head = 0, tail = 0;
    for (uint32_t member = 0; member < r->members; member++) {
        int is_owner = !r->only_counted || counted_of(r, member);
        r->owner[member] = is_owner ? member : UINT32_MAX;
        if (is_owner)
            queue[tail++] = member;
    }
    while (head < tail) {
        uint32_t member = queue[head++];
        for (size_t at = r->first[member]; at < r->first[member + 1]; at++) {
            uint32_t target = r->target[at];
            if (r->owner[target] != UINT32_MAX)
                continue;
            r->owner[target] = r->owner[member];
            queue[tail++] = target;
        }
    }
}

static void find_oldest(struct references *r) {
    r->oldest = UINT32_MAX;
    for (uint32_t member = 0; member < r->members; member++)
        if (r->owner[member] == member &&
            (r->oldest == UINT32_MAX || heap_born_before(birth_of(r, member), birth_of(r, r->oldest))))
            r->oldest = member;
}

int references_lead_forward(const struct references *r, uint32_t member, size_t reference) {
    uint32_t owner = r->owner[member];
    return owner != UINT32_MAX && heap_born_before(birth_of(r, owner), birth_of(r, r->target[reference]));
}

static void add_up(struct references *r) {
    for (uint32_t member = 0; member < r->members; member++)
        for (size_t at = r->first[member]; at < r->first[member + 1]; at++) {
            if (r->class[at] < REFERENCE_CLASSES)
                continue;
            struct reference_class *class = &r->classes[r->class[at]];
            class->references++;
            class->forward += (uint32_t)references_lead_forward(r, member, at);
        }
}

size_t references_between(const struct references *r, uint32_t from, uint32_t to) {
    for (size_t at = r->first[from]; at < r->first[from + 1]; at++)
        if (r->target[at] == to)
            return at;
    return REFERENCE_NONE;
}

static void choose_examples(struct references *r, const struct reference_cycle *cycle) {
    for (size_t entry = 0; entry < cycle->length; entry++) {
        uint32_t from = references_at(r, cycle, entry);
        size_t at = references_between(r, from, references_at(r, cycle, entry + 1));
        if (at == REFERENCE_NONE || r->class[at] < REFERENCE_CLASSES)
            continue;
        struct reference_class *class = &r->classes[r->class[at]];
        if (class->entry != REFERENCE_OFF_CYCLE)
            continue;
        class->example = at;
        class->entry = entry;
        class->holder = from;
    }
}

static int any_counted(const struct references *r, const struct reference_cycle *cycle) {
    for (size_t entry = 0; entry < cycle->length; entry++)
        if (counted_of(r, references_at(r, cycle, entry)))
            return 1;
    return 0;
}

int references_collect(struct references *r, uint32_t component, const struct reference_cycle *cycle) {
    r->component = component;
    r->base = r->graph->first[component];
    r->members = graph_members(r->graph, component);
    r->is_complete = 1;
    forget_classes(r);
    for (uint32_t member = 0; member < r->members; member++) {
        r->local[references_node(r, member)] = member;
        r->incoming[member] = 0;
    }
    r->only_counted = any_counted(r, cycle);
    if (collect(r))
        return -ENOMEM;
    drop_own(r);
    find_owners(r, r->incoming); /* which is not needed any more */
    find_oldest(r);
    add_up(r);
    choose_examples(r, cycle);
    return 0;
}
