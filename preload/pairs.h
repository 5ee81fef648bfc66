/* pairs.h - what the user named: options and profiles become rules, and calls become changes of counts. */
#ifndef CASTAWAY_PRELOAD_PAIRS_H
#define CASTAWAY_PRELOAD_PAIRS_H

#include "analysis/cast.h"

/* Read refs= and profile= of CASTAWAY_OPTIONS and begin to count. context: constructor */
void pairs_start(void);

/* What could not be done, as notes. context: snapshot child */
void pairs_write_notes(struct cast_sink *sink, struct arena *arena);

#endif
