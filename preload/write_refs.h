/* write_refs.h - the references of lost objects, as lines of a recording. */
#ifndef CASTAWAY_PRELOAD_WRITE_REFS_H
#define CASTAWAY_PRELOAD_WRITE_REFS_H

#include "analysis/cast.h"

struct folded { /* of each finding that has counted objects, in the order of findings */
    struct cast_refs *refs;
    size_t count;
};

/* For miscount.h. More references than pointers: a stack took one, besides that which the object began with, that is not
 * given back. Fewer: they are counted at all, and the object has not just a name. context: snapshot child */
int refs_bear_out(enum kind kind, const struct object *object, struct arena *arena);

/* Add up the histories of each finding's objects. returns 0, or -ENOMEM. context: snapshot child */
int refs_fold(const struct heap *heap, const struct verdicts *verdicts, struct arena *arena, struct folded *out);

#endif
