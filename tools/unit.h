/* unit.h - which compilation unit has the code at an address.
 *
 * libdwfl asks .debug_aranges, which gcc writes and clang does not. */
#ifndef CASTAWAY_TOOLS_UNIT_H
#define CASTAWAY_TOOLS_UNIT_H

#include "debug_info.h"
#include "nesting.h"
#include "pool.h"
#include "scopes.h"

#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stddef.h>

struct unit_index {
    Dwfl_Module *module; /* NULL: nothing is known of it */
    struct debug_info debug;
    struct pool *pool;
    struct unit_range *ranges; /* sorted; made when libdwfl first has no answer */
    size_t count, capacity;
    struct unit_code *code; /* by unit */
    bool is_made, is_guarded;
};

/* The unit's entry; NULL: none. `*bias` is libdwfl's address minus the entry's own. */
Dwarf_Die *unit_at(struct unit_index *, Dwarf_Addr address, Dwarf_Addr *bias);

void unit_close(struct unit_index *);

/* What the unit holds: it may be the skeleton of one that is in a .dwo file, else it is its own. */
Dwarf_Die unit_content(Dwarf_Die *unit);

/* The innermost entry of the unit that has code at the address (as the unit counts), and those that it stands in; NULL:
 * there is none. */
const struct scope *unit_scopes_at(struct unit_index *, Dwarf_Die *unit, Dwarf_Addr address);

/* What an entry of any unit of the module stands in; NULL: not known. */
const struct nest *unit_nesting_of(struct unit_index *, Dwarf_Die *);

#endif
