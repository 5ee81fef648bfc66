/* pool.h - memory that lives until the report is written, freed in one go. */
#ifndef CASTAWAY_TOOLS_POOL_H
#define CASTAWAY_TOOLS_POOL_H

#include <stddef.h>

struct pool {
    struct pool_block *blocks; /* newest first */
    char *next;                /* first free byte of the newest */
    size_t left;
    size_t held_bytes; /* of all blocks */
};

/* Zeroed memory. Never NULL: without memory the tool says so and ends with 125. */
void *pool_alloc(struct pool *, size_t size_bytes);
void *pool_array(struct pool *, size_t count, size_t element_bytes);
char *pool_strdup(struct pool *, const char *);
char *pool_strndup(struct pool *, const char *, size_t bytes);
char *pool_printf(struct pool *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Say that there is no memory left, and end with 125. */
_Noreturn void pool_exhausted(void);

/* Room for one more element: returns `array`, or a copy of twice its capacity. */
void *pool_grow(struct pool *, void *array, size_t count, size_t *capacity, size_t element_bytes);

/* The same of an array that may grow large: it may move, so nothing else may point into it, and what is new is not zeroed. */
void *pool_grow_alone(struct pool *, void *array, size_t count, size_t *capacity, size_t element_bytes);

void pool_free(struct pool *);

#endif
