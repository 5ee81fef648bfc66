/* tail_calls.h - frames that an optimised build does not have: who called by jumping is not on the stack.
 *
 * `void *xmalloc(size_t n) { return malloc(n); }` becomes a jump, and malloc returns to xmalloc's caller. The debug
 * information says which function that caller called, and which functions jump at their end, so what is missing can be
 * put back, as debuggers do. Without it reports would hide the function that matters, and fingerprints would depend on
 * the compiler's options. */
#ifndef CASTAWAY_TOOLS_TAIL_CALLS_H
#define CASTAWAY_TOOLS_TAIL_CALLS_H

#include "unit.h"

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stddef.h>

/* One module, its functions by name and their calls (set when they are first asked for). */
struct tail_module {
    struct unit_index *units;
    struct tail_function *functions;
    struct calls *calls;
    bool is_indexed;
};
struct tail_frame {
    const struct tail_module *in;
    Dwarf_Addr address; /* libdwfl's */
    bool exact;         /* the address itself; false: behind the jump, as a return address */
};

enum { TAIL_FRAMES_MAX = 8 };

/* What is missing between the frame of `outer` that `returns_to` this address and the frame that it called.
 *
 * inner    the module of that frame; NULL: the allocator, which is known by its names
 * target   the function that is known to have been reached, as the compiler wrote it; NULL: an allocation function
 * returns  frames put into `missing`, innermost first; 0 when nothing is missing, or it cannot be told: then there is no
 *          way from the function that was called to `target` by jumps, or more than one */
size_t tail_calls_missing(struct tail_module *outer, Dwarf_Addr returns_to, struct tail_module *inner,
                          const char *target, struct tail_frame missing[TAIL_FRAMES_MAX]);
void tail_calls_close(struct tail_module *);

/* The name of a function as the compiler wrote it, of the function itself or what it is an instance of; NULL: none. */
const char *tail_calls_symbol(Dwarf_Die *);

#endif
