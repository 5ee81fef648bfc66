/* pool.c - a bump allocator for everything that a report is made of.
 *
 * Owns: its blocks.  Never: frees single pieces.  Start: pool_alloc(). */
#include "pool.h"

#include "message.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES_MIN = 1024, BLOCK_BYTES_MAX = 64 * 1024 /* a larger piece has one of its own */, POOL_ALIGN = 16 };

struct pool_block {
    struct pool_block *older;
    size_t size_bytes; /* keeps the pieces that follow aligned to 16 */
};

void pool_exhausted(void) {
    message_error("no memory left");
    exit(EXIT_CASTAWAY_FAILED);
}

/* As much again as there is: many pools live for a line of text. */
static size_t room_for(const struct pool *pool, size_t size_bytes) {
    size_t room = pool->held_bytes < BLOCK_BYTES_MIN ? BLOCK_BYTES_MIN : pool->held_bytes;
    if (room > BLOCK_BYTES_MAX)
        room = BLOCK_BYTES_MAX;
    return size_bytes > room ? size_bytes : room;
}

static void pool_refill(struct pool *pool, size_t size_bytes) {
    size_t room = room_for(pool, size_bytes);
    struct pool_block *block = calloc(1, sizeof *block + room);
    if (!block)
        pool_exhausted();
    block->older = pool->blocks;
    block->size_bytes = room;
    pool->blocks = block;
    pool->held_bytes += room;
    pool->next = (char *)(block + 1);
    pool->left = room;
}

void *pool_alloc(struct pool *pool, size_t size_bytes) {
    if (size_bytes > SIZE_MAX / 2)
        pool_exhausted();
    size_bytes = (size_bytes + POOL_ALIGN - 1) / POOL_ALIGN * POOL_ALIGN;
    if (size_bytes > pool->left)
        pool_refill(pool, size_bytes);
    void *piece = pool->next;
    pool->next += size_bytes;
    pool->left -= size_bytes;
    return piece;
}

void *pool_array(struct pool *pool, size_t count, size_t element_bytes) {
    size_t size_bytes;
    if (__builtin_mul_overflow(count, element_bytes, &size_bytes))
        pool_exhausted();
    return pool_alloc(pool, size_bytes);
}

char *pool_strndup(struct pool *pool, const char *string, size_t bytes) {
    size_t length = strnlen(string, bytes);
    char *copy = pool_alloc(pool, length + 1);
    memcpy(copy, string, length);
    return copy;
}

char *pool_strdup(struct pool *pool, const char *string) {
    return pool_strndup(pool, string, strlen(string));
}

char *pool_printf(struct pool *pool, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): false, and only when clang-tidy is given several files */
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *string = pool_alloc(pool, (size_t)length + 1);
    va_start(arguments, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): false, and only when clang-tidy is given several files */
    vsnprintf(string, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return string;
}

void *pool_grow(struct pool *pool, void *array, size_t count, size_t *capacity, size_t element_bytes) {
    if (count < *capacity)
        return array;
    size_t larger = *capacity ? *capacity * 2 : 8;
    void *copy = pool_array(pool, larger, element_bytes);
    if (count)
        memcpy(copy, array, count * element_bytes);
    *capacity = larger;
    return copy;
}

/* The place of the block of its own that a large piece has. */
static struct pool_block **block_of(struct pool *pool, const void *piece) {
    struct pool_block **place = &pool->blocks;
    while (*place && (const void *)(*place + 1) != piece)
        place = &(*place)->older;
    return place;
}

void *pool_grow_alone(struct pool *pool, void *array, size_t count, size_t *capacity, size_t element_bytes) {
    size_t size_bytes = *capacity * element_bytes;
    if (count < *capacity || size_bytes <= BLOCK_BYTES_MAX)
        return pool_grow(pool, array, count, capacity, element_bytes);
    struct pool_block **place = block_of(pool, array), *block = *place;
    if (!block)
        return pool_grow(pool, array, count, capacity, element_bytes);
    if (size_bytes > SIZE_MAX / 4 || !(block = realloc(block, sizeof *block + 2 * size_bytes)))
        pool_exhausted();
    pool->held_bytes += 2 * size_bytes - block->size_bytes;
    block->size_bytes = 2 * size_bytes;
    *place = block;
    *capacity *= 2;
    return block + 1;
}

void pool_free(struct pool *pool) {
    while (pool->blocks) {
        struct pool_block *older = pool->blocks->older;
        free(pool->blocks);
        pool->blocks = older;
    }
    *pool = (struct pool){0};
}
