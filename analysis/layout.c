/* layout.c - find the objects that a layout is about, read their counts.
 *
 * Owns:    nothing.      Never: reads a count that is not wholly inside its object, or not readable.
 * Runs in: snapshot child, unit tests, tools.
 * Start:   layout_read(). */
#include "layout.h"

#include <errno.h>
#include <string.h>

enum { COUNT_MAX = 1 << 28 };

struct reader {
    struct layout *layouts;
    size_t layout_count;
    const struct heap *heap;
    struct counts *counts;
    uint32_t *type; /* by object id: what is known already; NULL: no layout asks */
};

/* ---- which objects ---- */

static int is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Is `symbol`, of a class's name, that of the class `name`: _ZTS4Node of Node, _ZTSN3app4NodeE of app::Node? */
static int is_class(const char *symbol, const char *name) {
    const char *at = symbol + (symbol[0] == 'N');
    while (is_digit(*at)) {
        size_t length = 0;
        for (; is_digit(*at) && length < PAIR_NAME_BYTES_MAX; at++)
            length = 10 * length + (size_t)(*at - '0');
        for (; length && *name && *at == *name; length--) {
            at++;
            name++;
        }
        if (length)
            return 0;
        if (is_digit(*at)) {
            if (name[0] != ':' || name[1] != ':')
                return 0;
            name += 2;
        }
    }
    return !*name && (!*at || (at[0] == 'E' && !at[1]));
}

static int is_type(const char *recorded, const char *name) {
    static const char PREFIX[] = "_ZTS";
    for (size_t i = 0; i < sizeof PREFIX - 1; i++)
        if (recorded[i] != PREFIX[i])
            return counts_compare_names(recorded, name) == 0;
    return is_class(recorded + sizeof PREFIX - 1, name);
}

static int is_about(const struct reader *reader, const struct layout *layout, object_id id) {
    const struct object *object = heap_object(reader->heap, id);
    if (layout->what.size_bytes && layout->what.size_bytes != object->size_bytes)
        return 0;
    if (layout->what.objects == PAIR_MADE_BY)
        return layout->made_here && layout->made_here[object->site];
    if (layout->what.objects != PAIR_OF_TYPE)
        return 1;
    uint32_t type = reader->type[id];
    return type && is_type(reader->counts->types[type].name, layout->name);
}

static int know_types(struct reader *reader) {
    int asks = 0;
    for (size_t i = 0; i < reader->layout_count; i++)
        asks |= reader->layouts[i].what.objects == PAIR_OF_TYPE;
    if (!asks)
        return 0;
    reader->type = arena_alloc(reader->counts->arena, reader->heap->id_end, sizeof *reader->type);
    if (!reader->type)
        return -ENOMEM;
    for (size_t i = 0; i < reader->counts->count; i++)
        if (!reader->type[reader->counts->item[i].id])
            reader->type[reader->counts->item[i].id] = reader->counts->item[i].type;
    return 0;
}

/* ---- what is known of them ---- */

/* The count, or 0: there is none, and the layout's numbers say why. */
static int64_t read_count(struct reader *reader, struct layout *layout, uintptr_t address, uint64_t size_bytes) {
    const struct pair_counted *what = &layout->what;
    uintptr_t at = address + what->count_offset;
    uint64_t value = 0;
    struct range readable = heap_readable(reader->heap, at & ~(uintptr_t)7, (at & ~(uintptr_t)7) + 8);
    if (what->count_offset + (uint64_t)what->count_bytes > size_bytes)
        layout->too_small++;
    else if (at % what->count_bytes)
        layout->unaligned++;
    else if (readable.lo > at || readable.hi < at + what->count_bytes)
        layout->unreadable++;
    else {
        memcpy(&value, (const void *)at, what->count_bytes);
        if (value && value <= COUNT_MAX)
            return (int64_t)value;
        layout->no_count++;
    }
    return 0;
}

static int add_links(struct reader *reader, const struct layout *layout, uintptr_t address, object_id id) {
    uint64_t size_bytes = heap_object(reader->heap, id)->size_bytes & ~UINT64_C(7);
    int error = 0;
    for (size_t i = 0; i < layout->what.link_count && !error; i++) {
        uint64_t lo = layout->what.links[i].lo, hi = layout->what.links[i].hi;
        error = counts_add_link(reader->counts, id, address + lo, address + (hi < size_bytes ? hi : size_bytes));
    }
    return error;
}

static int apply(struct reader *reader, struct layout *layout, uintptr_t address, object_id id) {
    const struct pair_counted *what = &layout->what;
    uint64_t size_bytes = heap_object(reader->heap, id)->size_bytes;
    struct counted counted = {
        .id = id, .offset = (uint16_t)what->entry, .inside = what->has_entry, .exact = what->exact};
    layout->matched++;
    if (what->count_bytes) {
        counted.count = read_count(reader, layout, address, size_bytes);
        if (!counted.count)
            return 0; /* nothing of a rule that is wrong here is believed */
        counted.source = COUNT_MEMORY;
        if (counts_add(reader->counts, &counted))
            return -ENOMEM;
    }
    if (what->entry && what->entry < size_bytes && counts_add_entry(reader->counts, id, what->entry))
        return -ENOMEM;
    return add_links(reader, layout, address, id);
}

static int read_object(void *context, uintptr_t address, object_id id) {
    struct reader *reader = context;
    for (size_t i = 0; i < reader->layout_count; i++)
        if (is_about(reader, &reader->layouts[i], id))
            return apply(reader, &reader->layouts[i], address, id);
    return 0;
}

int layout_read(struct layout *layouts, size_t layout_count, const struct heap *heap, struct counts *counts) {
    struct reader reader = {.layouts = layouts, .layout_count = layout_count, .heap = heap, .counts = counts};
    if (!layout_count)
        return 0;
    int error = know_types(&reader);
    return error ? error : heap_each(heap, read_object, &reader);
}
