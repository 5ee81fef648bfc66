/* members.h - what struct an allocation is for, and which of its members stands at an offset, by the debug information. */
#ifndef CASTAWAY_TOOLS_MEMBERS_H
#define CASTAWAY_TOOLS_MEMBERS_H

#include "symbols.h"

#include <elfutils/libdw.h>

/* Both NULL where nothing is known. */
struct members {
    const char *type;   /* name of the struct */
    const char *member; /* `timer`, `list.next`, `slots[2].value` */
};

/* An object that `site` allocated: the struct of this size whose pointer the allocating function returns or keeps in a
 * variable, if there is just one. Functions that return an untyped pointer are passed over. */
struct members members_at(struct symbols *, struct rec_site *, uint64_t size_bytes, uint64_t offset, struct pool *);

/* symbols.c: the functions that were called at a stack, innermost first, inlined ones too, until visit returns false. */
typedef bool members_visit(void *context, Dwarf_Die *function);
struct pool *symbols_pool(struct symbols *);        /* lives as long as stacks do */
struct holders **symbols_holders(struct symbols *); /* members.c: what is known of functions */
void members_forget(struct holders **);
void symbols_each_call(struct symbols *, struct rec_site *, members_visit *visit, void *context);

#endif
