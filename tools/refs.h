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

/* What stands under a finding's head, one string a line, not escaped; NULL ends them. */
const char **refs_lines(struct pool *, const struct report_finding *, bool utf8);

/* Adds `type`, `types`, `refs`, `proofs` and, for a cycle, `break`. */
void refs_json(struct pool *, json_t *object, const struct report_finding *);

#endif
