/* marker.h - one of the crew that marks: it searches memory for pointers, meets what they point at, and searches that.
 *
 *   marker_enter --> marker_search or marker_meet, for each root --> marker_trace --> marker_leave */
#ifndef CASTAWAY_ANALYSIS_MARKER_H
#define CASTAWAY_ANALYSIS_MARKER_H

#include "met.h"
#include "targets.h"
#include "work.h"

enum {
    MARKER_OBJECTS = 6, /* a batch: with the bytes of their pointers, as many lines as a processor fetches at once */
    MARKER_AHEAD = 12,  /* objects that are on their way while there is more to do */
    MARKER_RING = 128,  /* a power of two, no less than twice those, a batch, and 64 granules' */
    MARKER_WORDS = 256, /* a batch; an object with more is searched in parts */
    MARKER_BYTES = 256, /* values of a byte */
};

/* What is done with pointers into an object's middle that are of no known-good shape.
 * IGNORE  nothing, nor with shapes: roots of which only starts count
 * KEEP    the object is remembered as pending, while `reachable` grows
 * FOLLOW  it is met, afterwards: what is met is possible */
enum interior { INTERIOR_IGNORE, INTERIOR_KEEP, INTERIOR_FOLLOW };

/* What the markers of a search share. */
struct marking {
    const struct heap *heap;
    struct met met;
    struct work_pool pool;
    _Atomic uint64_t *possible; /* bits by id: pending; afterwards those that are possible */
    struct work_list *pending;  /* [crew_members()]: by a marker's number, one item for each bit */
    struct targets_pool put_by; /* what they put by in common */
    struct targets *targets;    /* [crew_members()]: by a marker's number */
    _Atomic unsigned entered;   /* markers in this phase */
    _Atomic uint64_t objects_scanned, bytes_read;
};

struct marker_objects { /* a ring */
    size_t first, end;  /* count on and on */
    work_item item[MARKER_RING];
};
struct marker_words { /* perhaps pointers */
    size_t count;
    uintptr_t word[MARKER_WORDS];
    _Atomic uint8_t *granule[MARKER_WORDS]; /* where each leads, when they have been aimed */
};
struct marker {
    struct marking *marking;
    struct met *met;
    uintptr_t lo, span;           /* of the heap's addresses */
    const uint8_t *places;        /* see places.h */
    const _Atomic uint64_t *open; /* see closed.h; NULL: not told */
    uintptr_t mask;               /* bits of a word that are a pointer */
    unsigned step_shift;          /* pointers stand at multiples of 1 << step_shift */
    unsigned number;              /* of this marker, from 0 */
    int alone;                    /* nobody else marks: no atomic operations are needed */
    enum interior interior;
    unsigned by_counts;        /* HEAP_ENTRY_* of objects that the words at hand do not hold */
    unsigned by_counts_inside; /* the same of words in blocks of which it is not known what references they have */
    struct work_list todo;     /* met, not yet searched */
    struct targets *targets;   /* where words in objects lead, not yet looked at */
    int puts_by;               /* they are put by: objects are being searched, in a heap that is worth it */
    struct work_list *pending;
    uint64_t objects_scanned, bytes_read;
    struct range none; /* no object that is found by heap_find_far(): words into other memory lie close together */
    unsigned round;    /* which of the two is filled; the other is on its way */
    struct marker_objects launched;             /* to be searched */
    struct marker_words found[2];               /* to be settled */
    uintptr_t other[MARKER_WORDS];              /* words at which no object with a byte begins */
    uint8_t sorts[GRANULE_BYTES][MARKER_BYTES]; /* enum sort of a word, by its low bits and its granule's byte */
};

/* Where its memory comes from is the caller's concern: nothing of it needs to be zero. */
void marker_enter(struct marker *marker, struct marking *marking);
void marker_leave(struct marker *marker);

/* What pointers that are met from now on are good for.
 * by_counts  HEAP_ENTRY_* of objects that no pointer holds, for their counts say who does */
void marker_believe(struct marker *marker, enum interior interior, unsigned by_counts);

/* The same, when objects are searched next: what an object that is HEAP_ENTRY_ALL points at it holds, while a word in any
 * other block may be left over from before. */
void marker_believe_objects(struct marker *marker, enum interior interior, unsigned by_counts);

/* Search the words of memory that is no object. What they point at is met when marker_settle_all() returns, at the latest:
 * it must be called before anything else is believed. */
void marker_search(struct marker *marker, struct range words);
void marker_settle_all(struct marker *marker);

/* Meet the object that begins at `start`. */
void marker_meet(struct marker *marker, uintptr_t start, object_id id);

/* Meet those of the pending that were not met otherwise, and take the others' bits away. */
void marker_meet_pending(struct marker *marker, struct work_list *pending);

/* Search all that was met, and all that it leads to, the other markers' too. */
void marker_trace(struct marker *marker);

static inline int marker_has_failed(const struct marker *marker) {
    return work_failed(&marker->marking->pool);
}
#endif
