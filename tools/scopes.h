/* scopes.h - the entries of a unit that have code at an address.
 *
 * libdw looks at all of a unit's entries for each address: for thousands of addresses that takes minutes. What was looked
 * at is kept here, level by level. */
#ifndef CASTAWAY_TOOLS_SCOPES_H
#define CASTAWAY_TOOLS_SCOPES_H

#include "pool.h"

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>

/* A function, an inlined call, a block; outermost the unit itself. */
struct scope {
    Dwarf_Die die;
    const struct scope *outer;  /* that it stands in; NULL: it is the unit */
    struct scope_range *ranges; /* of those directly in it; set when an address in it is first asked for */
    size_t count, capacity;
    bool is_open;
};

/* The innermost one below `unit`, which may change, with code at the address (as the unit counts); NULL: there is none.
 * What is returned lives as long as the pool. */
const struct scope *scopes_at(struct pool *, struct scope *unit, Dwarf_Addr address);

#endif
