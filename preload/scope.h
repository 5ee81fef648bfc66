/* scope.h - stretches of a thread's work, at whose end nothing may be left that was born in them. */
#ifndef CASTAWAY_PRELOAD_SCOPE_H
#define CASTAWAY_PRELOAD_SCOPE_H

#include "analysis/cast.h"
#include "scan.h"

/* The thread took new birth serials, [lo, hi). context: hook, busy */
struct scope_work;
void scope_note_serials(struct scope_work *work, uint32_t lo, uint32_t hi);

/* How many findings the scope that ends has, in a heap that was searched; 0 when none ends.
 * Changes flags of objects and search->verdicts. returns -ENOMEM: not known. context: snapshot child, last thing */
long scope_judge(struct search *search);

/* Scopes that ended with findings, as a note. context: snapshot child */
void scope_write_note(struct cast_sink *sink);

#endif
