/* arena.h - memory for the analysis, from whoever runs it.
 *
 * The snapshot child gives pages of its own mmap, unit tests and tools give malloc'd ones. Nothing is freed singly. */
#ifndef CASTAWAY_ANALYSIS_ARENA_H
#define CASTAWAY_ANALYSIS_ARENA_H

#include <stddef.h>

struct arena {
    char *next;                                 /* first free byte of the current block */
    char *end;                                  /* end of the current block */
    void *(*more)(void *context, size_t bytes); /* a new block, zeroed, at least `bytes` long; NULL: no memory */
    void *context;
    size_t block_bytes; /* smallest block asked for; 0 means 1 MiB */
    size_t used_bytes;  /* handed out so far */
};

/* Zeroed memory for `count` elements of `size` bytes, 16-byte aligned; NULL when there is none (nothing changed). */
void *arena_alloc(struct arena *arena, size_t count, size_t size);

/* An array with room for more than `count` elements: `array` itself while count < *capacity, else a copy twice as long.
 * The old one is not given back, so an array that grows to n takes at most 3n. NULL: no memory (nothing changed). */
void *arena_grow(struct arena *arena, void *array, size_t count, size_t *capacity, size_t size);

#endif
