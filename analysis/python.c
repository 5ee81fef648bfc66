/* python.c - recognise the objects of CPython, their counts, and which of their words own nothing.
 *
 *   block:  [values][dict][collector's two links][count][type][...]     the first four as the type's flags say
 *                                                ^ pointers to the object point here
 *
 * Owns:    nothing.      Never: believes a word before it is known to be readable.
 * Runs in: snapshot child, unit tests, tools.
 * Start:   python_read(), then read_object(); what owns nothing in which type is the table RULES. */
#include "python.h"

#include <errno.h>

enum { WORD = sizeof(uintptr_t) };

/* Offsets in objects of 3.11. */
enum {
    OBJECT_COUNT = 0,
    OBJECT_TYPE = 8,
    OBJECT_SIZE = 16,
    OBJECT_BYTES = 16,
    TYPE_NAME = 24,
    TYPE_BASIC_BYTES = 32,
    TYPE_ITEM_BYTES = 40,
    TYPE_FLAGS = 168,
    TYPE_WEAK_LIST = 208,
    TYPE_BASE = 256,
    TYPE_BYTES = 408,
    HEAP_TYPE_GETITEM = 896,
    HEAP_TYPE_BYTES = 904,
    LIST_ITEMS = 24,
    TUPLE_ITEMS = 24,
    EXCEPTION_DICT = 16,
    DICTIONARY_KEYS = 32,
    SET_TABLE = 40,
    STRING_STATE = 32,
    STRING_COMPACT = 0x20, /* bits of the state */
    STRING_ASCII = 0x40,
    STRING_FORMS = 40,
    STRING_WIDE = 48, /* where the text begins: of ASCII, of others */
    STRING_TEXT = 72,
    CODE_INSTRUCTIONS = 184,
    REFERENCE_OBJECT = 16,
    REFERENCE_CALLBACK = 24,
    REFERENCE_PREVIOUS = 40,
    REFERENCE_END = 56,
    GENERATOR_PREVIOUS_EXCEPTION = 56,
    GENERATOR_STATE = 75,
    GENERATOR_FRAME = 80,
    FRAME_POINTER = 24,
    FRAME_OWN = 48,
    /* in a frame */
    LOCALS_GLOBALS = 8,
    LOCALS_LOCALS = 24,
    LOCALS_PREVIOUS = 48,
    LOCALS_STACK_TOP = 64,
    LOCALS_STACK = 72,
};
enum { LINKS_BYTES = 16, MANAGED_BYTES = 16, BEFORE_BYTES_MAX = LINKS_BYTES + MANAGED_BYTES };
enum { ALIVE_COUNT_MAX = INT32_MAX, SMALL_COUNT = 1 << 16, BASES_MAX = 64, GENERATOR_COMPLETED = 1 };

/* dk_refcnt; dk_log2_size, dk_log2_index_bytes, dk_kind; ...; 8 bytes of places, 5 pairs */
enum { SPARE_TABLE_BYTES = 120, SPARE_TABLE_MASK = 0xffffff, SPARE_TABLE_HEAD = 0x010303 };

#define FLAG_MANAGED (UINT64_C(1) << 4)
#define FLAG_HEAP_TYPE (UINT64_C(1) << 9)
#define FLAG_COLLECTED (UINT64_C(1) << 14)
#define FLAG_LIST (UINT64_C(1) << 25)
#define FLAG_TUPLE (UINT64_C(1) << 26)
#define FLAG_STRING (UINT64_C(1) << 28)
#define FLAG_DICT (UINT64_C(1) << 29)
#define FLAG_EXCEPTION (UINT64_C(1) << 30)
#define FLAG_TYPE (UINT64_C(1) << 31)

struct reader {
    const struct python *python;
    const struct heap *heap;
    struct counts *counts;
    size_t found;
    uintptr_t type[2]; /* the last words that were looked at: is this a type? most blocks ask for the same few */
    int is_type[2];
};
struct instance {
    object_id id;
    uintptr_t block, end;
    uintptr_t object; /* where pointers to it point */
    uintptr_t type;
    uint64_t flags; /* of the type */
};

/* ---- memory that may be anything ---- */

static int may_read(const struct heap *heap, uintptr_t lo, uint64_t count) {
    if (lo % WORD || lo + count < lo)
        return 0;
    struct range readable = heap_readable(heap, lo, lo + count);
    return readable.lo == lo && readable.hi == lo + count;
}

static int32_t load_int(uintptr_t address) {
    return (int32_t)heap_load(address);
}

static int8_t load_byte(uintptr_t address) {
    return *(const int8_t *)address;
}

/* ---- types ---- */

/* A type is an object whose type is a subtype of `type`; that of a metaclass is one as well. */
static int leads_to_type(const struct reader *reader, uintptr_t address) {
    for (int steps = 0; steps < 4; steps++) {
        if (!may_read(reader->heap, address, TYPE_BYTES))
            return 0;
        uintptr_t meta = heap_load(address + OBJECT_TYPE);
        if (meta == reader->python->types[PYTHON_TYPE])
            return 1;
        if (!may_read(reader->heap, meta, TYPE_BYTES) || !(heap_load(meta + TYPE_FLAGS) & FLAG_TYPE))
            return 0;
        address = meta;
    }
    return 0;
}

static int is_type(struct reader *reader, uintptr_t address) {
    size_t place = address >> 6 & 1;
    if (reader->type[place] != address) {
        reader->type[place] = address;
        reader->is_type[place] = leads_to_type(reader, address);
    }
    return reader->is_type[place];
}

/* Bytes of its block that lie before an object of that type. */
static size_t before_bytes(uint64_t flags) {
    return (flags & FLAG_COLLECTED ? LINKS_BYTES : 0) + (flags & FLAG_MANAGED ? MANAGED_BYTES : 0);
}

/* A block has the size that the type says; strings are often shorter than their type. Only a tuple's items are counted where
 * those of all types with items should be. */
static int fits(const struct instance *in) {
    uint64_t bytes = in->end - in->object, basic = heap_load(in->type + TYPE_BASIC_BYTES);
    if (in->flags & FLAG_STRING)
        return 1;
    if (in->flags & FLAG_TUPLE)
        return bytes >= basic && heap_load(in->object + OBJECT_SIZE) <= (bytes - basic) / WORD;
    if (heap_load(in->type + TYPE_ITEM_BYTES))
        return bytes + WORD >= basic;
    return bytes >= basic && bytes < basic + WORD;
}

/* Arrays have pointers there; of a program that is loaded low, they are small numbers. Without references are those objects
 * that the interpreter keeps for reuse, none of them of a type made at run time: a zero before the address of such a type is
 * rather of some structure that holds types. */
static int may_be_count(const struct heap *heap, uintptr_t word, uint64_t flags) {
    uintptr_t start;
    if (word < SMALL_COUNT)
        return word || !(flags & FLAG_HEAP_TYPE);
    return word <= ALIVE_COUNT_MAX && !heap_find(heap, word, &start);
}

static int is_object(struct reader *reader, struct instance *in) {
    for (size_t before = 0; before <= BEFORE_BYTES_MAX; before += LINKS_BYTES) {
        in->object = in->block + before;
        if (in->object + OBJECT_BYTES > in->end)
            return 0;
        in->type = heap_load(in->object + OBJECT_TYPE);
        if (!is_type(reader, in->type))
            continue;
        in->flags = heap_load(in->type + TYPE_FLAGS);
        uintptr_t count = heap_load(in->object + OBJECT_COUNT);
        if (before_bytes(in->flags) == before && may_be_count(reader->heap, count, in->flags) && fits(in))
            return 1;
    }
    return 0;
}

/* ---- what owns nothing ---- */

static int disown(struct reader *reader, const struct instance *in, uintptr_t lo, uintptr_t hi) {
    if (hi > in->end)
        hi = in->end;
    return counts_add_link(reader->counts, in->id, lo, hi);
}

/* The block that the word at `offset` points at is a part of the object. */
static object_id part_at(const struct reader *reader, const struct instance *in, uintptr_t offset, uintptr_t *start) {
    uintptr_t pointer = in->object + offset + WORD <= in->end ? heap_load(in->object + offset) : 0;
    object_id id = pointer ? heap_find(reader->heap, pointer, start) : 0;
    return id && *start == pointer && id != in->id ? id : 0;
}

static int add_part(struct reader *reader, const struct instance *in, uintptr_t offset) {
    uintptr_t start;
    object_id id = part_at(reader, in, offset, &start);
    return id ? counts_add_part(reader->counts, id, 0) : 0;
}

static int read_dictionary(struct reader *reader, const struct instance *in) {
    return add_part(reader, in, DICTIONARY_KEYS);
}

static int read_set(struct reader *reader, const struct instance *in) {
    return add_part(reader, in, SET_TABLE);
}

/* The rest of a list's array may hold what was taken out of the list. */
static int read_list(struct reader *reader, const struct instance *in) {
    uintptr_t items;
    uint64_t count = heap_load(in->object + OBJECT_SIZE);
    object_id id = part_at(reader, in, LIST_ITEMS, &items);
    uint64_t size_bytes = id ? heap_object(reader->heap, id)->size_bytes : 0;
    if (!id || count > size_bytes / WORD)
        return 0;
    return counts_add_part(reader->counts, id, 0) ||
                   counts_add_link(reader->counts, id, items + count * WORD, items + size_bytes)
               ? -ENOMEM
               : 0;
}

/* The instructions are mixed with caches, which name methods and types. */
static int read_code(struct reader *reader, const struct instance *in) {
    return disown(reader, in, in->object + CODE_INSTRUCTIONS, in->end);
}

static int read_reference(struct reader *reader, const struct instance *in) {
    return disown(reader, in, in->object + REFERENCE_OBJECT, in->object + REFERENCE_CALLBACK) ||
                   disown(reader, in, in->object + REFERENCE_PREVIOUS, in->object + REFERENCE_END)
               ? -ENOMEM
               : 0;
}

static int read_type(struct reader *reader, const struct instance *in) {
    return in->end - in->object < HEAP_TYPE_BYTES
               ? 0
               : disown(reader, in, in->object + HEAP_TYPE_GETITEM, in->object + HEAP_TYPE_BYTES);
}

/* Variables and stack of a call; above the stack's top stands what was there before. */
static int read_locals(struct reader *reader, const struct instance *in, uintptr_t frame) {
    int32_t top = load_int(frame + LOCALS_STACK_TOP);
    if (disown(reader, in, frame + LOCALS_GLOBALS, frame + LOCALS_LOCALS) ||
        disown(reader, in, frame + LOCALS_PREVIOUS, frame + LOCALS_STACK))
        return -ENOMEM;
    return top < 0 ? 0 : disown(reader, in, frame + LOCALS_STACK + (uintptr_t)top * WORD, in->end);
}

/* A frame has its own copy of the locals only when the call is over. */
static int read_frame(struct reader *reader, const struct instance *in) {
    uintptr_t own = in->object + FRAME_OWN;
    if (own + LOCALS_STACK > in->end)
        return 0;
    if (heap_load(in->object + FRAME_POINTER) != own)
        return disown(reader, in, in->object + FRAME_POINTER, in->end);
    return disown(reader, in, in->object + FRAME_POINTER, in->object + FRAME_POINTER + WORD) ||
                   read_locals(reader, in, own)
               ? -ENOMEM
               : 0;
}

static int read_generator(struct reader *reader, const struct instance *in) {
    uintptr_t frame = in->object + GENERATOR_FRAME;
    if (frame + LOCALS_STACK > in->end)
        return 0;
    if (disown(reader, in, in->object + GENERATOR_PREVIOUS_EXCEPTION, in->object + GENERATOR_PREVIOUS_EXCEPTION + WORD))
        return -ENOMEM;
    return load_byte(in->object + GENERATOR_STATE) >= GENERATOR_COMPLETED ? disown(reader, in, frame, in->end)
                                                                          : read_locals(reader, in, frame);
}

/* No pointers but those to other forms of the text; a part of the state is never set, and may look like one. */
static int read_string(struct reader *reader, const struct instance *in) {
    uint64_t state = heap_load(in->object + STRING_STATE);
    uintptr_t forms = in->object + STRING_FORMS, text = in->object + (state & STRING_ASCII ? STRING_WIDE : STRING_TEXT);
    if (in->type != reader->python->types[PYTHON_STRING] || text > in->end)
        return 0;
    if (disown(reader, in, in->object + OBJECT_BYTES, forms))
        return -ENOMEM;
    return state & STRING_COMPACT ? disown(reader, in, text, in->end) : 0;
}

/* Bytes and digits. Subclasses may have attributes behind them. */
static int read_plain(struct reader *reader, const struct instance *in) {
    const uintptr_t *types = reader->python->types;
    int is_plain =
        in->type == types[PYTHON_BYTES] || in->type == types[PYTHON_INTEGER] || in->type == types[PYTHON_FLOAT];
    return is_plain ? disown(reader, in, in->object + OBJECT_BYTES, in->end) : 0;
}

typedef int rule_cb(struct reader *, const struct instance *);
static rule_cb *const RULES[PYTHON_TYPE_COUNT] = {
    [PYTHON_TYPE] = read_type,
    [PYTHON_LIST] = read_list,
    [PYTHON_DICTIONARY] = read_dictionary,
    [PYTHON_SET] = read_set,
    [PYTHON_FROZEN_SET] = read_set,
    [PYTHON_CODE] = read_code,
    [PYTHON_STRING] = read_string,
    [PYTHON_BYTES] = read_plain,
    [PYTHON_INTEGER] = read_plain,
    [PYTHON_FLOAT] = read_plain,
    [PYTHON_FRAME] = read_frame,
    [PYTHON_GENERATOR] = read_generator,
    [PYTHON_COROUTINE] = read_generator,
    [PYTHON_ASYNC_GENERATOR] = read_generator,
    [PYTHON_REFERENCE] = read_reference,
    [PYTHON_PROXY] = read_reference,
    [PYTHON_CALLABLE_PROXY] = read_reference,
};

/* The rule of the type or of the next base that has one. */
static rule_cb *rule_of(const struct reader *reader, uintptr_t type) {
    for (int bases = 0; bases < BASES_MAX && type && may_read(reader->heap, type, TYPE_BYTES); bases++) {
        for (size_t i = 0; i < PYTHON_TYPE_COUNT; i++)
            if (reader->python->types[i] == type)
                return RULES[i];
        type = heap_load(type + TYPE_BASE);
    }
    return NULL;
}

/* The first weak reference to an object is named by it, and not owned. */
static int disown_weak_list(struct reader *reader, const struct instance *in) {
    uintptr_t offset = heap_load(in->type + TYPE_WEAK_LIST);
    if (offset < OBJECT_BYTES || offset % WORD || in->object + offset + WORD > in->end)
        return 0;
    return disown(reader, in, in->object + offset, in->object + offset + WORD);
}

/* The attributes of an instance, in a block of their own: bytes that say in which order they came, then the values. */
static int read_values(struct reader *reader, const struct instance *in) {
    uintptr_t values = heap_load(in->block), start;
    object_id id = values % WORD ? 0 : heap_find(reader->heap, values, &start);
    if (!id || values == start)
        return 0;
    uintptr_t before = *(const unsigned char *)(values - 1);
    return before == values - start ? counts_add_part(reader->counts, id, before) : 0;
}

/* ---- objects ---- */

/* Objects without references that the interpreter keeps for reuse, by their type's flag: nothing in them counts but the
 * word that names the next one, where they are chained. */
static const struct spare {
    uint64_t flag;
    uintptr_t chain; /* 0: none */
} SPARES[] = {
    {FLAG_TUPLE, TUPLE_ITEMS},
    {FLAG_EXCEPTION, EXCEPTION_DICT},
    {FLAG_LIST, 0},
    {FLAG_DICT, 0},
};

static int read_spare(struct reader *reader, const struct instance *in) {
    for (size_t i = 0; i < sizeof SPARES / sizeof *SPARES; i++) {
        uintptr_t chain = in->object + SPARES[i].chain, behind = SPARES[i].chain ? chain + WORD : in->object;
        if (in->flags & SPARES[i].flag)
            return disown(reader, in, in->block, chain) || disown(reader, in, behind, in->end) ? -ENOMEM : 0;
    }
    return in->type == reader->python->types[PYTHON_SLICE] ? disown(reader, in, in->block, in->end) : 0;
}

/* Tables of small dictionaries are kept for reuse too, with what stood in them. They are no objects, but their head tells
 * them: no references, 2^3 places in 2^3 bytes, keys that are strings. */
static int is_spare_table(uintptr_t block, uint64_t size_bytes) {
    return size_bytes == SPARE_TABLE_BYTES && heap_load(block) == 0 &&
           (heap_load(block + WORD) & SPARE_TABLE_MASK) == SPARE_TABLE_HEAD;
}

static int read_alive(struct reader *reader, const struct instance *in) {
    rule_cb *rule = rule_of(reader, in->type);
    uintptr_t links = in->object - LINKS_BYTES;
    int is_collected = (in->flags & FLAG_COLLECTED) != 0;
    struct counted counted = {
        .id = in->id,
        .count = (int64_t)heap_load(in->object + OBJECT_COUNT),
        .offset = (uint16_t)(in->object - in->block),
        .source = COUNT_MEMORY,
        .all = 1,
        .collected = is_collected && heap_load(links) != 0,
    };
    uintptr_t name = heap_load(in->type + TYPE_NAME);
    if (counts_type(reader->counts, in->type, counts_name(reader->heap, name), &counted.type) ||
        counts_add(reader->counts, &counted) || (is_collected && disown(reader, in, links, in->object)) ||
        (in->flags & FLAG_MANAGED && read_values(reader, in)) || disown_weak_list(reader, in))
        return -ENOMEM;
    return rule ? rule(reader, in) : 0;
}

static int read_object(void *context, uintptr_t address, object_id id) {
    struct reader *reader = context;
    struct instance in = {.id = id, .block = address, .end = address + heap_object(reader->heap, id)->size_bytes};
    if (address % WORD || !may_read(reader->heap, address, (in.end - address) & ~(uintptr_t)(WORD - 1)) ||
        in.end - address < WORD)
        return 0;
    if (is_spare_table(address, in.end - address))
        return disown(reader, &in, address, in.end);
    if (!is_object(reader, &in))
        return 0;
    reader->found++;
    if (counts_add_entry(reader->counts, id, in.object - in.block))
        return -ENOMEM;
    return heap_load(in.object + OBJECT_COUNT) ? read_alive(reader, &in) : read_spare(reader, &in);
}

int python_read(const struct python *python, const struct heap *heap, struct counts *counts, size_t *found) {
    struct reader reader = {.python = python, .heap = heap, .counts = counts};
    int error = 0;
    if (python->types[PYTHON_TYPE]) {
        counts_expect(counts, heap->object_count);
        error = heap_each_ahead(heap, read_object, &reader);
    }
    *found = reader.found;
    return error;
}
