/* breaks.c - search for the smallest set of references that every cycle of a group passes through.
 *
 * Owns:    the search's memory.      Never: recurses; spends more than breaks.h says.
 * Runs in: snapshot child (one thread), unit tests, tools.
 * Start:   break_find(), then search_depth(). Every set must have a reference of any cycle that is left; so the search takes
 *          such a cycle, tries each of its classes, and goes on with a cycle that is left then. */
#include "breaks.h"

#include <errno.h>
#include <string.h>

enum { BRANCH_MAX = 64, CANDIDATES_MAX = 64 };

/* What is made weak at once: a class, or a single reference of a class that has several (the program may well be able to
 * leave that one out). */
struct element {
    uint32_t class, holder; /* of the single one: the member that holds it */
    size_t single;          /* REFERENCE_NONE: the whole class */
};
struct candidate {
    struct element element[BREAK_PARTS_MAX]; /* ascending */
    size_t count;
    uint64_t references, forward, frees_objects, frees_bytes;
    int severs; /* some member is not to be reached from the oldest without them */
};
/* Elements of one cycle, of which one is weak at a time. */
struct level {
    struct element element[BRANCH_MAX];
    size_t count, next;
};
struct break_search {
    struct references references;
    uint64_t effort_shared, effort; /* left: for all groups, for this one */
    uint8_t *is_weak;               /* by class; a single reference that is weak is REFERENCE_BORROWED meanwhile */
    size_t is_weak_capacity;
    uint32_t *left;  /* by member: references to it while the group is taken apart */
    uint32_t *queue; /* members that are freed, or met, in this order */
    uint32_t *from;  /* by member: one that holds it */
    size_t *by;      /* by member: the reference from that one */
    uint32_t *met;   /* by member: the last walk that met it */
    uint32_t walks;
    struct level level[BREAK_DEPTH_MAX];
    struct element chosen[BREAK_DEPTH_MAX];
    struct candidate candidate[CANDIDATES_MAX];
    size_t candidate_count;
    int is_exhausted; /* the effort is used up */
    int is_cut;       /* some cycle had too many classes; single references beyond their number are not missed */
};

struct break_search *break_search_new(const struct graph *graph, uint32_t members_max, struct arena *arena) {
    struct break_search *search = arena_alloc(arena, 1, sizeof *search);
    if (!search || references_begin(&search->references, graph, members_max, arena))
        return NULL;
    search->effort_shared = BREAK_EFFORT_SHARED;
    search->left = arena_alloc(arena, members_max, sizeof *search->left);
    search->queue = arena_alloc(arena, members_max, sizeof *search->queue);
    search->from = arena_alloc(arena, members_max, sizeof *search->from);
    search->by = arena_alloc(arena, members_max, sizeof *search->by);
    search->met = arena_alloc(arena, members_max, sizeof *search->met);
    return search->left && search->queue && search->from && search->by && search->met ? search : NULL;
}

/* ---- what a set does ---- */

static uint64_t whole(const struct break_search *s) {
    return s->references.first[s->references.members] + s->references.members;
}

/* May a pass over the whole group be made? */
static int spend(struct break_search *s) {
    uint64_t effort = whole(s);
    if (effort <= s->effort) {
        s->effort -= effort;
        return 1;
    }
    if (effort <= s->effort_shared) {
        s->effort_shared -= effort;
        return 1;
    }
    s->is_exhausted = 1;
    return 0;
}

static inline int holds(const struct break_search *s, size_t reference) {
    return !s->is_weak[s->references.class[reference]];
}

static void set_weak(struct break_search *s, const struct element *element, int weak) {
    if (element->single == REFERENCE_NONE)
        s->is_weak[element->class] = (uint8_t)weak;
    else
        s->references.class[element->single] = weak ? REFERENCE_BORROWED : element->class;
}

static void count_left(struct break_search *s) {
    const struct references *r = &s->references;
    memset(s->left, 0, r->members * sizeof *s->left);
    for (size_t at = 0; at < r->first[r->members]; at++)
        s->left[r->target[at]] += (uint32_t)holds(s, at);
}

/* Take apart what nothing holds, as counting does. returns how many members that frees: they stand in the queue */
static uint32_t take_apart(struct break_search *s) {
    const struct references *r = &s->references;
    uint32_t head = 0, tail = 0;
    count_left(s);
    for (uint32_t member = 0; member < r->members; member++)
        if (!s->left[member])
            s->queue[tail++] = member;
    while (head < tail) {
        uint32_t member = s->queue[head++];
        for (size_t at = r->first[member]; at < r->first[member + 1]; at++)
            if (holds(s, at) && --s->left[r->target[at]] == 0)
                s->queue[tail++] = r->target[at];
    }
    return tail;
}

/* Does the oldest member reach all others, without what is weak? */
static int all_in_reach(struct break_search *s) {
    const struct references *r = &s->references;
    uint32_t head = 0, tail = 0;
    s->walks++;
    s->met[r->oldest] = s->walks;
    s->queue[tail++] = r->oldest;
    while (head < tail) {
        uint32_t member = s->queue[head++];
        for (size_t at = r->first[member]; at < r->first[member + 1]; at++) {
            uint32_t target = r->target[at];
            if (!holds(s, at) || s->met[target] == s->walks)
                continue;
            s->met[target] = s->walks;
            s->queue[tail++] = target;
        }
    }
    return tail == r->members;
}

/* ---- a cycle that is left ---- */

/* Behind take_apart(): every member that is left is held by one that is left. Going back from holder to holder ends up
 * on a cycle. */
static uint32_t find_on_cycle(struct break_search *s) {
    const struct references *r = &s->references;
    uint32_t member = UINT32_MAX;
    for (uint32_t m = r->members; m-- > 0;)
        for (size_t at = r->first[m]; s->left[m] && at < r->first[m + 1]; at++)
            if (holds(s, at)) {
                s->from[r->target[at]] = m;
                member = s->left[r->target[at]] ? r->target[at] : member;
            }
    s->walks++;
    while (member != UINT32_MAX && s->met[member] != s->walks) {
        s->met[member] = s->walks;
        member = s->from[member];
    }
    return member;
}

/* The shortest way from `start` back to it. last: the member that its last reference is in. returns that reference */
static size_t way_back(struct break_search *s, uint32_t start, uint32_t *last) {
    const struct references *r = &s->references;
    uint32_t head = 0, tail = 0;
    s->walks++;
    s->queue[tail++] = start;
    while (head < tail) {
        uint32_t member = s->queue[head++];
        for (size_t at = r->first[member]; at < r->first[member + 1]; at++) {
            uint32_t target = r->target[at];
            if (!holds(s, at) || !s->left[target] || s->met[target] == s->walks)
                continue;
            *last = member;
            if (target == start)
                return at;
            s->met[target] = s->walks;
            s->from[target] = member;
            s->by[target] = at;
            s->queue[tail++] = target;
        }
    }
    return REFERENCE_NONE;
}

static int same_element(const struct element *a, const struct element *b) {
    return a->class == b->class && a->single == b->single;
}

static void add_branch(struct break_search *s, struct level *level, struct element element) {
    for (size_t i = 0; i < level->count; i++)
        if (same_element(&level->element[i], &element))
            return;
    if (level->count == BRANCH_MAX)
        s->is_cut |= element.single == REFERENCE_NONE;
    else
        level->element[level->count++] = element;
}

static void add_class(struct break_search *s, struct level *level, size_t reference, int back) {
    uint32_t number = s->references.class[reference];
    if (number < REFERENCE_CLASSES)
        return;
    const struct reference_class *class = &s->references.classes[number];
    if ((class->forward < class->references) == back)
        add_branch(s, level, (struct element){number, 0, REFERENCE_NONE});
}

static void add_single(struct break_search *s, struct level *level, uint32_t holder, size_t reference, int back) {
    const struct references *r = &s->references;
    uint32_t number = r->class[reference];
    if (number < REFERENCE_CLASSES || r->classes[number].references < 2)
        return;
    if (references_lead_forward(r, holder, reference) != back)
        add_branch(s, level, (struct element){number, holder, reference});
}

/* The elements of the cycle that s->from and s->by describe, from `start` back to it. What leads back to an older object
 * stands first, and is not cut off: every cycle has such a reference. */
static void add_branches(struct break_search *s, struct level *level, uint32_t start) {
    uint32_t member = start;
    for (int order = 0; order < 4; order++)
        do {
            size_t reference = s->by[member];
            member = s->from[member];
            if (order < 2)
                add_class(s, level, reference, !(order & 1));
            else
                add_single(s, level, member, reference, !(order & 1));
        } while (member != start);
}

/* The elements of a cycle that is left. returns 0: nothing is left, or the effort is used up */
static int find_branches(struct break_search *s, struct level *level) {
    uint32_t last = 0;
    *level = (struct level){0};
    if (!spend(s) || take_apart(s) == s->references.members || !spend(s))
        return 0;
    uint32_t start = find_on_cycle(s);
    s->by[start] = way_back(s, start, &last);
    s->from[start] = last;
    add_branches(s, level, start);
    return 1;
}

/* ---- candidates ---- */

static int compare_elements(const struct element *a, const struct element *b) {
    if (a->class != b->class)
        return a->class < b->class ? -1 : 1;
    return (a->single > b->single) - (a->single < b->single);
}

static int compare_numbers(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

static int compare_candidates(const struct candidate *a, const struct candidate *b) {
    int order = a->severs - b->severs;
    if (!order)
        order = compare_numbers(b->frees_objects, a->frees_objects);
    if (!order)
        order = compare_numbers(a->count, b->count);
    if (!order)
        order = compare_numbers(a->references, b->references);
    if (!order)
        order = compare_numbers(a->forward, b->forward);
    for (size_t i = 0; !order && i < a->count; i++)
        order = compare_elements(&a->element[i], &b->element[i]);
    return order;
}

/* Keep the list sorted; the worst goes when it is full. */
static void keep(struct break_search *s, const struct candidate *candidate) {
    size_t at = 0;
    while (at < s->candidate_count && compare_candidates(&s->candidate[at], candidate) < 0)
        at++;
    if (at == CANDIDATES_MAX || (at < s->candidate_count && !compare_candidates(&s->candidate[at], candidate)))
        return;
    s->candidate_count += s->candidate_count < CANDIDATES_MAX;
    memmove(&s->candidate[at + 1], &s->candidate[at], (s->candidate_count - 1 - at) * sizeof *candidate);
    s->candidate[at] = *candidate;
}

static void describe(const struct break_search *s, const struct element *elements, size_t count,
                     struct candidate *out) {
    const struct references *r = &s->references;
    *out = (struct candidate){.count = count};
    for (size_t i = 0; i < count; i++) {
        const struct reference_class *class = &r->classes[elements[i].class];
        int is_class = elements[i].single == REFERENCE_NONE;
        size_t at = i;
        for (; at > 0 && compare_elements(&out->element[at - 1], &elements[i]) > 0; at--)
            out->element[at] = out->element[at - 1];
        out->element[at] = elements[i];
        out->references += is_class ? class->references : 1;
        out->forward +=
            is_class ? class->forward : (uint64_t)references_lead_forward(r, elements[i].holder, elements[i].single);
    }
}

/* Behind take_apart() */
static void describe_freed(struct break_search *s, uint32_t freed, struct candidate *out) {
    const struct references *r = &s->references;
    out->frees_objects = freed;
    out->frees_bytes = 0;
    for (uint32_t i = 0; i < freed; i++)
        out->frees_bytes += graph_object(r->graph, references_node(r, s->queue[i]))->size_bytes;
}

/* Would the others do without one of them? */
static int is_redundant(struct break_search *s, const struct element *elements, size_t count) {
    int redundant = 0;
    for (size_t i = 0; i < count && count > 1 && !redundant && spend(s); i++) {
        set_weak(s, &elements[i], 0);
        redundant = take_apart(s) == s->references.members;
        set_weak(s, &elements[i], 1);
    }
    return redundant;
}

/* The elements are weak. Does that free the whole group (partial: or something of it)? Then keep them. */
static void try_set(struct break_search *s, const struct element *elements, size_t count, int partial) {
    struct candidate candidate;
    uint32_t freed = spend(s) ? take_apart(s) : 0;
    int frees_all = freed == s->references.members;
    if (!freed || (!frees_all && !partial))
        return;
    describe(s, elements, count, &candidate);
    describe_freed(s, freed, &candidate);
    if (frees_all && is_redundant(s, elements, count))
        return;
    candidate.severs = !spend(s) || !all_in_reach(s);
    keep(s, &candidate);
}

/* ---- the search ---- */

/* All sets of just `depth` elements. */
static void search_depth(struct break_search *s, size_t depth) {
    size_t at = 0;
    s->level[0].next = 0;
    for (;;) {
        struct level *level = &s->level[at];
        if (level->next)
            set_weak(s, &level->element[level->next - 1], 0);
        if (level->next == level->count || s->is_exhausted) {
            if (at-- == 0)
                return;
            continue;
        }
        s->chosen[at] = level->element[level->next++];
        set_weak(s, &s->chosen[at], 1);
        if (at + 1 == depth)
            try_set(s, s->chosen, depth, 0);
        else if (find_branches(s, &s->level[at + 1]))
            at++;
    }
}

static int is_good(const struct break_search *s) {
    return s->candidate_count && !s->candidate[0].severs;
}

/* The class with the most references that lead back; NULL: there is none. */
static const struct element *choose_greedily(const struct break_search *s, const struct level *level) {
    const struct element *best = NULL;
    uint64_t best_back = 0;
    for (size_t i = 0; i < level->count; i++) {
        const struct element *element = &level->element[i];
        const struct reference_class *class = &s->references.classes[element->class];
        uint64_t back = class->references - class->forward;
        if (element->single != REFERENCE_NONE || (best && back <= best_back))
            continue;
        best = element;
        best_back = back;
    }
    return best;
}

/* Give back what the others can do without. returns how many are left */
static size_t drop_superfluous(struct break_search *s, struct element *elements, size_t count) {
    for (size_t i = count; i-- > 0;) {
        set_weak(s, &elements[i], 0);
        if (take_apart(s) == s->references.members)
            memmove(&elements[i], &elements[i + 1], (--count - i) * sizeof *elements);
        else
            set_weak(s, &elements[i], 1);
    }
    return count;
}

/* One class after the other, each from a cycle that is left. */
static void collect_greedily(struct break_search *s) {
    struct element elements[BREAK_PARTS_MAX];
    const struct element *best;
    size_t count = 0;
    s->effort += BREAK_EFFORT_EACH * whole(s);
    while (count < BREAK_PARTS_MAX && find_branches(s, &s->level[1]) && (best = choose_greedily(s, &s->level[1]))) {
        elements[count++] = *best;
        set_weak(s, best, 1);
    }
    if (take_apart(s) == s->references.members)
        count = drop_superfluous(s, elements, count);
    try_set(s, elements, count, 0);
    for (size_t i = 0; i < count; i++)
        set_weak(s, &elements[i], 0);
}

static void try_partial(struct break_search *s) {
    for (size_t i = 0; i < s->level[0].count; i++) {
        set_weak(s, &s->level[0].element[i], 1);
        try_set(s, &s->level[0].element[i], 1, 1);
        set_weak(s, &s->level[0].element[i], 0);
    }
}

/* The elements on the cycle that is shown. */
static void begin_branches(struct break_search *s, const struct reference_cycle *cycle) {
    const struct references *r = &s->references;
    uint32_t start = references_at(r, cycle, 0), member = start;
    s->level[0] = (struct level){0};
    for (size_t entry = 0; entry < cycle->length; entry++) {
        uint32_t next = references_at(r, cycle, entry + 1);
        s->by[next] = references_between(r, member, next);
        s->from[next] = member;
        if (s->by[next] == REFERENCE_NONE)
            return;
        member = next;
    }
    add_branches(s, &s->level[0], start);
}

static void search_all(struct break_search *s, const struct reference_cycle *cycle) {
    begin_branches(s, cycle);
    for (size_t depth = 1; depth <= BREAK_DEPTH_MAX && !is_good(s) && !s->is_exhausted; depth++)
        search_depth(s, depth);
    if (!is_good(s)) {
        s->is_cut = 1;
        collect_greedily(s);
    }
    if (!s->candidate_count)
        try_partial(s);
}

static int begin_search(struct break_search *s) {
    const struct references *r = &s->references;
    uint8_t *is_weak = s->is_weak;
    if (s->is_weak_capacity < r->class_count) {
        s->is_weak_capacity = 2 * r->class_count;
        is_weak = arena_alloc(r->arena, s->is_weak_capacity, sizeof *is_weak);
    }
    if (!is_weak)
        return -ENOMEM;
    s->is_weak = is_weak;
    memset(is_weak, 0, s->is_weak_capacity);
    is_weak[REFERENCE_BORROWED] = 1;
    s->effort = BREAK_EFFORT_EACH * whole(s);
    s->candidate_count = 0;
    s->is_exhausted = 0;
    s->is_cut = !r->is_complete;
    return 0;
}

/* ---- what is told ---- */

/* Where a member stands on the cycle. */
static size_t place_of(const struct references *r, const struct reference_cycle *cycle, uint32_t member) {
    for (size_t entry = 0; entry < cycle->length; entry++)
        if (references_at(r, cycle, entry) == member)
            return entry;
    return REFERENCE_OFF_CYCLE;
}

/* Is it the reference that leads from one entry to the next? */
static int is_on_cycle(const struct references *r, const struct reference_cycle *cycle, size_t entry,
                       size_t reference) {
    return entry != REFERENCE_OFF_CYCLE &&
           references_between(r, references_at(r, cycle, entry), references_at(r, cycle, entry + 1)) == reference;
}

static struct break_part part_of(const struct references *r, const struct reference_cycle *cycle,
                                 const struct element *element) {
    const struct reference_class *class = &r->classes[element->class];
    const struct graph *graph = r->graph;
    int is_class = element->single == REFERENCE_NONE;
    uint32_t holder = is_class ? class->holder : element->holder;
    size_t example = is_class ? class->example : element->single, place = place_of(r, cycle, holder);
    node_number from = references_node(r, holder), to = references_node(r, r->target[example]);
    return (struct break_part){
        .from_site = graph_object(graph, from)->site,
        .from_size = graph_object(graph, from)->size_bytes,
        .from_type = counts_type_name(graph->counts, graph->id[from]),
        .to_site = graph_object(graph, to)->site,
        .to_size = graph_object(graph, to)->size_bytes,
        .to_type = counts_type_name(graph->counts, graph->id[to]),
        .offset = class->offset,
        .target_offset = class->target_offset,
        .holder = graph->id[from],
        .target = graph->id[to],
        .entry = is_on_cycle(r, cycle, place, example) ? place : REFERENCE_OFF_CYCLE,
        .from_entry = place,
        .to_entry = place_of(r, cycle, r->target[example]),
        .references = is_class ? class->references : 1,
    };
}

static int tell(const struct break_search *s, const struct candidate *candidate, const struct reference_cycle *cycle,
                struct break_set *out) {
    struct break_part *part = arena_alloc(s->references.arena, candidate->count, sizeof *part);
    if (!part)
        return -ENOMEM;
    for (size_t i = 0; i < candidate->count; i++)
        part[i] = part_of(&s->references, cycle, &candidate->element[i]);
    *out = (struct break_set){
        .part = part,
        .part_count = candidate->count,
        .frees_objects = candidate->frees_objects,
        .frees_bytes = candidate->frees_bytes,
        .frees_all = candidate->frees_objects == s->references.members,
    };
    return 0;
}

int break_find(struct break_search *s, uint32_t component, const struct reference_cycle *cycle, struct breaks *out) {
    *out = (struct breaks){0};
    if (references_collect(&s->references, component, cycle) || begin_search(s))
        return -ENOMEM;
    search_all(s, cycle);
    for (size_t i = 0; i < s->candidate_count && out->count < BREAK_SETS_MAX; i++) {
        if (s->candidate[i].severs && is_good(s))
            break;
        if (tell(s, &s->candidate[i], cycle, &out->set[out->count++]))
            return -ENOMEM;
    }
    out->is_complete = !s->is_exhausted && !s->is_cut;
    return 0;
}
