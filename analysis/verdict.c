/* verdict.c - from marks to findings.
 *
 * Owns:    findings and their table.      Never: looks at addresses: two runs of the same program give the same order.
 * Runs in: snapshot child (one thread), unit tests, tools.
 * Start:   verdict_run().  Invariants: README.md, "Kinds". */
#include "verdict.h"

#include "cycle.h"
#include "graph.h"
#include "mix.h"
#include "sort.h"

#include <errno.h>
#include <string.h>

/* ---- kinds ---- */

static const struct {
    const char *word, *key;
} kinds[KIND_COUNT] = {
#define X(name, word, key) {word, key},
    KINDS(X)
#undef X
};

const char *kind_word(enum kind kind) {
    return kinds[kind].word;
}

const char *kind_key(enum kind kind) {
    return kinds[kind].key;
}

/* ---- findings: an array, and a table that finds the one of the same kind and site or cycle ---- */

struct entry {
    struct finding finding;
    uint64_t hash;
    uint32_t birth;  /* of the object whose age is the finding's */
    uint32_t number; /* order of making: what struct counted_member names until the findings are in their order */
    int is_plain;    /* a cycle that is listed as a whole and has no run of equal references */
};
struct held { /* what is counted at a source, besides its own */
    uint64_t objects, bytes;
};
struct finding_key {
    enum kind kind;
    uint32_t site;
    const char *type;          /* NULL: not known; equal names are one pointer */
    const struct cycle *cycle; /* NULL: none */
};
enum { RECENT = 256 }; /* a power of two; one place makes many objects in a row */
/* A bit for each site that was met. */
struct met_sites {
    uint64_t *bits;
    size_t words;
};
struct judge {
    const struct heap *heap;
    const struct marks *marks;
    struct arena *arena;
    unsigned skip;                     /* OBJECT_* flags of what is not counted */
    const struct verdict_times *times; /* NULL: ages are not known */
    const struct audit *audit;         /* NULL: nothing is known of references and types */
    struct verdicts *out;
    struct entry *entry;
    size_t entry_count, entry_capacity;
    struct counted_member *counted;
    size_t counted_count, counted_capacity;
    uint32_t *table;                            /* open addressing; entry number + 1 */
    size_t table_size;                          /* a power of two, more than entry_count */
    uint32_t recent[RECENT];                    /* by kind and site: number + 1 of the entry that was found last */
    struct met_sites unread[KIND_JUDGED_COUNT]; /* of kinds that have no findings */
    int is_history_empty; /* what is lost was lost between the last look at it and this scan, all of it */
    struct graph graph;
    uint32_t members_max;        /* of the largest source */
    struct break_search *breaks; /* made when it is needed */
    /* by component; `owner` in the place of graph.holder, `place` that in `held` until a source is judged */
    uint32_t *owner;            /* the one source that its objects are counted at; GRAPH_NONE: it is a source */
    uint32_t *place;            /* of a source: its finding's place in `entry` + 1; 0: none */
    struct held *held;          /* by source */
    const struct held *hanging; /* of the source at hand */
};

static uint64_t hash_cycle(const struct cycle *cycle) {
    uint64_t hash = mix(KIND_CYCLE, cycle->length == 1);
    for (size_t i = 0; i < cycle->length; i = cycle_next_step(cycle, i)) {
        const struct cycle_edge *edge = cycle_at(cycle, i);
        hash = mix(mix(mix(hash, edge->site), edge->offset), edge->target_offset);
        hash = mix(hash, (uintptr_t)edge->type);
    }
    return hash;
}

static struct cycle listed_cycle(const struct finding *finding) {
    return (struct cycle){.edge = (struct cycle_edge *)finding->cycle, .length = finding->cycle_listed};
}

static int is_same_shape(const struct cycle *a, const struct cycle *b) {
    for (size_t i = 0, j = 0; i < a->length && j < b->length; i = cycle_next_step(a, i), j = cycle_next_step(b, j))
        if (cycle_compare_edges(cycle_at(a, i), cycle_at(b, j)))
            return 0;
    return 1;
}

/* The listed edges are compared, the rest of a longer cycle is trusted to the hash. */
static int is_same(const struct entry *entry, uint64_t hash, const struct finding_key *key) {
    const struct finding *finding = &entry->finding;
    const struct cycle *cycle = key->cycle;
    if (entry->hash != hash || finding->kind != key->kind || finding->site != key->site || finding->type != key->type)
        return 0;
    if (!cycle)
        return 1;
    struct cycle listed = listed_cycle(finding);
    return is_same_shape(&listed, cycle);
}

/* Without a hash. A cycle that differs only in the length of its runs is not recognised here. */
static int is_same_in_full(const struct finding *finding, const struct finding_key *key) {
    const struct cycle *cycle = key->cycle;
    if (finding->kind != key->kind || finding->site != key->site || finding->type != key->type)
        return 0;
    if (!cycle)
        return 1;
    if (cycle->length != finding->cycle_length || cycle->length != finding->cycle_listed)
        return 0;
    for (size_t i = 0; i < cycle->length; i++)
        if (cycle_compare_edges(&finding->cycle[i], cycle_at(cycle, i)))
            return 0;
    return 1;
}

static int grow_table(struct judge *judge) {
    size_t size = judge->table_size ? 4 * judge->table_size : 1024;
    uint32_t *table = arena_alloc(judge->arena, size, sizeof *table);
    if (!table)
        return -ENOMEM;
    for (size_t e = 0; e < judge->entry_count; e++) {
        size_t place = judge->entry[e].hash & (size - 1);
        while (table[place])
            place = (place + 1) & (size - 1);
        table[place] = (uint32_t)e + 1;
    }
    judge->table = table;
    judge->table_size = size;
    return 0;
}

static int list_cycle(struct judge *judge, struct finding *finding, const struct cycle *cycle) {
    size_t listed = cycle->length < VERDICT_CYCLE_LISTED_MAX ? cycle->length : VERDICT_CYCLE_LISTED_MAX;
    struct cycle_edge *edge = arena_alloc(judge->arena, listed, sizeof *edge);
    if (!edge)
        return -ENOMEM;
    for (size_t i = 0; i < listed; i++)
        edge[i] = *cycle_at(cycle, i);
    finding->cycle = edge;
    finding->cycle_length = finding->cycle_length_max = cycle->length;
    finding->cycle_listed = listed;
    return 0;
}

static int is_plain_cycle(const struct cycle *cycle) {
    for (size_t i = 0; i < cycle->length; i++)
        if (cycle_next_step(cycle, i) != i + 1)
            return 0;
    return cycle->length <= VERDICT_CYCLE_LISTED_MAX;
}

static struct finding *add_finding(struct judge *judge, uint64_t hash, const struct finding_key *key) {
    struct entry *entry =
        arena_grow(judge->arena, judge->entry, judge->entry_count, &judge->entry_capacity, sizeof *entry);
    if (!entry)
        return NULL;
    judge->entry = entry;
    entry += judge->entry_count;
    *entry = (struct entry){.finding = {.kind = key->kind, .site = key->site, .type = key->type, .age.born_us = -1},
                            .hash = hash};
    entry->number = (uint32_t)judge->entry_count;
    entry->is_plain = key->cycle && is_plain_cycle(key->cycle);
    if (key->cycle && list_cycle(judge, &entry->finding, key->cycle))
        return NULL;
    judge->entry_count++;
    judge->out->tally[key->kind].findings++;
    return &entry->finding;
}

static struct finding *find_or_add(struct judge *judge, const struct finding_key *key) {
    if (2 * judge->entry_count >= judge->table_size && grow_table(judge))
        return NULL;
    uint64_t hash = key->cycle ? hash_cycle(key->cycle) : mix(mix(key->kind, key->site), (uintptr_t)key->type);
    size_t place = hash & (judge->table_size - 1);
    for (; judge->table[place]; place = (place + 1) & (judge->table_size - 1)) {
        struct entry *entry = &judge->entry[judge->table[place] - 1];
        if (is_same(entry, hash, key))
            return &entry->finding;
    }
    judge->table[place] = (uint32_t)judge->entry_count + 1;
    return add_finding(judge, hash, key);
}

/* The finding of this kind, site and type, or of this cycle; made if there is none. NULL: no memory. */
static struct finding *finding_of(struct judge *judge, const struct finding_key *key) {
    uint32_t *recent = &judge->recent[(key->site * KIND_COUNT + key->kind) % RECENT];
    if (*recent && is_same_in_full(&judge->entry[*recent - 1].finding, key))
        return &judge->entry[*recent - 1].finding;
    struct finding *finding = find_or_add(judge, key);
    if (finding)
        *recent = ((struct entry *)finding)->number + 1; /* its first member */
    return finding;
}

/* ---- one object ---- */

static void tally(struct judge *judge, enum kind kind, uint64_t objects, uint64_t bytes) {
    judge->out->tally[kind].objects += objects;
    judge->out->tally[kind].bytes += bytes;
}

static struct finding *count_as(struct judge *judge, enum kind kind, const struct object *object, const char *type) {
    struct finding *finding = finding_of(judge, &(struct finding_key){kind, object->site, type, NULL});
    if (!finding)
        return NULL;
    finding_add_object(finding, object->size_bytes);
    tally(judge, kind, 1, object->size_bytes);
    return finding;
}

static int count_object(struct judge *judge, enum kind kind, const struct object *object) {
    return count_as(judge, kind, object, NULL) ? 0 : -ENOMEM;
}

static int met_grow(struct judge *judge, struct met_sites *met, size_t word) {
    enum { WORDS_MIN = 64 };
    size_t words = 2 * word > WORDS_MIN ? 2 * word : WORDS_MIN;
    uint64_t *bits = arena_alloc(judge->arena, words, sizeof *bits);
    if (!bits)
        return -ENOMEM;
    if (met->words)
        memcpy(bits, met->bits, met->words * sizeof *bits);
    *met = (struct met_sites){bits, words};
    return 0;
}

/* Into the sums alone: a site is a finding of its kind. */
static int count_unread(struct judge *judge, enum kind kind, const struct object *object) {
    struct met_sites *met = &judge->unread[kind];
    size_t word = object->site / 64;
    uint64_t bit = UINT64_C(1) << object->site % 64;
    if (word >= met->words && met_grow(judge, met, word))
        return -ENOMEM;
    tally(judge, kind, 1, object->size_bytes);
    judge->out->tally[kind].findings += !(met->bits[word] & bit);
    met->bits[word] |= bit;
    return 0;
}

static int count_held(struct judge *judge, enum kind kind, const struct object *object) {
    int is_unread = judge->times && judge->times->unread >> kind & 1;
    return is_unread ? count_unread(judge, kind, object) : count_object(judge, kind, object);
}

static int judge_marked(void *context, uintptr_t address, object_id id) {
    struct judge *judge = context;
    const struct object *object = heap_object(judge->heap, id);
    (void)address;
    int is_reachable = mark_test(judge->marks->reachable, id);
    if (object->flags & OBJECT_INHERITED)
        judge->out->inherited_objects++;
    if (!is_reachable && !mark_test(judge->marks->possible, id)) {
        graph_note_lost(&judge->graph, id);
        return 0;
    }
    if (object->flags & judge->skip)
        return 0;
    return count_held(judge, is_reachable ? KIND_REACHABLE : KIND_POSSIBLE, object);
}

/* ---- components of the lost graph ---- */

struct group { /* what a component holds, inherited objects left out */
    uint64_t objects, bytes;
    node_number oldest;
    unsigned refs; /* not 0: some of its references were counted */
};

static struct group own_objects(const struct judge *judge, uint32_t component) {
    const struct graph *graph = &judge->graph;
    struct group group = {.oldest = GRAPH_NONE};
    uint32_t birth = 0;
    for (uint32_t place = graph->first[component]; place < graph->first[component + 1]; place++) {
        const struct object *object = graph_object(graph, graph->member[place]);
        if (object->flags & judge->skip)
            continue;
        if (!group.objects++ || heap_born_before(object->birth, birth)) {
            group.oldest = graph->member[place];
            birth = object->birth;
        }
        group.bytes += object->size_bytes;
        group.refs |= object->refs;
    }
    return group;
}

static int is_source(const struct judge *judge, uint32_t component) {
    return judge->owner[component] == GRAPH_NONE;
}

static uint32_t source_of(const struct judge *judge, uint32_t component) {
    return is_source(judge, component) ? component : judge->owner[component];
}

static int make_held(struct judge *judge) {
    uint32_t sources = 0;
    for (uint32_t c = 0; c < judge->graph.component_count; c++)
        if (is_source(judge, c))
            judge->place[c] = sources++;
    judge->held = arena_alloc(judge->arena, sources, sizeof *judge->held);
    return judge->held ? 0 : -ENOMEM;
}

static int judge_indirect(struct judge *judge, uint32_t component) {
    const struct graph *graph = &judge->graph;
    for (uint32_t place = graph->first[component]; place < graph->first[component + 1]; place++) {
        const struct object *object = graph_object(graph, graph->member[place]);
        if (object->flags & judge->skip)
            continue;
        if (count_object(judge, KIND_LOST_INDIRECT, object))
            return -ENOMEM;
    }
    return 0;
}

/* From the sources on: a holder's component has the higher number, so its owner is known first. */
static int judge_held(struct judge *judge) {
    struct graph *graph = &judge->graph;
    for (uint32_t component = graph->component_count; component-- > 0;) {
        if (is_source(judge, component))
            continue;
        uint32_t source = source_of(judge, graph->component[judge->owner[component]]); /* the holder, until now */
        struct held *held = &judge->held[judge->place[source]];
        struct group group = own_objects(judge, component);
        judge->owner[component] = source;
        held->objects += group.objects;
        held->bytes += group.bytes;
        if (judge_indirect(judge, component))
            return -ENOMEM;
    }
    return 0;
}

/* A finding is as old as what was lost first of it. */
static void find_age(const struct judge *judge, struct finding *finding, node_number node) {
    const struct verdict_times *times = judge->times;
    const struct object *object = graph_object(&judge->graph, node);
    struct entry *entry = (struct entry *)finding; /* its first member */
    int has_age = finding->age.scan_b != 0;
    if (!times || (has_age && judge->is_history_empty && !heap_born_before(object->birth, entry->birth)))
        return;
    struct age age =
        history_age(times->history, &times->now, times->births, times->birth_count, judge->graph.address[node], object);
    int is_first = !has_age || age.scan_b < finding->age.scan_b ||
                   (age.scan_b == finding->age.scan_b && heap_born_before(object->birth, entry->birth));
    if (!is_first)
        return;
    finding->age = age;
    entry->birth = object->birth;
}

/* Note the members of a component whose references were counted. */
static int note_counted(struct judge *judge, const struct finding *finding, uint32_t component) {
    const struct graph *graph = &judge->graph;
    uint32_t number = ((const struct entry *)finding)->number; /* its first member */
    for (uint32_t place = graph->first[component]; place < graph->first[component + 1]; place++) {
        const struct object *object = graph_object(graph, graph->member[place]);
        if (!object->refs || object->flags & judge->skip)
            continue;
        struct counted_member *counted =
            arena_grow(judge->arena, judge->counted, judge->counted_count, &judge->counted_capacity, sizeof *counted);
        if (!counted)
            return -ENOMEM;
        judge->counted = counted;
        counted[judge->counted_count++] = (struct counted_member){graph->id[graph->member[place]], number};
    }
    return 0;
}

static void find_ages(const struct judge *judge, struct finding *finding, uint32_t component, node_number oldest) {
    const struct graph *graph = &judge->graph;
    if (judge->is_history_empty) {
        find_age(judge, finding, oldest);
        return;
    }
    for (uint32_t place = graph->first[component]; place < graph->first[component + 1]; place++)
        if (!(graph_object(graph, graph->member[place])->flags & judge->skip))
            find_age(judge, finding, graph->member[place]);
}

/* How to break the group, with what hangs from it. */
static int find_breaks(struct judge *judge, struct blame *blame, uint32_t component, const struct cycle *cycle) {
    struct breaks *breaks = arena_alloc(judge->arena, 1, sizeof *breaks);
    struct reference_cycle way = {cycle->node, cycle->length, cycle->rotation};
    if (!judge->breaks)
        judge->breaks = break_search_new(&judge->graph, judge->members_max, judge->arena);
    if (!breaks || !judge->breaks || break_find(judge->breaks, component, &way, breaks))
        return -ENOMEM;
    for (size_t i = 0; i < breaks->count; i++) {
        if (!breaks->set[i].frees_all)
            continue;
        breaks->set[i].frees_objects += judge->hanging->objects;
        breaks->set[i].frees_bytes += judge->hanging->bytes;
    }
    blame->breaks = breaks;
    return 0;
}

/* What is known of references and types, once for each finding. Only the first group is tried for how to break it. */
static int begin_blame(struct judge *judge, struct finding *finding, uint32_t component, const struct cycle *cycle) {
    judge->place[component] = (uint32_t)((struct entry *)finding - judge->entry) + 1;
    if (!judge->audit || finding->blame)
        return 0;
    struct blame *blame = arena_alloc(judge->arena, 1, sizeof *blame);
    if (!blame)
        return -ENOMEM;
    blame_begin(blame);
    finding->blame = blame;
    return cycle ? find_breaks(judge, blame, component, cycle) : 0;
}

/* The edges [from, from_end) of another group stand where [to, to_end) of the finding stands. */
static void add_run_sizes(struct cycle *known, size_t to, size_t to_end, const struct cycle *cycle, size_t from,
                          size_t from_end) {
    uint64_t least = UINT64_MAX, most = 0, sum = 0;
    for (; from < from_end; from++) {
        uint64_t size_bytes = cycle_at(cycle, from)->size_bytes;
        least = size_bytes < least ? size_bytes : least;
        most = size_bytes > most ? size_bytes : most;
        sum += size_bytes;
    }
    known->edge[to].bytes += sum;
    for (; to < to_end; to++) {
        struct cycle_edge *edge = &known->edge[to];
        edge->size_bytes = least < edge->size_bytes ? least : edge->size_bytes;
        edge->size_max_bytes = most > edge->size_max_bytes ? most : edge->size_max_bytes;
    }
}

/* What another group of the same shape tells of sizes; its runs may be longer or shorter. */
static void add_group(struct finding *finding, const struct cycle *cycle) {
    struct cycle known = listed_cycle(finding);
    if (((struct entry *)finding)->is_plain && cycle->length == known.length) { /* each entry is a run, of both */
        for (size_t i = 0; i < known.length; i++)
            add_run_sizes(&known, i, i + 1, cycle, i, i + 1);
        return;
    }
    if (cycle->length > finding->cycle_length_max)
        finding->cycle_length_max = cycle->length;
    for (size_t to = 0, from = 0; to < known.length && from < cycle->length;) {
        size_t to_end = cycle_next_step(&known, to), from_end = cycle_next_step(cycle, from);
        add_run_sizes(&known, to, to_end, cycle, from, from_end);
        to = to_end;
        from = from_end;
    }
}

static int judge_cycle(struct judge *judge, const struct cycle *cycle, uint32_t component, const struct group *group) {
    const struct cycle_edge *first = cycle_at(cycle, 0);
    struct finding *finding = finding_of(judge, &(struct finding_key){KIND_CYCLE, first->site, first->type, cycle});
    if (!finding || begin_blame(judge, finding, component, cycle))
        return -ENOMEM;
    if (finding->count++)
        add_group(finding, cycle);
    finding->objects += group->objects;
    finding->bytes += group->bytes;
    finding->indirect_objects += judge->hanging->objects;
    finding->indirect_bytes += judge->hanging->bytes;
    if (group->objects > finding->group_objects_max)
        finding->group_objects_max = group->objects;
    find_ages(judge, finding, component, group->oldest);
    tally(judge, KIND_CYCLE, group->objects, group->bytes);
    return group->refs ? note_counted(judge, finding, component) : 0;
}

static int judge_lost(struct judge *judge, uint32_t component) {
    const struct graph *graph = &judge->graph;
    const struct object *object = graph_object(graph, graph->member[graph->first[component]]);
    if (object->flags & judge->skip)
        return 0;
    struct finding *finding = count_as(
        judge, KIND_LOST, object, counts_type_name(graph->counts, graph->id[graph->member[graph->first[component]]]));
    if (!finding || begin_blame(judge, finding, component, NULL))
        return -ENOMEM;
    finding->indirect_objects += judge->hanging->objects;
    finding->indirect_bytes += judge->hanging->bytes;
    find_age(judge, finding, graph->member[graph->first[component]]);
    return note_counted(judge, finding, component);
}

/* A single object whose own references to itself are all that its count is made of. Where pointers may be borrowed it is
 * more likely the head of an empty list. */
static int holds_itself(const struct judge *judge, node_number node) {
    object_id id = judge->graph.id[node];
    const struct audit *audit = judge->audit;
    const struct found *found = audit ? audit_found(audit, id) : NULL;
    const struct counted *counted = found ? counts_of(audit->counts, id) : NULL;
    return counted && (counted->exact || counted->all) && found->heap > counted->weak &&
           counted->count <= (int64_t)(found->heap - counted->weak);
}

static int judge_single(struct judge *judge, struct cycle_search *search, uint32_t component) {
    struct cycle cycle;
    node_number node = judge->graph.member[judge->graph.first[component]];
    if (graph_object(&judge->graph, node)->flags & judge->skip)
        return 0;
    if (!holds_itself(judge, node))
        return judge_lost(judge, component);
    struct group group = own_objects(judge, component);
    int error = cycle_self(search, node, &cycle);
    return error ? error : judge_cycle(judge, &cycle, component, &group);
}

static int judge_group(struct judge *judge, struct cycle_search *search, uint32_t component) {
    struct cycle cycle;
    struct group group = own_objects(judge, component);
    if (group.objects == 0)
        return 0;
    int error = cycle_smallest(search, component, &cycle);
    return error ? error : judge_cycle(judge, &cycle, component, &group);
}

/* Every lost object tells the finding that it is counted at what it knows. */
static int judge_references(struct judge *judge) {
    const struct graph *graph = &judge->graph;
    if (!judge->audit)
        return 0;
    for (node_number node = 0; node < graph->count; node++) {
        uint32_t component = graph->component[node], owner = source_of(judge, component);
        if (!judge->place[owner] || graph_object(graph, node)->flags & judge->skip)
            continue;
        struct blame *blame = (struct blame *)judge->entry[judge->place[owner] - 1].finding.blame;
        if (blame_add(blame, judge->audit, graph, node, component == owner, judge->arena))
            return -ENOMEM;
    }
    return 0;
}

static int judge_sources(struct judge *judge) {
    const struct graph *graph = &judge->graph;
    judge->members_max = 1;
    for (uint32_t c = 0; c < graph->component_count; c++)
        if (is_source(judge, c) && graph_members(graph, c) > judge->members_max)
            judge->members_max = graph_members(graph, c);
    struct cycle_search *search = NULL;
    if ((judge->members_max > 1 || judge->audit) &&
        !(search = cycle_search_new(graph, judge->members_max, judge->arena)))
        return -ENOMEM;
    for (uint32_t c = 0; c < graph->component_count; c++) {
        if (!is_source(judge, c))
            continue;
        judge->hanging = &judge->held[judge->place[c]];
        judge->place[c] = 0;
        int error = (graph_members(graph, c) == 1 ? judge_single : judge_group)(judge, search, c);
        if (error)
            return error;
    }
    return judge_references(judge);
}

static int judge_graph(struct judge *judge) {
    if (judge->graph.count == 0)
        return 0;
    int error = graph_complete(&judge->graph, judge->arena);
    if (error)
        return error;
    size_t components = judge->graph.component_count;
    judge->graph.counts = judge->audit ? judge->audit->counts : NULL;
    judge->place = arena_alloc(judge->arena, components, sizeof *judge->place);
    judge->owner = judge->graph.holder;
    judge->graph.holder = NULL;
    if (!judge->place || make_held(judge))
        return -ENOMEM;
    error = judge_held(judge);
    return error ? error : judge_sources(judge);
}

/* ---- order ---- */

static int compare_cycles(const struct finding *a, const struct finding *b) {
    if (a->cycle_length != b->cycle_length)
        return a->cycle_length < b->cycle_length ? -1 : 1;
    for (size_t i = 0; i < a->cycle_listed; i++) {
        int order = cycle_compare_edges(&a->cycle[i], &b->cycle[i]);
        if (order)
            return order;
    }
    return 0;
}

/* Lost and cycle are one rank, by the bytes that they hold; the other kinds follow one after the other. */
static int compare_entries(const void *x, const void *y) {
    const struct entry *a = x, *b = y;
    const struct finding *f = &a->finding, *g = &b->finding;
    int f_source = f->kind == KIND_LOST || f->kind == KIND_CYCLE;
    int g_source = g->kind == KIND_LOST || g->kind == KIND_CYCLE;
    if (f_source != g_source)
        return f_source ? -1 : 1;
    if (!f_source && f->kind != g->kind)
        return f->kind < g->kind ? -1 : 1;
    uint64_t f_bytes = f->bytes + f->indirect_bytes, g_bytes = g->bytes + g->indirect_bytes;
    if (f_bytes != g_bytes)
        return f_bytes > g_bytes ? -1 : 1;
    if (f->kind != g->kind)
        return f->kind < g->kind ? -1 : 1;
    if (f->site != g->site)
        return f->site < g->site ? -1 : 1;
    int order = counts_compare_names(f->type, g->type);
    if (!order)
        order = compare_cycles(f, g);
    return order ? order : (a->hash > b->hash) - (a->hash < b->hash);
}

static int compare_counted(const void *x, const void *y) {
    const struct counted_member *a = x, *b = y;
    if (a->finding != b->finding)
        return a->finding < b->finding ? -1 : 1;
    return (a->id > b->id) - (a->id < b->id);
}

/* The findings are in their order: say which is which. */
static int hand_over_members(struct judge *judge) {
    struct verdicts *out = judge->out;
    uint32_t *place = arena_alloc(judge->arena, judge->entry_count + 1, sizeof *place);
    struct graph *graph = arena_alloc(judge->arena, 1, sizeof *graph);
    if (!place || !graph)
        return -ENOMEM;
    for (size_t e = 0; e < judge->entry_count; e++)
        place[judge->entry[e].number] = (uint32_t)e;
    for (size_t i = 0; i < judge->counted_count; i++)
        judge->counted[i].finding = place[judge->counted[i].finding];
    for (uint32_t c = 0; c < judge->graph.component_count; c++)
        judge->place[c] = judge->place[c] ? place[judge->place[c] - 1] : GRAPH_NONE;
    sort_array(judge->counted, judge->counted_count, sizeof *judge->counted, compare_counted);
    *graph = judge->graph;
    out->counted = judge->counted;
    out->counted_count = judge->counted_count;
    out->lost = graph;
    out->finding_of = judge->place;
    return 0;
}

static int hand_over(struct judge *judge) {
    struct verdicts *out = judge->out;
    struct finding *finding = arena_alloc(judge->arena, judge->entry_count, sizeof *finding);
    if (!finding)
        return -ENOMEM;
    _Static_assert(sizeof(struct entry) <= SORT_ELEMENT_BYTES_MAX, "sort_array() holds one entry");
    sort_array(judge->entry, judge->entry_count, sizeof *judge->entry, compare_entries);
    for (size_t e = 0; e < judge->entry_count; e++)
        finding[e] = judge->entry[e].finding;
    out->findings = finding;
    out->finding_count = judge->entry_count;
    return judge->graph.count ? hand_over_members(judge) : 0;
}

int verdict_run(const struct heap *heap, const struct marks *marks, unsigned skip, const struct verdict_times *times,
                struct arena *arena, struct verdicts *out) {
    struct judge judge = {.heap = heap, .marks = marks, .arena = arena, .skip = skip, .times = times, .out = out};
    const struct audit *audit = times ? times->audit : NULL;
    judge.audit = audit && audit->counts && audit->counts->by_id ? audit : NULL;
    judge.is_history_empty = times && (!times->history || !times->history->suspect_count);
    memset(out, 0, sizeof *out);
    int error = graph_begin(&judge.graph, heap, arena);
    if (!error)
        error = heap_each(heap, judge_marked, &judge);
    if (!error)
        error = judge_graph(&judge);
    return error ? error : hand_over(&judge);
}
