/* weak.h - words that point at an object and don't keep it alive. */
#ifndef CASTAWAY_PRELOAD_WEAK_H
#define CASTAWAY_PRELOAD_WEAK_H

#include "analysis/counts.h"
#include "maps.h"

/* The word at `slot` is weak from now on; no more. context: the program's call */
void weak_add(uintptr_t slot);
void weak_remove(uintptr_t slot);

/* Empty them, so that no search follows them. In the snapshot child that is a copy of the program's memory; what is shared
 * with others or can't be written is left. context: snapshot child */
void weak_blank(const struct maps *maps);
/* The same of those that languages and libraries keep, as far as they still point at their targets. */
void weak_blank_known(const struct maps *maps, const struct counts *counts);

#endif
