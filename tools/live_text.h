/* live_text.h - ages, paths, growth and counts of live scans in words. What is returned is escaped. */
#ifndef CASTAWAY_TOOLS_LIVE_TEXT_H
#define CASTAWAY_TOOLS_LIVE_TEXT_H

#include "report.h"

/* `4.2 s` */
const char *live_seconds(struct pool *, int64_t us);

/* When the objects of a finding were born and lost; "" when no scan but the one at exit can tell. */
const char *live_age(struct pool *, const struct report *, const struct report_finding *);

/* `1.2 MiB a minute in 5 scans` */
const char *live_growth(struct pool *, const struct report_growth *);

/* Scans and what became of suspects; "" when none ran. */
const char *live_counts(struct pool *, const struct report_live *);

/* What a path begins at, without the offset: a variable, `stack of worker[4243]`, a mapping. */
const char *live_root(struct pool *, const struct report_path *, bool utf8);

/* A path in pieces that a line may be broken between: `g_cache+0x10`, ` -> table`, ` -(+0x40)-> node x 48 211`.
 * Without a path there are none. */
const char **live_path(struct pool *, const struct report_path *, bool utf8, size_t *count);

#endif
