/* baseline.h - a ratchet: findings that are known pass up to a ceiling, and the ceilings only come down. */
#ifndef CASTAWAY_TOOLS_BASELINE_H
#define CASTAWAY_TOOLS_BASELINE_H

#include "compare.h"
#include "pool.h"
#include "report.h"

#include <stdbool.h>

struct baseline {
    const char *path;
    struct compare_list known; /* `objects` are ceilings */
};
struct baseline_change {
    size_t lowered, dropped, added, raised;
};

/* Read the file at `path`, described in README.md, "Baseline". Without a file: empty if `may_be_new`.
 *
 * returns  0, or -1 after a message */
int baseline_load(struct baseline *, struct pool *, const char *path, bool may_be_new);

/* Set `standing` and `ceiling` of the findings of these kinds (bits). Entries without a partner afterwards are gone. */
void baseline_apply(struct baseline *, struct report *, unsigned kinds);

/* Write the file anew after baseline_apply(): ceilings come down to what was found, entries of `kinds` that are gone are
 * dropped; with `accept_new`, new findings are added and ceilings raised too. The file is replaced in one step.
 *
 * returns  0, or -1 after a message */
int baseline_update(const struct baseline *, const struct report *, unsigned kinds, bool accept_new,
                    struct baseline_change *);

#endif
