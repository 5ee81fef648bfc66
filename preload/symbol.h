/* symbol.h - where loaded modules define a name, by their own tables. */
#ifndef CASTAWAY_PRELOAD_SYMBOL_H
#define CASTAWAY_PRELOAD_SYMBOL_H

#include <link.h>
#include <stdint.h>

#include "analysis/heap.h"

/* A module's table of what it exports. */
struct symbols {
    uintptr_t bias;
    const ElfW(Sym) * table;
    const char *names;
    const uint32_t *hash; /* DT_GNU_HASH */
};

/* returns 0: the module has none. context, as of symbols_find(): any; of what follows: child. All of them read memory alone,
 * and call nothing of the loader's */
int symbols_of(const struct link_map *module, struct symbols *out);
/* The address of what it exports under that name, or 0. */
uintptr_t symbols_find(const struct symbols *symbols, const char *name);

/* Where the first module that exports `name` has it; 0: none does. */
uintptr_t symbol_find(const char *name);

/* The code of a function: of the first module that exports it, else the executable's own one, if that still has a table of
 * its own names. Empty: nobody has it. */
struct range symbol_function(const char *name);

#endif
