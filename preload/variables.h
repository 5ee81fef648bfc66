/* variables.h - where the variables of a module lie: which words of its data belong together. Their names are for the tool. */
#ifndef CASTAWAY_PRELOAD_VARIABLES_H
#define CASTAWAY_PRELOAD_VARIABLES_H

#include "analysis/arena.h"
#include "analysis/heap.h"

struct variables {
    const struct range *range; /* sorted, as link-time addresses; those that have no size are left out */
    size_t count;
};

/* Read them from the symbol table of the file, which nobody vouches for: one that is wrong has none, or fewer.
 * returns  0 or -ENOMEM
 * context  child */
int variables_read(struct variables *out, const char *path, struct arena *arena);

/* The variable that contains `address` (a link-time address); empty: there is none. */
struct range variables_find(const struct variables *variables, uint64_t address);

#endif
