/* nesting.h - what an entry of a unit stands in.
 *
 * An entry knows those in it, not the one that it is in, and libdw looks through the whole unit for each. As scopes.h, but by
 * where entries stand, and of all. */
#ifndef CASTAWAY_TOOLS_NESTING_H
#define CASTAWAY_TOOLS_NESTING_H

#include "pool.h"

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>

/* An entry that has others; outermost the unit itself. */
struct nest {
    Dwarf_Die die;
    const struct nest *outer; /* NULL: it is the unit */
    struct nested *entries;   /* directly in it, in their order; set when one of them is first asked for */
    size_t count, capacity;
    bool is_open;
};

/* The innermost one that `die`, an entry of `unit`, stands in. What is returned lives as long as the pool. */
const struct nest *nesting_of(struct pool *, struct nest *unit, Dwarf_Die *die);

#endif
