/* halves.c - see the header.
 *
 * Owns:    heap.halves.      Never: believes a table whose arrays are not of just the sizes that it tells.
 * Runs in: snapshot child, unit tests.
 * Start:   halves_find(). */
#include "halves.h"

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
    WIDE_KEYS = 1,
    WIDE_VALUES = 2,
};

struct finder {
    struct heap *heap;
    struct arena *arena;
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
    struct object *object = heap_object(heap, id);
    struct range *all =
        arena_grow(finder->arena, heap->halves, heap->halves_count, &finder->capacity, sizeof *heap->halves);
    if (!all)
        return -ENOMEM;
    object->flags |= OBJECT_HALVES;
    heap->halves = all;
    all[heap->halves_count++] = (struct range){address, address + object->size_bytes};
    return 0;
}

static int look(void *context, uintptr_t address, object_id id) {
    struct finder *finder = context;
    struct heap *heap = finder->heap;
    const struct object *object = heap_object(heap, id);
    uint64_t size_bytes = object->size_bytes;
    if (size_bytes < TABLE_BYTES_MIN || size_bytes > TABLE_BYTES_MAX || address % WORD ||
        heap_readable_in(heap, object, address, address + size_bytes).hi != address + size_bytes)
        return 0;
    uintptr_t slots = heap_load(address), used = heap_load(address + TABLE_USED);
    if (slots < SLOTS_MIN || slots & (slots - 1) || upper(slots) ||
        upper(heap_load(address + TABLE_MASK)) != slots - 1 || lower(used) > upper(used) || upper(used) > slots)
        return 0;
    uintptr_t wide = heap_load(address + TABLE_WIDE), keys = heap_load(address + TABLE_KEYS),
              values = heap_load(address + TABLE_VALUES);
    object_id key_array = array_at(heap, keys, slots, wide & WIDE_KEYS ? WORD : POINTER_HALF);
    object_id value_array = array_at(heap, values, slots, wide & WIDE_VALUES ? WORD : POINTER_HALF);
    if (!key_array || !value_array || !array_at(heap, heap_load(address + TABLE_HASHES), slots, sizeof(uint32_t)))
        return 0;
    int error = wide & WIDE_KEYS ? 0 : note(finder, keys, key_array);
    return error || wide & WIDE_VALUES || values == keys ? error : note(finder, values, value_array);
}

int halves_may_be(uintptr_t address, uint64_t size_bytes) {
    uint64_t slots = size_bytes / POINTER_HALF;
    return !upper(address) && slots >= SLOTS_MIN && !(slots & (slots - 1)) && slots * POINTER_HALF == size_bytes;
}

int halves_are_possible(const struct heap *heap) {
    uintptr_t lowest = 0;
    return heap_next_leaf(heap->index, &lowest) && !upper(lowest);
}

int halves_find(struct heap *heap, struct arena *arena) {
    struct finder finder = {.heap = heap, .arena = arena};
    heap->halves = NULL;
    heap->halves_count = 0;
    return heap_each(heap, look, &finder);
}

int halves_widen(const struct heap *heap, struct arena *arena, struct root *out) {
    size_t count = 0, next = 0;
    for (size_t i = 0; i < heap->halves_count; i++)
        count += (heap->halves[i].hi - heap->halves[i].lo) / POINTER_HALF;
    uintptr_t *word = arena_alloc(arena, count + 1, sizeof *word);
    if (!word)
        return -ENOMEM;
    for (size_t i = 0; i < heap->halves_count; i++)
        for (uintptr_t at = heap->halves[i].lo; at < heap->halves[i].hi; at += POINTER_HALF)
            word[next++] = heap_load_half(at);
    *out = (struct root){(uintptr_t)word, (uintptr_t)(word + next), ROOT_OBJECT};
    return 0;
}
