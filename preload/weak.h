/* weak.h - words that point at an object and don't keep it alive. */
#ifndef CASTAWAY_PRELOAD_WEAK_H
#define CASTAWAY_PRELOAD_WEAK_H

#include "analysis/counts.h"
#include "arch.h"
#include "maps.h"
#include "table.h"

/* Where a slot lies. */
enum weak_place {
    WEAK_ELSEWHERE, /* on a stack, in a mapping of the program's own: nothing tells when it ends */
    WEAK_IN_OBJECT,
    WEAK_IN_MODULE
};

struct weak {
    uintptr_t slot;
    uint32_t site; /* where it was made weak */
    enum weak_place place;
    object_id holder; /* the object that it lies in, and what tells that it is still that one */
    uint32_t holder_birth;
    uint64_t offset;      /* in it */
    uintptr_t first;      /* what it pointed at when it was made weak, */
    uint32_t target_site; /* and where that had been made; 0: at no object */
    uintptr_t value;      /* what weak_look() found in it; 0: nothing */
    struct weak *next_free;
    UT_hash_handle hh;
};

/* The word at `slot` is weak from now on; no more. context: the program's call */
void weak_add(uintptr_t slot, struct caller caller);
void weak_remove(uintptr_t slot);

/* Read them, and empty them if `blank`, so that no search follows them: in the snapshot child memory is a copy. What is
 * shared with others or can't be written is left, and so are slots of objects that were freed. context: child */
void weak_look(const struct maps *maps, int blank);
/* Empty those that languages and libraries keep, as far as they still point at their targets. */
void weak_blank_known(const struct maps *maps, const struct counts *counts);

/* All of them, NULL first and last. context: child */
const struct weak *weak_next(const struct weak *);

#endif
