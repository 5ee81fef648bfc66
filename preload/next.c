/* next.c - find the real allocator.
 *
 * Owns:    the table of next functions, the small store for allocations made while looking them up.
 * Never:   uses a block of that store again: it serves a few lookups, once.
 * Start:   next_resolve(). */
#include "next.h"

#include <dlfcn.h>

#include "init.h"

static void *malloc_first(size_t bytes);
struct next next = {.malloc = malloc_first};
int next_ready;

_Alignas(16) char next_early_store[NEXT_EARLY_BYTES];
static size_t early_used;

void *next_early(size_t bytes) {
    size_t *size = (size_t *)(next_early_store + early_used);
    size_t whole = 16 + ((bytes + 15) & ~(size_t)15);
    if (bytes > NEXT_EARLY_BYTES || whole > NEXT_EARLY_BYTES - early_used)
        return NULL;
    early_used += whole;
    *size = bytes;
    return (char *)size + 16;
}

size_t next_early_bytes(const void *pointer) {
    return *(const size_t *)((const char *)pointer - 16);
}

/* Stands in front of the real one until that was looked up, so that no later call need ask. */
static void *malloc_first(size_t bytes) {
    start_recording();
    return next_ready ? next.malloc(bytes) : next_early(bytes);
}

void next_resolve(void) {
    static int under_way;
    if (under_way)
        return;
    under_way = 1;
#define X(result, name, parameters) next.name = (result(*) parameters)dlsym(RTLD_NEXT, #name);
    NEXT_FUNCTIONS(X)
#undef X
    next_ready = 1;
}
