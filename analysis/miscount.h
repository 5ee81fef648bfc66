/* miscount.h - objects in the program's hands whose counts are not the number of pointers to them, for who asks.
 *
 * Fewer references than pointers: one was given back too often, and the object will be freed under somebody's hands; or
 * some of the pointers are borrowed, or left over. A word on a stack is not taken for an owner. More references than
 * pointers, those on stacks too: one was never given back, or is held where it can't be seen. */
#ifndef CASTAWAY_ANALYSIS_MISCOUNT_H
#define CASTAWAY_ANALYSIS_MISCOUNT_H

#include "verdict.h"

enum { MISCOUNT_FINDINGS_MAX = 1000 };

struct miscount_input {
    const struct heap *heap;
    const struct marks *marks;
    const struct audit *audit; /* of audit_run() that was told to count for live objects, too */
    unsigned skip;             /* OBJECT_* flags of what is left out */
    /* Does what was seen of an object's references (object.refs) bear a finding of this kind out? NULL: it does */
    int (*bears_out)(enum kind kind, const struct object *object, struct arena *arena);
};

/* Put findings of the kinds over-unref and missing-unref behind those of `verdicts`: one for each site and type.
 *
 * returns  0, or -ENOMEM: then `verdicts` is as before */
int miscount_add(const struct miscount_input *input, struct arena *arena, struct verdicts *verdicts);

#endif
