/* holders.c - see the header.
 *
 * A root's word belongs to a group: the variable that it stands in, the thread's stack, the mapping. Where a module has no
 * symbols each word is a group of its own.
 *
 * Owns:    nothing.
 * Never:   follows a pointer further than to its object: what hangs from that is analysis/dominators.c's part.
 * Runs in: snapshot child.
 * Start:   holders_find(). */
#include "holders.h"

#include <errno.h>
#include <string.h>

#include "analysis/pointers.h"
#include "analysis/sort.h"
#include "init.h"
#include "lock.h"
#include "module.h"
#include "root_name.h"
#include "variables.h"

/* Where the groups' keys are no addresses. */
#define KEY_THREAD (1ull << 63)
#define KEY_REGISTERS (1ull << 62)
#define KEY_IGNORED (1ull << 61)

struct group {
    uint64_t key;
    size_t root;
    uintptr_t word; /* the first in it */
};
/* Neighbouring words that are told apart in the same way. */
struct stretch {
    uintptr_t lo, hi;
    unsigned module; /* MODULE_NONE: all words of it are one group */
    uint32_t group;
};
struct gather {
    const struct scan_input *in;
    struct search *search;
    struct arena *arena;
    struct variables *variables; /* by module */
    uint8_t *has_variables;
    struct group *groups;
    size_t group_count, group_capacity;
    uint32_t *table; /* open addressing; group + 1 */
    size_t table_size;
    struct dominator_entry *entries;
    size_t entry_count, entry_capacity;
};

/* ---- groups ---- */

static size_t place_of(const struct gather *gather, uint64_t key) {
    size_t place = key * 0x9E3779B97F4A7C15ull >> 20 & (gather->table_size - 1);
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a place that is taken names a group, so there are groups */
    while (gather->table[place] && gather->groups[gather->table[place] - 1].key != key)
        place = (place + 1) & (gather->table_size - 1);
    return place;
}

static int grow_table(struct gather *gather) {
    gather->table_size = gather->table_size ? 4 * gather->table_size : 1024;
    gather->table = arena_alloc(gather->arena, gather->table_size, sizeof *gather->table);
    for (size_t i = 0; gather->table && i < gather->group_count; i++)
        gather->table[place_of(gather, gather->groups[i].key)] = (uint32_t)i + 1;
    return gather->table ? 0 : -ENOMEM;
}

static int group_of(struct gather *gather, uint64_t key, size_t root, uintptr_t word, uint32_t *out) {
    if (2 * gather->group_count >= gather->table_size && grow_table(gather))
        return -ENOMEM;
    size_t place = place_of(gather, key);
    if (!gather->table[place]) {
        struct group *groups =
            arena_grow(gather->arena, gather->groups, gather->group_count, &gather->group_capacity, sizeof *groups);
        if (!groups)
            return -ENOMEM;
        gather->groups = groups;
        groups[gather->group_count++] = (struct group){key, root, word};
        gather->table[place] = (uint32_t)gather->group_count;
    }
    *out = gather->table[place] - 1;
    return 0;
}

static int enter(struct gather *gather, uint32_t group, object_id id, uintptr_t address) {
    struct dominator_entry *entries =
        arena_grow(gather->arena, gather->entries, gather->entry_count, &gather->entry_capacity, sizeof *entries);
    if (!entries)
        return -ENOMEM;
    gather->entries = entries;
    entries[gather->entry_count++] = (struct dominator_entry){id, group, address};
    return 0;
}

/* ---- words of roots ---- */

static unsigned module_of(uintptr_t word) {
    lock_take(LOCK_SITE);
    unsigned module = module_of_locked(word);
    lock_release(LOCK_SITE);
    return module;
}

/* The name that a way from this word would have. */
static int name_of(struct gather *gather, size_t root, uintptr_t word, struct cast_root *out) {
    const struct path path = {.root = root, .root_word = word, .step_count = 1};
    return root_name(out, gather->in, gather->search, &path);
}

static int find_stretch(struct gather *gather, size_t root, uintptr_t word, struct stretch *out) {
    const struct root *all = &gather->search->roots.root[root];
    const struct mapping *mapping = maps_find(&gather->search->maps, word);
    size_t count;
    *out = (struct stretch){all->lo, all->hi, module_of(word), 0};
    if (out->module != MODULE_NONE) {
        const struct module *module = &module_table(&count)[out->module];
        out->lo = module->lo;
        out->hi = module->hi;
        return 0;
    }
    if (all->flags & ROOT_LIVE) {
        struct cast_root name;
        int error = name_of(gather, root, word, &name);
        uint64_t key = name.tid ? KEY_THREAD | (uint32_t)name.tid : KEY_REGISTERS;
        return error ? error : group_of(gather, key, root, word, &out->group);
    }
    if (mapping) {
        out->lo = mapping->lo;
        out->hi = mapping->hi;
    }
    return group_of(gather, out->lo, root, word, &out->group);
}

static int read_variables(struct gather *gather, unsigned number) {
    size_t count;
    const struct module *module = &module_table(&count)[number];
    const struct mapping *mapping = maps_find(&gather->search->maps, module->lo);
    gather->has_variables[number] = 1;
    return variables_read(&gather->variables[number], mapping && mapping->is_file ? mapping->path : module->path,
                          gather->arena);
}

static int variable_of(struct gather *gather, unsigned number, size_t root, uintptr_t word, uint32_t *group) {
    size_t count;
    const struct module *module = &module_table(&count)[number];
    if (!gather->has_variables[number] && read_variables(gather, number))
        return -ENOMEM;
    struct range variable = variables_find(&gather->variables[number], word - module->bias);
    uintptr_t first = variable.lo < variable.hi ? variable.lo + module->bias : word;
    return group_of(gather, first, root, first, group);
}

static int gather_root(struct gather *gather, size_t number) {
    const struct root *root = &gather->search->roots.root[number];
    const struct heap *heap = &gather->search->heap;
    struct stretch stretch = {0, 0, MODULE_NONE, 0};
    int error = 0;
    struct pointers walk = pointers_in(heap, root->lo, root->hi);
    for (uintptr_t word, at; !error && (at = pointers_next(heap, &walk, &word));) {
        uintptr_t start;
        object_id id = heap_held(heap, word, &start);
        if (!id || (root->flags & ROOT_STARTS_ONLY && start != word))
            continue;
        if (at - stretch.lo >= stretch.hi - stretch.lo)
            error = find_stretch(gather, number, at, &stretch);
        uint32_t group = stretch.group;
        if (!error && stretch.module != MODULE_NONE)
            error = variable_of(gather, stretch.module, number, at, &group);
        if (!error)
            error = enter(gather, group, id, start);
    }
    return error;
}

static int gather_roots(struct gather *gather) {
    const struct heap *heap = &gather->search->heap;
    int error = 0;
    uint32_t group;
    for (size_t i = 0; i < gather->search->roots.count && !error; i++)
        error = gather_root(gather, i);
    for (size_t i = 0; i < heap->ignored_count && !error; i++) {
        error = group_of(gather, KEY_IGNORED, gather->search->roots.count, 0, &group);
        if (!error)
            error = enter(gather, group, heap->ignored[i].id, heap->ignored[i].address);
    }
    return error;
}

/* ---- findings ---- */

/* A source is held by nothing; of a cycle one member stands for all, since each leads to the others. */
static int gather_findings(struct gather *gather, uint32_t first_group) {
    const struct verdicts *verdicts = &gather->search->verdicts;
    const struct graph *graph = verdicts->lost;
    for (uint32_t c = 0; graph && c < graph->component_count; c++) {
        node_number node = graph->member[graph->first[c]];
        if (verdicts->finding_of[c] != GRAPH_NONE &&
            enter(gather, first_group + verdicts->finding_of[c], graph->id[node], graph->address[node]))
            return -ENOMEM;
    }
    return 0;
}

static size_t lost_findings(const struct verdicts *verdicts) {
    size_t count = 0;
    while (count < verdicts->finding_count &&
           (verdicts->findings[count].kind == KIND_LOST || verdicts->findings[count].kind == KIND_CYCLE))
        count++;
    return count;
}

/* ---- the result ---- */

struct ranked {
    struct retained retained;
    uint32_t group;
};

static int compare_ranked(const void *a, const void *b) {
    const struct ranked *x = a, *y = b;
    if (x->retained.bytes != y->retained.bytes)
        return x->retained.bytes > y->retained.bytes ? -1 : 1;
    return (x->group > y->group) - (x->group < y->group);
}

static int put_roots(struct gather *gather, const struct retained *retained, struct cast_retained *list, size_t *fill) {
    struct ranked *ranked = arena_alloc(gather->arena, gather->group_count, sizeof *ranked);
    if (!ranked)
        return -ENOMEM;
    for (size_t i = 0; i < gather->group_count; i++)
        ranked[i] = (struct ranked){retained[i], (uint32_t)i};
    sort_array(ranked, gather->group_count, sizeof *ranked, compare_ranked);
    for (size_t i = 0; i < gather->group_count && i < HOLDERS_ROOTS_MAX && ranked[i].retained.objects; i++) {
        const struct group *group = &gather->groups[ranked[i].group];
        struct cast_root *root = arena_alloc(gather->arena, 1, sizeof *root);
        if (!root || name_of(gather, group->root, group->word, root))
            return -ENOMEM;
        list[(*fill)++] = (struct cast_retained){root, -1, ranked[i].retained};
    }
    return 0;
}

static int put_all(struct gather *gather, const struct dominators *tree, struct holders *out) {
    size_t findings = tree->group_count - gather->group_count, fill = 0;
    struct retained *retained = arena_alloc(gather->arena, tree->group_count, sizeof *retained);
    struct cast_retained *list = arena_alloc(gather->arena, HOLDERS_ROOTS_MAX + findings + 1, sizeof *list);
    if (!retained || !list)
        return -ENOMEM;
    dominators_groups(tree, retained);
    int error = put_roots(gather, retained, list, &fill);
    for (size_t i = 0; i < findings; i++)
        list[fill++] = (struct cast_retained){NULL, (int64_t)i, retained[gather->group_count + i]};
    list[fill++] = (struct cast_retained){NULL, -1, dominators_shared(tree)};
    *out = (struct holders){list, fill};
    return error;
}

int holders_find(const struct scan_input *in, struct search *search, struct holders *out) {
    struct gather gather = {.in = in, .search = search, .arena = search->arena};
    struct dominators tree;
    *out = (struct holders){0};
    if (!options_retained(&process.options) || in->entry.generation != GENERATIONS - 1)
        return 0;
    gather.variables = arena_alloc(search->arena, MODULES_MAX, sizeof *gather.variables);
    gather.has_variables = arena_alloc(search->arena, MODULES_MAX, 1);
    int error = gather.variables && gather.has_variables ? gather_roots(&gather) : -ENOMEM;
    if (!error)
        error = gather_findings(&gather, (uint32_t)gather.group_count);
    if (!error)
        error =
            dominators_build(&search->heap, gather.entries, gather.entry_count, (uint32_t)gather.group_count,
                             (uint32_t)(gather.group_count + lost_findings(&search->verdicts)), search->arena, &tree);
    return error ? error : put_all(&gather, &tree, out);
}
