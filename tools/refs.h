/* refs.h - types and reference counts of findings: names, sums, and what is told of them. */
#ifndef CASTAWAY_TOOLS_REFS_H
#define CASTAWAY_TOOLS_REFS_H

#include "keep.h"
#include "report.h"
#include "writers.h"

#include <jansson.h>

/* A recorded type as people write it: C++ classes demangled, of a shared_ptr's block the class that it holds. NULL: "". */
const char *type_name(struct pool *, const char *recorded);

struct rec_refs refs_named(struct pool *, const struct rec_refs *recorded);
/* A copy that outlives the recording, and the sum of one and what another recording says. */
struct rec_refs refs_kept(struct keeper *, const struct rec_refs *);
void refs_absorb(struct keeper *, struct rec_refs *into, const struct rec_refs *other);

/* The same of what was seen of references. */
struct report_history history_named(struct pool *, struct symbols *, const struct rec_history *recorded);
struct report_history history_kept(struct keeper *, const struct report_history *);
void history_absorb(struct keeper *, struct report_history *into, const struct report_history *other);

/* What stands under a finding's head, one string a line, not escaped; NULL ends them. */
const char **refs_lines(struct pool *, const struct report_finding *, bool utf8);

/* A stack that is to blame, and what stands before it; stack NULL ends them. Of references that were never given back, the
 * likeliest culprits; of a cycle, who took the one that is best made weak. */
struct refs_culprit {
    const char *label;
    const struct stack *stack;
};
const struct refs_culprit *refs_culprits(struct pool *, const struct report_finding *);

/* Adds `type`, `types`, `refs`, `proofs`, `finalizer` and, for a cycle, `break` and `break_complete`. */
void refs_json(struct pool *, json_t *object, const struct report_finding *, const struct view *);

#endif
