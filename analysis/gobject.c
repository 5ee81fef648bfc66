/* gobject.c - from libgobject's variables to types, from types to instances.
 *
 * Owns:    nothing.      Never: follows a pointer out of a live object; believes a layout that does not prove itself.
 * Runs in: snapshot child, unit tests, tools.
 * Start:   gobject_read(): find_root(), list_types(), then read_object(). */
#include "gobject.h"

#include <errno.h>

#include "sort.h"

enum { WORD = sizeof(uintptr_t), TYPE_OBJECT = 20 << 2 /* G_TYPE_OBJECT */ };
enum { TYPES_MAX = 1 << 16, CHILDREN_MAX = 1 << 14, QUARK_MAX = 1 << 24, LIST_MAX = 1 << 12, DATA_MAX = 1 << 10 };

/* A node; where the types that it derives from stand in it is found out. */
enum {
    NODE_CHILD_COUNT = 16,
    NODE_CHILDREN = 24,
    NODE_DATA = 32,
    NODE_NAME = 40,
    NODE_SUPERS = 64,
    NODE_SUPERS_END = 88
};
/* Behind the pointer to its class, which stands in one of its first words, data have two sizes of 2 bytes. */
enum { DATA_WORDS = 12 };
enum { INSTANCE_COUNT = 8, INSTANCE_DATA = 16, INSTANCE_BYTES_MIN = 24, COUNT_MAX = 1 << 28 };
/* A data list: [count, 4 bytes][room][elements: key, data, what destroys the data]. */
enum { LIST_ELEMENTS = 8, ELEMENT_BYTES = 24, ELEMENT_DATA = 8, ELEMENT_DESTROY = 16 };

struct type {
    uintptr_t class;
    uint64_t size_bytes; /* of an instance with its private data */
    uint32_t private_bytes;
    const char *name;
};
struct reader {
    const struct gobject *in;
    const struct heap *heap;
    struct counts *counts;
    size_t supers;     /* where a node names itself, and then what it derives from */
    uintptr_t names;   /* the array of names by number; 0: not found */
    struct type *type; /* by size, after list_types() */
    size_t count, capacity;
    uintptr_t *todo; /* nodes whose children are still to be listed */
    size_t todo_count, todo_capacity;
};

/* ---- memory ---- */

/* Do `bytes` bytes from `address` on lie in one live object? */
static int is_inside(const struct reader *reader, uintptr_t address, uint64_t bytes) {
    uintptr_t start;
    object_id id = address % WORD ? 0 : heap_find(reader->heap, address, &start);
    if (!id || address - start + bytes > heap_object(reader->heap, id)->size_bytes)
        return 0;
    struct range readable = heap_readable(reader->heap, address, address + bytes);
    return readable.lo == address && readable.hi == address + bytes;
}

static uint32_t load_half(uintptr_t address) {
    uintptr_t word = heap_load(address & ~(uintptr_t)(WORD - 1));
    return (uint32_t)(address % WORD ? word >> 32 : word);
}

/* ---- types ---- */

static int is_node(const struct reader *reader, uintptr_t node, uintptr_t type, size_t supers) {
    return is_inside(reader, node, supers + WORD) && heap_load(node + supers) == type;
}

/* The node of GObject: the one that a variable points at and that calls itself by its number. Another's has its own address
 * before that: it derives from GObject (GInitiallyUnowned has a variable, too). */
static uintptr_t find_root(struct reader *reader) {
    for (uintptr_t at = reader->in->types.lo; at + WORD <= reader->in->types.hi; at += WORD)
        for (reader->supers = NODE_SUPERS; reader->supers < NODE_SUPERS_END; reader->supers += WORD) {
            uintptr_t node = heap_load(at);
            if (is_node(reader, node, TYPE_OBJECT, reader->supers) && load_half(node + NODE_NAME) &&
                heap_load(node + reader->supers - WORD) != node)
                return node;
        }
    return 0;
}

static int is_text(const struct reader *reader, uintptr_t address, const char *text) {
    const char *name = counts_name(reader->heap, address);
    return name && counts_compare_names(name, text) == 0;
}

/* The array of all names: what a variable of libglib points at, and has the right one at its place. */
static void find_names(struct reader *reader, uintptr_t root) {
    uint32_t number = load_half(root + NODE_NAME);
    for (uintptr_t at = reader->in->quarks.lo; at + WORD <= reader->in->quarks.hi && number < QUARK_MAX; at += WORD) {
        uintptr_t names = heap_load(at);
        if (is_inside(reader, names, ((uint64_t)number + 1) * WORD) &&
            is_text(reader, heap_load(names + (uint64_t)number * WORD), "GObject")) {
            reader->names = names;
            return;
        }
    }
}

static const char *name_of(const struct reader *reader, uintptr_t node) {
    uint32_t number = load_half(node + NODE_NAME);
    if (!reader->names || number >= QUARK_MAX || !is_inside(reader, reader->names, ((uint64_t)number + 1) * WORD))
        return NULL;
    return counts_name(reader->heap, heap_load(reader->names + (uint64_t)number * WORD));
}

/* The class that a type's data name, and its instances' sizes. A type that nobody used has no class. */
static int find_class(const struct reader *reader, uintptr_t node, uintptr_t type, struct type *out) {
    uintptr_t data = heap_load(node + NODE_DATA);
    for (size_t word = 0; word < DATA_WORDS && is_inside(reader, data + word * WORD, 2 * WORD); word++) {
        uintptr_t class = heap_load(data + word * WORD), sizes = heap_load(data + (word + 1) * WORD);
        uint32_t instance_bytes = sizes & 0xffff, private_bytes = sizes >> 16 & 0xffff;
        if (!is_inside(reader, class, WORD) || heap_load(class) != type || instance_bytes < INSTANCE_BYTES_MIN)
            continue;
        *out = (struct type){class, (uint64_t)instance_bytes + private_bytes, private_bytes, name_of(reader, node)};
        return 1;
    }
    return 0;
}

static int add_type(struct reader *reader, uintptr_t node, uintptr_t type) {
    struct type found;
    uintptr_t *todo =
        arena_grow(reader->counts->arena, reader->todo, reader->todo_count, &reader->todo_capacity, sizeof *todo);
    if (!todo)
        return -ENOMEM;
    reader->todo = todo;
    todo[reader->todo_count++] = node;
    if (reader->count == TYPES_MAX || !find_class(reader, node, type, &found))
        return 0;
    struct type *types =
        arena_grow(reader->counts->arena, reader->type, reader->count, &reader->capacity, sizeof *types);
    if (!types)
        return -ENOMEM;
    reader->type = types;
    types[reader->count++] = found;
    return 0;
}

static int add_children(struct reader *reader, uintptr_t node) {
    uint32_t count = load_half(node + NODE_CHILD_COUNT);
    uintptr_t children = heap_load(node + NODE_CHILDREN), type = heap_load(node + reader->supers);
    if (!count || count > CHILDREN_MAX || !is_inside(reader, children, (uint64_t)count * WORD))
        return 0;
    for (uint32_t i = 0; i < count; i++) {
        uintptr_t child = heap_load(children + i * WORD);
        if (!is_node(reader, child, child, reader->supers) || !is_inside(reader, child, reader->supers + 2 * WORD) ||
            heap_load(child + reader->supers + WORD) != type)
            continue;
        if (add_type(reader, child, child))
            return -ENOMEM;
    }
    return 0;
}

static int by_size(const void *x, const void *y) {
    const struct type *a = x, *b = y;
    if (a->size_bytes != b->size_bytes)
        return a->size_bytes < b->size_bytes ? -1 : 1;
    return (a->class > b->class) - (a->class < b->class);
}

/* GObject's, and all that derive from it; a tree, so each is met once. */
static int list_types(struct reader *reader, uintptr_t root) {
    int error = add_type(reader, root, TYPE_OBJECT);
    while (!error && reader->todo_count && reader->count < TYPES_MAX)
        error = add_children(reader, reader->todo[--reader->todo_count]);
    sort_array(reader->type, reader->count, sizeof *reader->type, by_size);
    return error;
}

/* ---- instances ---- */

/* The list of its GWeakRefs: [place][next]. */
static int add_weak_refs(struct reader *reader, uintptr_t instance, uintptr_t list) {
    int error = 0;
    for (int i = 0; i < LIST_MAX && !error && is_inside(reader, list, 2 * WORD); i++, list = heap_load(list + WORD))
        error = counts_add_weak(reader->counts, heap_load(list), instance);
    return error;
}

/* Who wants to know of its end: [instance][number, 4 bytes](function, argument)... The argument of the function that empties
 * a word is where a weak pointer stands. */
static int add_watchers(struct reader *reader, uintptr_t instance, uintptr_t block) {
    uintptr_t start;
    object_id id = heap_find(reader->heap, block, &start);
    uint32_t count = load_half(block + WORD);
    int error = counts_add_link(reader->counts, id, block, block + WORD);
    if (!reader->in->nullify || count > LIST_MAX || !is_inside(reader, block, (2 + 2 * (uint64_t)count) * WORD))
        return error;
    for (uintptr_t at = block + 2 * WORD; count-- && !error; at += 2 * WORD)
        if (heap_load(at) == reader->in->nullify)
            error = counts_add_weak(reader->counts, heap_load(at + WORD), instance);
    return error;
}

/* What libgobject itself hung on an instance points back at it and does not keep it. */
static int add_data(struct reader *reader, uintptr_t instance) {
    uintptr_t list = heap_load(instance + INSTANCE_DATA) & ~(uintptr_t)(WORD - 1); /* flags stand in the low bits */
    uint32_t count = list && is_inside(reader, list, LIST_ELEMENTS) ? load_half(list) : 0;
    int error = 0;
    if (count > DATA_MAX || !is_inside(reader, list, LIST_ELEMENTS + (uint64_t)count * ELEMENT_BYTES))
        return 0;
    for (uintptr_t at = list + LIST_ELEMENTS; count-- && !error; at += ELEMENT_BYTES) {
        uintptr_t data = heap_load(at + ELEMENT_DATA), destroy = heap_load(at + ELEMENT_DESTROY);
        if (destroy < reader->in->code.lo || destroy >= reader->in->code.hi || !is_inside(reader, data, WORD))
            continue;
        error = is_inside(reader, data, 2 * WORD) && heap_load(data) == instance
                    ? add_watchers(reader, instance, data)
                    : add_weak_refs(reader, instance, heap_load(data));
    }
    return error;
}

static int add_instance(struct reader *reader, const struct type *type, uintptr_t address, object_id id) {
    uintptr_t instance = address + type->private_bytes;
    uint32_t count = load_half(instance + INSTANCE_COUNT);
    if (!count || count > COUNT_MAX)
        return 0;
    struct counted counted = {
        .id = id, .source = COUNT_MEMORY, .count = count, .offset = (uint16_t)type->private_bytes};
    if (counts_type(reader->counts, type->class, type->name, &counted.type) || counts_add(reader->counts, &counted))
        return -ENOMEM;
    if (type->private_bytes && counts_add_entry_below(reader->counts, id, type->private_bytes))
        return -ENOMEM;
    return add_data(reader, instance);
}

static size_t first_of_size(const struct reader *reader, uint64_t size_bytes) {
    size_t first = 0, last = reader->count;
    while (first < last) {
        size_t middle = first + (last - first) / 2;
        if (reader->type[middle].size_bytes < size_bytes)
            first = middle + 1;
        else
            last = middle;
    }
    return first;
}

static int read_object(void *context, uintptr_t address, object_id id) {
    struct reader *reader = context;
    uint64_t size_bytes = heap_object(reader->heap, id)->size_bytes;
    if (address % WORD)
        return 0;
    for (size_t i = first_of_size(reader, size_bytes); i < reader->count && reader->type[i].size_bytes == size_bytes;
         i++) {
        const struct type *type = &reader->type[i];
        uintptr_t instance = address + type->private_bytes;
        if (is_inside(reader, instance, INSTANCE_BYTES_MIN) && heap_load(instance) == type->class)
            return add_instance(reader, type, address, id);
    }
    return 0;
}

int gobject_read(const struct gobject *gobject, const struct heap *heap, struct counts *counts, int *fits) {
    struct reader reader = {.in = gobject, .heap = heap, .counts = counts};
    uintptr_t root = find_root(&reader);
    *fits = root != 0;
    if (!root)
        return 0;
    find_names(&reader, root);
    int error = list_types(&reader, root);
    return error || !reader.count ? error : heap_each_ahead(heap, read_object, &reader);
}
