/* counts.c - gather what is known of objects, and tell the heap view.
 *
 * Owns:    the lists, until the arena goes.      Never: reads the program's memory, but for names of types.
 * Runs in: snapshot child (one thread), unit tests, tools.
 * Start:   counts_install(). */
#include "counts.h"

#include "holes.h"
#include "sort.h"

#include <errno.h>
#include <string.h>

enum { NAME_BYTES_MAX = 4096 };

void counts_begin(struct counts *counts, struct arena *arena) {
    *counts = (struct counts){.arena = arena};
}

const char *count_source_word(enum count_source source) {
    static const char *const WORDS[] = {
#define X(name, word) word,
        COUNT_SOURCES(X)
#undef X
    };
    return WORDS[source];
}

/* ---- lists ---- */

/* counts->list gets room for one more. */
#define GROW(counts, list, fill, room)                                                                                 \
    ((counts)->list =                                                                                                  \
         grown((counts)->arena, (counts)->list, (counts)->fill, &(counts)->room, sizeof *(counts)->list, &error))

static void *grown(struct arena *arena, void *array, size_t count, size_t *capacity, size_t size, int *error) {
    void *larger = arena_grow(arena, array, count, capacity, size);
    *error = larger ? 0 : -ENOMEM;
    return larger ? larger : array;
}

static void *expect(struct counts *counts, void *list, size_t objects, size_t *capacity, size_t size) {
    void *room = list ? NULL : arena_alloc(counts->arena, objects, size);
    if (room)
        *capacity = objects;
    return room ? room : list;
}

void counts_expect(struct counts *counts, size_t objects) {
    counts->item = expect(counts, counts->item, objects, &counts->capacity, sizeof *counts->item);
    counts->links = expect(counts, counts->links, 2 * objects, &counts->link_capacity, sizeof *counts->links);
    counts->entries = expect(counts, counts->entries, objects, &counts->entry_capacity, sizeof *counts->entries);
}

int counts_add(struct counts *counts, const struct counted *counted) {
    int error;
    GROW(counts, item, count, capacity);
    if (!error)
        counts->item[counts->count++] = *counted;
    return error;
}

int counts_add_link(struct counts *counts, object_id id, uintptr_t lo, uintptr_t hi) {
    int error;
    if (lo >= hi)
        return 0;
    GROW(counts, links, link_count, link_capacity);
    if (!error)
        counts->links[counts->link_count++] = (struct object_link){{lo, hi}, id};
    return error;
}

static int add_entry(struct counts *counts, object_id id, size_t bytes, uint8_t flags) {
    int error;
    size_t words = bytes / sizeof(uintptr_t);
    if (words > HEAP_ENTRY_WORD)
        return 0;
    GROW(counts, entries, entry_count, entry_capacity);
    if (!error)
        counts->entries[counts->entry_count++] = (struct object_entry){id, (uint8_t)words, flags};
    return error;
}

int counts_add_entry(struct counts *counts, object_id id, size_t bytes) {
    return add_entry(counts, id, bytes, 0);
}

int counts_add_entry_below(struct counts *counts, object_id id, size_t bytes) {
    return add_entry(counts, id, bytes, HEAP_ENTRY_BELOW);
}

int counts_add_weak(struct counts *counts, uintptr_t slot, uintptr_t target) {
    int error;
    GROW(counts, weak_slots, weak_slot_count, weak_slot_capacity);
    if (!error)
        counts->weak_slots[counts->weak_slot_count++] = (struct weak_slot){slot, target};
    return error;
}

int counts_add_part(struct counts *counts, object_id id, size_t bytes) {
    return add_entry(counts, id, bytes, HEAP_ENTRY_ALL);
}

/* ---- types: an array, and a table by key ---- */

static size_t *type_place(const struct counts *counts, uintptr_t key) {
    size_t mask = counts->table_size - 1, place = (key >> 4) * 0x9e3779b97f4a7c15u >> 20 & mask;
    while (counts->table[place] && counts->types[counts->table[place]].key != key)
        place = (place + 1) & mask;
    return &counts->table[place];
}

static int grow_table(struct counts *counts) {
    size_t size = counts->table_size ? 2 * counts->table_size : 1024;
    size_t *table = arena_alloc(counts->arena, size, sizeof *table);
    if (!table)
        return -ENOMEM;
    counts->table = table;
    counts->table_size = size;
    for (size_t type = 1; type < counts->type_count; type++)
        *type_place(counts, counts->types[type].key) = type;
    return 0;
}

static int add_type(struct counts *counts, struct count_type type) {
    int error;
    GROW(counts, types, type_count, type_capacity);
    if (!error)
        counts->types[counts->type_count++] = type;
    return error;
}

const char *counts_name(const struct heap *heap, uintptr_t address) {
    struct range readable = heap_readable(heap, address & ~(uintptr_t)7, (address & ~(uintptr_t)7) + NAME_BYTES_MAX);
    if (!address || readable.lo > address)
        return NULL;
    for (uintptr_t at = address; at < readable.hi; at++)
        if (!*(const char *)at)
            return at > address ? (const char *)address : NULL;
    return NULL;
}

uint32_t counts_find_type(const struct counts *counts, uintptr_t key) {
    return counts->table_size ? (uint32_t)*type_place(counts, key) : 0;
}

int counts_type(struct counts *counts, uintptr_t key, const char *name, uint32_t *number) {
    *number = 0;
    if (!name)
        return 0;
    if (2 * counts->type_count >= counts->table_size && grow_table(counts))
        return -ENOMEM;
    if (!counts->type_count && add_type(counts, (struct count_type){"", 0}))
        return -ENOMEM;
    size_t *place = type_place(counts, key);
    if (!*place) {
        if (add_type(counts, (struct count_type){name, key}))
            return -ENOMEM;
        *place = counts->type_count - 1;
    }
    *number = (uint32_t)*place;
    return 0;
}

int counts_compare_names(const char *a, const char *b) {
    if (a == b || !a || !b)
        return (a != NULL) - (b != NULL);
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

/* By name, those of equal name by key, so that the first stands for all of them. */
static int compare_types(const void *x, const void *y) {
    const struct count_type *a = x, *b = y;
    int order = counts_compare_names(a->name, b->name);
    return order ? order : (a->key > b->key) - (a->key < b->key);
}

/* Numbers in the order of names, so that nothing that follows depends on addresses. */
static int number_types(struct counts *counts) {
    size_t count = counts->type_count, kept = 1;
    if (count < 2)
        return 0;
    struct count_type *sorted = arena_alloc(counts->arena, count, sizeof *sorted);
    uint32_t *number = arena_alloc(counts->arena, count, sizeof *number);
    if (!sorted || !number)
        return -ENOMEM;
    memcpy(sorted, counts->types, count * sizeof *sorted);
    sort_array(sorted + 1, count - 1, sizeof *sorted, compare_types);
    for (size_t i = 1; i < count; i++) {
        if (i > 1 && counts_compare_names(sorted[i].name, sorted[kept - 1].name))
            sorted[kept++] = sorted[i];
        else if (i == 1)
            kept = 2;
        number[*type_place(counts, sorted[i].key)] = (uint32_t)kept - 1;
    }
    for (size_t i = 0; i < counts->count; i++)
        counts->item[i].type = number[counts->item[i].type];
    counts->types = sorted;
    counts->type_count = kept;
    return 0;
}

/* ---- the heap view ---- */

static int compare_links(const void *x, const void *y) {
    const struct object_link *a = x, *b = y;
    return (a->words.lo > b->words.lo) - (a->words.lo < b->words.lo);
}

/* Add a range to a sorted list; what overlaps becomes one. */
static void join(struct range *list, size_t *count, struct range range) {
    if (*count && range.lo <= list[*count - 1].hi) {
        if (range.hi > list[*count - 1].hi)
            list[*count - 1].hi = range.hi;
    } else
        list[(*count)++] = range;
}

/* Links and unreadable memory in one sorted list: neither is a place for pointers. */
static int merge_links(struct counts *counts, const struct heap *heap, struct range **out, size_t *out_count) {
    size_t holes = heap->unreadable_count, links = counts->link_count, hole = 0, link = 0;
    struct range *merged = arena_alloc(counts->arena, holes + links + 1, sizeof *merged);
    struct object_link *spare = arena_alloc(counts->arena, links, sizeof *spare);
    if (!merged || !spare)
        return -ENOMEM;
    counts->links = sort_runs(counts->links, spare, links, sizeof *spare, compare_links);
    *out = merged;
    *out_count = 0;
    while (hole < holes || link < links) {
        int takes_hole = link == links || (hole < holes && heap->unreadable[hole].lo < counts->links[link].words.lo);
        join(merged, out_count, takes_hole ? heap->unreadable[hole++] : counts->links[link++].words);
    }
    return 0;
}

/* What the second of two for one object adds. What stands in memory is believed before what was seen of calls. */
static void complete(struct counted *first, const struct counted *second) {
    uint32_t type = first->type ? first->type : second->type;
    int is_better = second->source == COUNT_MEMORY ? first->source != COUNT_MEMORY : first->source == COUNT_NONE;
    if (is_better && second->source != COUNT_NONE) {
        uint8_t collected = first->collected | second->collected;
        *first = *second;
        first->collected = collected;
    }
    first->type = type;
}

static void set_counted(const struct counts *counts, size_t place) {
    struct counted *counted = &counts->item[place];
    uint32_t *first = &counts->by_id[counted->id];
    if (*first)
        complete(&counts->item[*first - 1], counted);
    else
        *first = (uint32_t)place + 1;
}

static uint8_t flags_of(const struct counted *counted) {
    return counted->all ? HEAP_ENTRY_COUNTED | HEAP_ENTRY_ALL : counted->exact ? HEAP_ENTRY_COUNTED : 0;
}

static int is_foreign(const struct counts *counts, const struct heap *heap, object_id id) {
    return counts->foreign && counts->foreign[heap_object(heap, id)->site];
}

static void drop_foreign_links(struct counts *counts, const struct heap *heap) {
    size_t kept = 0;
    for (size_t i = 0; i < counts->link_count; i++)
        if (!is_foreign(counts, heap, counts->links[i].id))
            counts->links[kept++] = counts->links[i];
    counts->link_count = kept;
}

static void set_entries(struct counts *counts, const struct heap *heap, uint8_t *entry) {
    for (size_t i = 0; i < counts->entry_count; i++)
        if (!is_foreign(counts, heap, counts->entries[i].id))
            entry[counts->entries[i].id] = counts->entries[i].words | counts->entries[i].flags;
    for (size_t i = 0; i < counts->count; i++)
        if (!is_foreign(counts, heap, counts->item[i].id))
            set_counted(counts, i);
    for (size_t i = 0; i < counts->count; i++) {
        const struct counted *counted = &counts->item[i];
        if (counted->source == COUNT_NONE || counts->by_id[counted->id] != i + 1)
            continue;
        entry[counted->id] |= flags_of(counted);
        counts->known++;
        counts->exact += flags_of(counted) != 0;
    }
}

int counts_install(struct counts *counts, struct heap *heap) {
    struct range *unreadable;
    size_t unreadable_count;
    const struct holes *holes;
    if (!counts->count && !counts->link_count && !counts->entry_count)
        return 0;
    drop_foreign_links(counts, heap);
    uint8_t *entry = arena_alloc(counts->arena, heap->id_end, sizeof *entry);
    counts->by_id = arena_alloc(counts->arena, heap->id_end, sizeof *counts->by_id);
    if (!entry || !counts->by_id || number_types(counts) || merge_links(counts, heap, &unreadable, &unreadable_count) ||
        holes_index(unreadable, unreadable_count, counts->arena, &holes)) {
        counts->by_id = NULL;
        return -ENOMEM;
    }
    set_entries(counts, heap, entry);
    for (size_t i = 0; i < counts->link_count; i++)
        heap_object(heap, counts->links[i].id)->flags |= OBJECT_LINKS;
    heap->entry = entry;
    heap->unreadable = unreadable;
    heap->unreadable_count = unreadable_count;
    heap->holes = holes;
    return 0;
}
