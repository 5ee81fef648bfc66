/* reference.h - the references between the members of one group, sorted into classes.
 *
 * A class is what one place in the program's source is about: all references at the same offset, from objects of one kind
 * to objects of one kind (`child.parent`). Who makes that member weak makes all of them weak. Objects are of one kind when
 * their type is the same; without types, when their size and the function that made them are (counts.maker). */
#ifndef CASTAWAY_ANALYSIS_REFERENCE_H
#define CASTAWAY_ANALYSIS_REFERENCE_H

#include "graph.h"

enum { REFERENCE_CLASSES_MAX = 1 << 16 };
/* Two classes that are none: pointers that own nothing, as far as counts tell; references that can't be made weak, because
 * their target is a part of the object that holds it, or because there are too many classes. */
enum { REFERENCE_BORROWED, REFERENCE_FIXED, REFERENCE_CLASSES };
#define REFERENCE_OFF_CYCLE SIZE_MAX
#define REFERENCE_NONE SIZE_MAX

struct reference_kind {
    uint64_t size_bytes; /* 0 where the type is known */
    uint32_t site, type; /* the maker's; 0 where the type is known */
};
struct reference_class {
    struct reference_kind from, to;
    uint64_t offset, target_offset;
    size_t example;      /* one of them: on the cycle, if one is */
    size_t entry;        /* of the cycle, at which it lies; or REFERENCE_OFF_CYCLE */
    uint32_t holder;     /* the member that holds the example */
    uint32_t references; /* how many there are */
    uint32_t forward;    /* of them, those that lead to a younger object */
};

/* The cycle of a finding: its first entry is at node[rotation], as in struct cycle. */
struct reference_cycle {
    const node_number *node;
    size_t length, rotation;
};

/* Members are numbered 0..members-1 in the order of graph->member. */
struct references {
    const struct graph *graph;
    struct arena *arena;
    uint32_t component, members;
    node_number base;   /* where they begin in graph->member */
    uint32_t oldest;    /* member: where the program is taken to have held the group */
    int only_counted;   /* references to what has no count can't be made weak */
    int is_complete;    /* 0: there were more classes than REFERENCE_CLASSES_MAX */
    uint32_t *local;    /* by node: its member */
    uint32_t *owner;    /* by member: the counted object that it is a part of; itself if it is none's */
    uint32_t *incoming; /* by member: references to it, while they are collected */
    size_t *first;      /* by member: its first reference; one more ends the last */
    uint32_t *target;   /* by reference: the member it leads to */
    uint32_t *class;    /* by reference */
    size_t target_capacity, class_capacity;
    struct reference_class *classes; /* from REFERENCE_CLASSES on */
    size_t class_count, classes_capacity;
    uint32_t *table; /* open addressing: class; 0: free */
    size_t table_size;
};

/* Memory for groups of up to `members_max`, one after the other. returns 0 or -ENOMEM */
int references_begin(struct references *, const struct graph *graph, uint32_t members_max, struct arena *arena);

/* The references of `component`, on whose `cycle` a finding is shown.
 *
 * returns  0 or -ENOMEM
 * cost     one walk over the members' words */
int references_collect(struct references *, uint32_t component, const struct reference_cycle *cycle);

/* Does a reference of `member` lead to a younger object? A part is as old as what it is a part of. */
int references_lead_forward(const struct references *, uint32_t member, size_t reference);

/* The first reference of one member to another; REFERENCE_NONE: there is none. */
size_t references_between(const struct references *, uint32_t from, uint32_t to);

static inline node_number references_node(const struct references *references, uint32_t member) {
    return references->graph->member[references->base + member];
}
static inline uint32_t references_at(const struct references *references, const struct reference_cycle *cycle,
                                     size_t entry) {
    return references->local[cycle->node[(cycle->rotation + entry) % cycle->length]];
}

#endif
