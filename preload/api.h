/* api.h - what a program tells castaway of its own accord. */
#ifndef CASTAWAY_PRELOAD_API_H
#define CASTAWAY_PRELOAD_API_H

#include "analysis/heap.h"

/* Depth of castaway_disable() in this thread: objects made meanwhile are OBJECT_IGNORED. */
extern __thread int api_disabled;

/* Memory that the program declared a root; *count receives the number. context: locks held, or child */
const struct range *api_roots(size_t *count);

#endif
