/* helpers.h - threads that help the search in a snapshot child. */
#ifndef CASTAWAY_PRELOAD_HELPERS_H
#define CASTAWAY_PRELOAD_HELPERS_H

#include "analysis/arena.h"
#include "analysis/crew.h"

/* A crew of as many threads as the options ask for (mark-threads), or as there are processors for, up to four.
 *
 * arena    for their stacks
 * returns  NULL: the caller is to work alone
 * context  snapshot child only: they share its memory and the caller's thread-local storage, and run nothing but
 *          analysis/, which uses none. Threads that the kernel refuses are done without */
const struct crew *helpers_crew(struct arena *arena);

#endif
