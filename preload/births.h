/* births.h - when objects with which birth serials were born. */
#ifndef CASTAWAY_PRELOAD_BIRTHS_H
#define CASTAWAY_PRELOAD_BIRTHS_H

#include "analysis/history.h"

/* Serials from `serial` on are handed out now. context: hook, busy; two threads at once lose one note */
void births_note(uint32_t serial, int64_t at_us);
/* Sorted by serial. *count receives how many. */
const struct birth_time *births_all(size_t *count);
void births_forget(void);

#endif
