/* young.h - a scan of the young generations: what it looks at, and why that is enough.
 *
 * Generations are not kept object by object. All survivors of a scan grow older together, so two birth serials tell them
 * apart: generation 0 was born since the last scan, 1 since the last scan of generation 1, 2 before. A scan of generation
 * g looks at the objects born since the last scan of g or more, and at the suspects (history.h), which were demoted.
 *
 * All other objects are old: taken to be reachable and not traced. What an old object, or any memory that is no object,
 * says about young ones it says on pages that were written since they were born; the rest need not be read. So "written"
 * means: since the last scan of g or more. That a page not written since a scan can name a suspect changes nothing: that
 * scan read it. README.md, "Young scans", has the proof. */
#ifndef CASTAWAY_ANALYSIS_YOUNG_H
#define CASTAWAY_ANALYSIS_YOUNG_H

#include "history.h"
#include "mark.h"

struct young {
    uint32_t birth_from;  /* objects with this birth serial or a later one are young (history_young_from()) */
    uint32_t birth_end;   /* the next serial: they wrap, and tell nothing of objects older than 2^32 births */
    uint8_t epoch;        /* now; 1..HEAP_EPOCHS */
    unsigned epochs_back; /* how many scans ago the first of them can have been born; >= HEAP_EPOCHS: any time */
    const struct history *history; /* its suspects are looked at as well; NULL: none */
};

/* In place of heap_freeze(): fill heap->subset with the young objects and the suspects that still live, and what the
 * marker needs of the rest (bounds, large objects, ignored ones that are young).
 *
 * returns  0, or -ENOMEM: the heap is unusable
 * cost     O(leaves + blocks with young or large objects); not the whole index */
int young_view(struct heap *heap, const struct young *young, struct arena *arena);

/* The words of old objects that lie on written pages, as roots.
 *
 * heap     a young view
 * written  sorted, page-aligned, half-open ranges: since the last scan of this generation or more; what of them is no
 *          object is left out
 * out      receives an array of roots (ROOT_OBJECT), in address order
 * returns  0, or -ENOMEM */
int young_old_words(const struct heap *heap, const struct range *written, size_t written_count, struct arena *arena,
                    struct root **out, size_t *out_count);

#endif
