/* scope.h - stretches of a thread's work, at whose end nothing may be left that was born in them. */
#ifndef CASTAWAY_PRELOAD_SCOPE_H
#define CASTAWAY_PRELOAD_SCOPE_H

#include "analysis/cast.h"
#include "scan.h"

/* The thread took new birth serials, [lo, hi). context: hook, busy */
struct scope_work;
void scope_note_serials(struct scope_work *work, uint32_t lo, uint32_t hi);

/* What a scope ended with. */
enum { SCOPE_FINDINGS_KEPT = 16 };
struct scope_finding {
    uint32_t site;
    int is_cycle;
    uint64_t objects, bytes;
};
struct scope_outcome {
    long findings; /* negative: not known */
    size_t kept;
    struct scope_finding finding[SCOPE_FINDINGS_KEPT]; /* the largest */
};

/* The findings of the scope that ends, in a heap that was searched; no findings when none ends.
 * Changes flags of objects and search->verdicts. context: snapshot child, last thing */
void scope_judge(struct search *search, struct scope_outcome *out);

/* Scopes that ended with findings, as a note. context: snapshot child */
void scope_write_note(struct cast_sink *sink);

#endif
