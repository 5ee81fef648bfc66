/* symbol_table.h - which symbol an address lies in.
 *
 * libdwfl goes through a module's whole table for every address: ten thousand symbols for each of hundreds of frames. This
 * sorts the table when it is asked for the fifth time, and then answers as libdwfl would. */
#ifndef CASTAWAY_TOOLS_SYMBOL_TABLE_H
#define CASTAWAY_TOOLS_SYMBOL_TABLE_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbol_table {
    Dwfl_Module *module; /* set by the caller, all else zero */
    unsigned asked;
    bool is_made;
    int first_global;          /* the table's own order: local symbols stand before it */
    struct table_symbol *list; /* by address */
    size_t count;
    Dwarf_Addr *sizeless; /* addresses of symbols without a size, sorted: labels of assembly */
    size_t sizeless_count;
};

struct symbol_at {
    const char *name;    /* as the compiler wrote it, borrowed from the module; NULL: in no symbol */
    uint64_t from_start; /* bytes */
    uint64_t size_bytes; /* 0: not told */
};

/* `address` is libdwfl's. */
struct symbol_at symbol_table_find(struct symbol_table *, Dwarf_Addr address);
void symbol_table_close(struct symbol_table *);

#endif
