/* layouts.h - what the user said of counts in memory. */
#ifndef CASTAWAY_PRELOAD_LAYOUTS_H
#define CASTAWAY_PRELOAD_LAYOUTS_H

#include "analysis/cast.h"
#include "analysis/layout.h"

/* A rule of `--refs` (is_profile 0) or of a profile; name is kept. returns 0, or -ENOMEM: there are too many.
 * context  constructor */
int layouts_add(const char *name, const struct pair_counted *what, int is_profile);

/* Read the counts of the objects that they are about. After those that are known without a rule.
 * returns  0 or -ENOMEM. context: child */
int layouts_read(const struct heap *heap, struct counts *counts, struct arena *arena);

/* Which of them were of use, and what was wrong with the others. */
int layouts_matched(void);
void layouts_write_notes(struct cast_sink *sink, struct arena *arena);

#endif
