/* mark.h - which objects do the roots reach, and how. */
#ifndef CASTAWAY_ANALYSIS_MARK_H
#define CASTAWAY_ANALYSIS_MARK_H

#include "arena.h"
#include "crew.h"
#include "heap.h"

enum root_flags {
    ROOT_STARTS_ONLY = 1, /* only pointers to an object's start count (glibc's own data: its bins point at chunk
                             headers, which can lie in the tail of the object before) */
    ROOT_STACK = 4,       /* a thread's stack or registers, where words stay that nobody needs any more */
    ROOT_REGISTER = 8,    /* of a stack's roots, those that are registers */
    ROOT_OBJECT = 16,     /* words of an object that is not looked at and counts as held (young.h): in a second proof,
                              what such an object says is believed, as a root's word is not */
    ROOT_LIVE = 2,        /* belongs to a scan of any generation, written or not (stacks, registers); searched last, see
                             marks.settled */
};
struct root {
    uintptr_t lo, hi; /* readable, 8-byte aligned */
    unsigned flags;
};

/* Result of marking: one bit an object id, which means nothing for ids that no object has. No bit in either: the object
 * is lost. Never both. */
struct marks {
    uint64_t *reachable; /* reached by a pointer to the start, or an interior pointer of a known-good shape */
    uint64_t *possible;  /* reached, but only through some other interior pointer on the way */
    uint64_t *settled; /* of the reachable ones, those that no ROOT_LIVE root is needed for; NULL: not told. Needed all
                            the same when only a possible one holds them besides: see settle.h */
    uint64_t objects_scanned, bytes_read; /* of objects that were searched for pointers */
};

/* Mark everything that `roots` and the objects flagged OBJECT_IGNORED reach. In a young view (young.h) the objects outside
 * of heap->subset stand as reachable from the beginning and are not searched.
 *
 * returns  0, or -ENOMEM: then report no leak
 * context  snapshot child, unit tests, tools; no locks; async-signal-safe
 * cost     O(leaves + objects + bytes scanned); memory: a byte for each 16 of the heap, 8 an object for the
 *          work list, in a large heap 4 % of it for what words lead to, for each of the crew */
int mark_run(const struct heap *heap, const struct root *roots, size_t root_count, struct arena *arena,
             struct marks *marks);

/* The same, and the same result, by several threads. A heap of some thousand objects is not worth them. */
int mark_together(const struct crew *crew, const struct heap *heap, const struct root *roots, size_t root_count,
                  struct arena *arena, struct marks *marks);

/* The same by another proof: what a stack says of an object flagged HEAP_ENTRY_COUNTED is not believed, nor what any
 * root says of one that is HEAP_ENTRY_ALL. Those that their counts show to be held from outside of the heap are named by
 * the words of `held`, which begin the search with the other roots. Marks are made new. crew: NULL: the caller alone. */
int mark_by_counts(const struct crew *crew, const struct heap *heap, const struct root *roots, size_t root_count,
                   const struct root *held, struct arena *arena, struct marks *marks);

static inline int mark_test(const uint64_t *bits, object_id id) {
    return (int)(bits[id >> 6] >> (id & 63)) & 1;
}
#endif
