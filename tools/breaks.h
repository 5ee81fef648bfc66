/* breaks.h - references to make weak so that a cycle is freed: names, copies, and what is told of them. */
#ifndef CASTAWAY_TOOLS_BREAKS_H
#define CASTAWAY_TOOLS_BREAKS_H

#include "keep.h"
#include "report.h"
#include "writers.h"

#include <jansson.h>

struct report_breaks breaks_named(struct pool *, struct symbols *, const struct rec_finding *);
/* A copy that outlives the recording. */
struct report_breaks breaks_kept(struct keeper *, const struct report_breaks *);

/* The finding's cycle of `count` entries now begins at what was its entry `start`. */
void breaks_turn(struct report_breaks *, size_t start, size_t count);

/* The best proposal that has a reference at this entry of the finding's cycle; NULL: there is none. */
const struct report_break *breaks_at(const struct report_finding *, size_t entry);
/* How many parts the set of a part has. */
size_t breaks_parts(const struct report_breaks *, uint64_t set);

/* The best set in words, not escaped; NULL: there is none. */
const char *breaks_line(struct pool *, const struct report_finding *, bool utf8);
json_t *breaks_json(struct pool *, const struct report_finding *, const struct view *);

#endif
