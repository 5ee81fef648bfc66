/* patch.h - functions whose first instructions lead to a stub, so that calls from inside their own library are seen, too. */
#ifndef CASTAWAY_PRELOAD_PATCH_H
#define CASTAWAY_PRELOAD_PATCH_H

#include "analysis/heap.h"
#include "analysis/reason.h"

struct patch {
    uintptr_t function;
    size_t bytes;      /* of the function, as its symbol says */
    struct range code; /* the executable segment that it lies in */
    uint32_t rule;     /* of its stub (stub.h) */
    int wants_result;
};

/* Find what decodes instructions. Call before the first patch_entry(). context: cold */
void patch_init(void);

/* Lead the function to a stub of its own.
 * returns  REASON_NONE, or why that is not safe: then nothing is changed
 * context  no two at a time; refuses when the process has more than one thread */
enum reason patch_entry(const struct patch *patch);

/* Was the function at this address changed so, and is it still? */
int patch_is_done(uintptr_t function);

#endif
