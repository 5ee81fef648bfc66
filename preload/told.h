/* told.h - the program's own functions that are called after scans. */
#ifndef CASTAWAY_PRELOAD_TOLD_H
#define CASTAWAY_PRELOAD_TOLD_H

#include <stdint.h>

#include "castaway.h"

int told_add(castaway_scan_cb *callback, void *context);
void told_remove(castaway_scan_cb *callback, void *context);

/* A scan has ended. returns whether somebody wants to know: told_call() is to be called soon.
 * context  any, one caller at a time */
int told_note(const struct castaway_scan *scan);

/* Call the functions for what was noted. `from` is code that the thread returns to; 0: the program's own.
 * returns  0 when it could not be done here and must be tried again. context: the program's call, not busy */
int told_call(uintptr_t from);

int told_is_calling(void); /* does this thread stand in one of them? */
void told_after_fork(void);

#endif
