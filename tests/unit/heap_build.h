/* heap_build.h - hand-built heaps for unit tests and benchmarks, at real addresses: the marker reads real memory.
 *
 *   struct heap_build *build = heap_build_new(1 << 20);
 *   void **a = heap_build_object(build, 64, 1), **b = heap_build_object(build, 64, 2);
 *   a[0] = b;
 *   heap_build_freeze(build);  ... mark_run(&build->heap, ...) ...
 *   heap_build_free(build); */
#ifndef CASTAWAY_TESTS_HEAP_BUILD_H
#define CASTAWAY_TESTS_HEAP_BUILD_H

#include "analysis/arena.h"
#include "analysis/heap.h"
#include "analysis/young.h"

struct heap_build {
    struct heap heap;
    struct arena arena;
    size_t arena_left;         /* blocks given before memory "runs out"; SIZE_MAX: never */
    char *memory, *next, *end; /* where the objects are: mapped, zeroed, amid a leaf */
    struct heap_odd *odd;
    size_t odd_capacity;
    struct arena_block *blocks;
    uint32_t births; /* serial of the last birth */
    uint8_t epoch;   /* of objects made from now on; 1 at first */
};

/* A heap with `bytes` of room; it ends the test program when there is no memory. */
struct heap_build *heap_build_new(size_t bytes);
void heap_build_free(struct heap_build *build);

/* A zeroed object from the room, 16-byte aligned as malloc's are. */
void *heap_build_object(struct heap_build *build, size_t size_bytes, unsigned site);
/* The same `shift` bytes further on: 8 for half granules, anything else for odd addresses. */
void *heap_build_shifted(struct heap_build *build, size_t size_bytes, unsigned site, size_t shift);
/* Memory of the room that is no object, 16-byte aligned: for roots. */
void *heap_build_gap(struct heap_build *build, size_t bytes);
/* Declare [address, address + size_bytes) an object, wherever it is; returns its id. */
object_id heap_build_adopt(struct heap_build *build, const void *address, size_t size_bytes, unsigned site);

/* Free it: out of the index; its memory stays as it is. */
void heap_build_forget(struct heap_build *build, const void *address);

/* The object that begins there (0: none), and its record. */
object_id heap_build_id(const struct heap_build *build, const void *address);
struct object *heap_build_record(const struct heap_build *build, const void *address);

/* heap_freeze(); asserts success. */
void heap_build_freeze(struct heap_build *build);

/* young_view(); asserts success. `birth_end` and `epoch` 0: as of now. */
void heap_build_view(struct heap_build *build, struct young young);
/* Is the object that begins there in the view? */
int heap_build_is_viewed(const struct heap_build *build, const void *address);

/* Memory for an arena that counts down build->arena_left. */
void *heap_build_more(void *build, size_t bytes);

#endif
