/* cxx.c - from a vtable pointer to the class, and from the class to a count.
 *
 *   control block of libstdc++:  [vtable][use, weak: 4 bytes each][object, or pointer to it]
 *   of libc++:                   [vtable][use - 1][weak - 1][...]
 *
 * Owns:    nothing.      Never: follows a vtable pointer out of memory that is constant.
 * Runs in: snapshot child, unit tests, tools.
 * Start:   cxx_read(); kinds of control blocks are the table CONTROLS. */
#include "cxx.h"

#include <errno.h>
#include <string.h>

#include "shape.h"

enum { WORD = sizeof(uintptr_t), COUNT_MAX = 1 << 30 };

struct references { /* as the control block says */
    int64_t use, weak;
};

/* The weak count holds one for all strong references together. */
static struct references read_libstdcxx(uintptr_t block) {
    uint64_t both = heap_load(block + WORD);
    int64_t use = (int32_t)both, weak = (int32_t)(both >> 32);
    return (struct references){use, weak - (use != 0)};
}

static struct references read_libcxx(uintptr_t block) {
    int64_t use = (int64_t)heap_load(block + WORD) + 1, weak = (int64_t)heap_load(block + 2 * WORD) + 1;
    return (struct references){use, weak - (use != 0)};
}

static const struct control {
    const char *name; /* stands in the mangled name of the class */
    uint64_t counts_end;
    struct references (*read)(uintptr_t block);
} CONTROLS[] = {
    {"_Sp_counted_ptr_inplace", 2 * WORD, read_libstdcxx}, {"_Sp_counted_deleter", 2 * WORD, read_libstdcxx},
    {"_Sp_counted_ptr", 2 * WORD, read_libstdcxx},         {"__shared_ptr_emplace", 3 * WORD, read_libcxx},
    {"__shared_ptr_pointer", 3 * WORD, read_libcxx},
};

struct reader {
    const struct heap *heap;
    struct counts *counts;
    int is_quiet;
    uintptr_t vtable; /* the last one that was looked at, and what was found */
    const char *name;
    const struct control *control;
};

/* ---- classes ---- */

static int is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* `St` or `NSt...`, then lengths and names: the first few decide. */
static int starts_with(const char *text, const char *prefix) {
    while (*prefix && *text == *prefix) {
        text++;
        prefix++;
    }
    return !*prefix;
}

static const struct control *control_of(const char *name) {
    const char *at = *name == 'N' ? name + 1 : name;
    if (!starts_with(at, "St"))
        return NULL;
    for (at += 2; *at && *at != 'I';) {
        if (!is_digit(*at)) {
            at++;
            continue;
        }
        size_t length = 0;
        for (; is_digit(*at) && length < 1000; at++)
            length = 10 * length + (size_t)(*at - '0');
        for (size_t i = 0; i < sizeof CONTROLS / sizeof *CONTROLS; i++)
            if (starts_with(at, CONTROLS[i].name))
                return &CONTROLS[i];
        for (; length && *at; length--)
            at++;
    }
    return NULL;
}

/* The name of the class whose complete objects have this vtable; NULL: it is no vtable, or one without type information. */
static const char *class_name(const struct heap *heap, uintptr_t vtable) {
    if (vtable % WORD || vtable < 2 * WORD || !shape_is_constant(heap, vtable - 2 * WORD, vtable + WORD) ||
        heap_load(vtable - 2 * WORD) != 0)
        return NULL;
    uintptr_t type = heap_load(vtable - WORD);
    if (type % WORD || !shape_is_constant(heap, type, type + 2 * WORD))
        return NULL;
    uintptr_t text = heap_load(type + WORD);
    if (!shape_is_constant(heap, text, text + 2))
        return NULL;
    const char *name = counts_name(heap, text);
    if (name && *name == '*') /* of a type that is local to its file */
        name++;
    return name && (is_digit(*name) || *name == 'N' || *name == 'S') ? name : NULL;
}

static void look_at(struct reader *reader, uintptr_t vtable) {
    if (vtable == reader->vtable)
        return;
    reader->vtable = vtable;
    reader->name = class_name(reader->heap, vtable);
    reader->control = reader->name ? control_of(reader->name) : NULL;
}

/* ---- objects ---- */

/* An object of which only weak references are left has been destroyed: its memory stays, its words mean nothing. */
static int read_control(struct reader *reader, struct counted *counted, uintptr_t block, uint64_t size_bytes) {
    struct references references = reader->control->read(block);
    if (references.use < 0 || references.weak < 0 || references.use > COUNT_MAX || references.weak > COUNT_MAX)
        return 0;
    if (references.use == 0 && !reader->is_quiet)
        return 0;
    if (references.use == 0)
        return counts_add_link(reader->counts, counted->id, block + reader->control->counts_end, block + size_bytes);
    counted->source = COUNT_MEMORY;
    counted->exact = 1;
    counted->count = references.use;
    counted->weak = (uint32_t)references.weak;
    return 0;
}

/* The symbol of the name: it tells a reader that this is a mangled one. */
static int type_of(struct reader *reader, uint32_t *type) {
    static const char PREFIX[] = "_ZTS";
    uintptr_t key = (uintptr_t)reader->name;
    size_t length = 0;
    *type = counts_find_type(reader->counts, key);
    if (*type)
        return 0;
    while (reader->name[length])
        length++;
    char *symbol = arena_alloc(reader->counts->arena, sizeof PREFIX + length, 1);
    if (!symbol)
        return -ENOMEM;
    memcpy(symbol, PREFIX, sizeof PREFIX - 1);
    memcpy(symbol + sizeof PREFIX - 1, reader->name, length);
    return counts_type(reader->counts, key, symbol, type);
}

static int read_object(void *context, uintptr_t address, object_id id) {
    struct reader *reader = context;
    uint64_t size_bytes = heap_object(reader->heap, id)->size_bytes;
    struct counted counted = {.id = id};
    struct range readable = heap_readable(reader->heap, address, address + 3 * WORD);
    if (size_bytes < WORD || address % WORD || readable.lo != address || readable.hi - readable.lo < 3 * WORD)
        return 0;
    look_at(reader, heap_load(address));
    if (!reader->name)
        return 0;
    if (reader->control && size_bytes >= reader->control->counts_end &&
        read_control(reader, &counted, address, size_bytes))
        return -ENOMEM;
    return type_of(reader, &counted.type) || counts_add(reader->counts, &counted) ? -ENOMEM : 0;
}

/* ---- the heap ---- */

static int is_class(void *context, uintptr_t address, object_id id) {
    struct reader *reader = context;
    struct range readable = heap_readable(reader->heap, address, address + WORD);
    if (heap_object(reader->heap, id)->size_bytes < WORD || address % WORD || readable.lo != address ||
        readable.hi - readable.lo < WORD)
        return 0;
    look_at(reader, heap_load(address));
    return reader->name != NULL;
}

/* Is there a C++ object in every 64th block of the heap? */
static int any_class(struct reader *reader) {
    enum { SLOTS = 1 << HEAP_BLOCK_SHIFT, STEP = 64 };
    struct heap_leaf *leaf;
    for (uintptr_t base = 0; (leaf = heap_next_leaf(reader->heap->index, &base)); base += HEAP_LEAF_BYTES)
        for (size_t block = 0; block < HEAP_LEAF_BLOCKS; block += STEP)
            if (heap_each_in_leaf(leaf, base, block * SLOTS, (block + 1) * SLOTS, is_class, reader))
                return 1;
    return 0;
}

int cxx_read(const struct heap *heap, int is_likely, int is_quiet, struct counts *counts) {
    struct reader reader = {.heap = heap, .counts = counts, .is_quiet = is_quiet};
    if (!heap->vtable_range_count || !(is_likely || heap->subset || any_class(&reader)))
        return 0;
    return heap_each_ahead(heap, read_object, &reader);
}
