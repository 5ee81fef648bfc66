/* arena.c - hand out memory that is never given back.
 *
 * Owns:    nothing; blocks belong to the caller.      Never: calls malloc, frees.
 * Runs in: snapshot child, unit tests, tools.
 * Start:   arena_alloc(). */
#include "arena.h"

#include <stdint.h>
#include <string.h>

enum { ALIGNMENT = 16, DEFAULT_BLOCK_BYTES = 1 << 20, SMALLEST_BLOCK_BYTES = 1 << 16, GROW_FIRST = 64 };

static char *align_up(char *place) {
    return place + (-(uintptr_t)place & (ALIGNMENT - 1));
}

void *arena_alloc(struct arena *arena, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2)
        return NULL;
    bytes = (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (bytes == 0)
        bytes = ALIGNMENT;
    if (bytes > (size_t)(arena->end - arena->next)) {
        size_t block_bytes = arena->block_bytes ? arena->block_bytes : DEFAULT_BLOCK_BYTES;
        int own_block = bytes > block_bytes / 4; /* so that the rest of the current block is not thrown away */
        size_t wanted = own_block ? bytes + ALIGNMENT : block_bytes;
        char *block = arena->more(arena->context, wanted);
        while (!block && !own_block && wanted > SMALLEST_BLOCK_BYTES && wanted / 2 > bytes + ALIGNMENT) {
            arena->block_bytes = wanted /= 2; /* memory is short: from now on less at a time */
            block = arena->more(arena->context, wanted);
        }
        if (!block)
            return NULL;
        if (own_block) {
            arena->used_bytes += bytes;
            return align_up(block);
        }
        arena->next = align_up(block);
        arena->end = block + wanted;
        if (bytes > (size_t)(arena->end - arena->next))
            return NULL;
    }
    void *result = arena->next;
    arena->next += bytes;
    arena->used_bytes += bytes;
    return result;
}

void *arena_grow(struct arena *arena, void *array, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity)
        return array;
    size_t wanted = *capacity ? 2 * *capacity : GROW_FIRST;
    void *longer = arena_alloc(arena, wanted, size);
    if (!longer)
        return NULL;
    if (count)
        memcpy(longer, array, count * size);
    *capacity = wanted;
    return longer;
}
