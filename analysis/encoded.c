/* encoded.c - see the header.
 *
 * Owns:    heap.encoded.      Never: believes an object that leads to arrays which are not of just the sizes that it tells.
 * Runs in: snapshot child, unit tests.
 * Start:   encoded_find(). */
#include "encoded.h"

#include "pointers.h"

#include <errno.h>

enum {
    WORD = sizeof(uintptr_t),
    LOW_END_SHIFT = 32,
    /* A table: [slots][modulus, 4][mask, 4][used, 4][not empty, 4][1: keys are words, 2: values are][keys][hashes][values] */
    TABLE_MASK = 8,
    TABLE_USED = 16,
    TABLE_WIDE = 24,
    TABLE_KEYS = 32,
    TABLE_HASHES = 40,
    TABLE_VALUES = 48,
    TABLE_BYTES_MIN = 56,
    TABLE_BYTES_MAX = 128,
    SLOTS_MIN = 8,
    /* A pattern: [elements, 4][room for, 4][distance of their array][references, 4]; an element: [what, 4][values] */
    PATTERN_DISTANCE = 8,
    ELEMENT_BYTES = 16,
    WIDE_KEYS = 1,
    WIDE_VALUES = 2,
};

struct finder {
    struct heap *heap;
    struct arena *arena;
    unsigned libraries;
    size_t capacity;
};

static uintptr_t upper(uintptr_t word) {
    return word >> LOW_END_SHIFT;
}
static uintptr_t lower(uintptr_t word) {
    return (uint32_t)word;
}

/* The object of `slots` elements that begins there, or 0. */
static object_id array_at(const struct heap *heap, uintptr_t address, uint64_t slots, size_t element_bytes) {
    object_id id = heap_starting_at(heap, address);
    return id && heap_object(heap, id)->size_bytes == slots * element_bytes ? id : 0;
}

static int note(struct finder *finder, uintptr_t address, object_id id) {
    struct heap *heap = finder->heap;
    struct heap_odd *all =
        arena_grow(finder->arena, heap->encoded, heap->encoded_count, &finder->capacity, sizeof *heap->encoded);
    if (!all)
        return -ENOMEM;
    heap_object(heap, id)->flags |= OBJECT_ENCODED;
    heap->encoded = all;
    all[heap->encoded_count++] = (struct heap_odd){address, id};
    return 0;
}

/* ---- GLib ---- */

static int look_at_table(struct finder *finder, uintptr_t address) {
    const struct heap *heap = finder->heap;
    uintptr_t slots = heap_load(address), used = heap_load(address + TABLE_USED);
    if (slots < SLOTS_MIN || slots & (slots - 1) || upper(slots) ||
        upper(heap_load(address + TABLE_MASK)) != slots - 1 || lower(used) > upper(used) || upper(used) > slots)
        return 0;
    uintptr_t wide = heap_load(address + TABLE_WIDE), keys = heap_load(address + TABLE_KEYS),
              values = heap_load(address + TABLE_VALUES);
    object_id key_array = array_at(heap, keys, slots, wide & WIDE_KEYS ? WORD : POINTER_HALF_BYTES);
    object_id value_array = array_at(heap, values, slots, wide & WIDE_VALUES ? WORD : POINTER_HALF_BYTES);
    if (!key_array || !value_array || !array_at(heap, heap_load(address + TABLE_HASHES), slots, sizeof(uint32_t)))
        return 0;
    int error = wide & WIDE_KEYS ? 0 : note(finder, keys, key_array);
    return error || wide & WIDE_VALUES || values == keys ? error : note(finder, values, value_array);
}

/* ---- fontconfig ---- */

uint64_t encoded_elements(uintptr_t address, uintptr_t *elements) {
    uintptr_t counts = heap_load(address), room = upper(counts);
    *elements = address + heap_load(address + PATTERN_DISTANCE);
    return lower(counts) <= room ? room * ELEMENT_BYTES : 0;
}

static int look_at_pattern(struct finder *finder, uintptr_t address, object_id id) {
    uintptr_t elements;
    uint64_t bytes = encoded_elements(address, &elements);
    return bytes && array_at(finder->heap, elements, bytes, 1) ? note(finder, address, id) : 0;
}

/* ---- the whole ---- */

static int look(void *context, uintptr_t address, object_id id) {
    struct finder *finder = context;
    const struct heap *heap = finder->heap;
    const struct object *object = heap_object(heap, id);
    uint64_t size_bytes = object->size_bytes;
    int is_pattern = finder->libraries & ENCODED_FONTCONFIG && size_bytes == POINTER_DISTANCE_OBJECT;
    int is_table = finder->libraries & ENCODED_GLIB && size_bytes >= TABLE_BYTES_MIN && size_bytes <= TABLE_BYTES_MAX;
    if (!(is_pattern || is_table) || address % WORD ||
        heap_readable_in(heap, object, address, address + size_bytes).hi != address + size_bytes)
        return 0;
    return is_pattern ? look_at_pattern(finder, address, id) : look_at_table(finder, address);
}

int encoded_may_be_halves(uintptr_t address, uint64_t size_bytes) {
    uint64_t slots = size_bytes / POINTER_HALF_BYTES;
    return !upper(address) && slots >= SLOTS_MIN && !(slots & (slots - 1)) && slots * POINTER_HALF_BYTES == size_bytes;
}

int encoded_halves_are_possible(const struct heap *heap) {
    uintptr_t lowest = 0;
    return heap_next_leaf(heap->index, &lowest) && !upper(lowest);
}

int encoded_find(struct heap *heap, unsigned libraries, struct arena *arena) {
    struct finder finder = {.heap = heap, .arena = arena, .libraries = libraries};
    heap->encoded = NULL;
    heap->encoded_count = 0;
    return libraries ? heap_each(heap, look, &finder) : 0;
}

uintptr_t pointers_next_encoded(const struct heap *heap, struct pointers *walk, uintptr_t *pointer) {
    const size_t bytes = pointers_bytes(walk->form);
    do {
        for (uintptr_t at = walk->next; at < walk->piece_end && walk->piece_end - at >= bytes; at += bytes) {
            uintptr_t word = pointers_load(heap, at, walk->form);
            if (word - heap->lo < heap->hi - heap->lo) {
                walk->next = at + bytes;
                *pointer = word;
                return at;
            }
        }
    } while (pointers_next_piece(heap, walk));
    return 0;
}

int encoded_widen(const struct heap *heap, struct arena *arena, struct root *out) {
    size_t room = 1, count = 0;
    for (size_t i = 0; i < heap->encoded_count; i++)
        room += heap_object(heap, heap->encoded[i].id)->size_bytes / POINTER_HALF_BYTES;
    uintptr_t *word = arena_alloc(arena, room, sizeof *word);
    if (!word)
        return -ENOMEM;
    for (size_t i = 0; i < heap->encoded_count; i++) {
        const struct heap_odd *encoded = &heap->encoded[i];
        struct pointers walk = pointers_of(heap, heap_object(heap, encoded->id), encoded->address);
        while (pointers_next(heap, &walk, &word[count]))
            count++;
    }
    *out = (struct root){(uintptr_t)word, (uintptr_t)(word + count), ROOT_OBJECT};
    return 0;
}
