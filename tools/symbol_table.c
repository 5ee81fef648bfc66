/* symbol_table.c - a table sorted by address, and libdwfl's rules for addresses that are in several symbols.
 *
 * Owns:  the sorted copy.    Never: decides about labels without a size: where these may be the answer, libdwfl is asked.
 * Start: symbol_table_find(). */
#include "symbol_table.h"

#include "pool.h"

#include <stdlib.h>

/* To sort takes as long as a few of libdwfl's answers. A function has a few names, not so many. */
enum { ASKED_BEFORE_MAX = 4, AROUND_MAX = 64 };

struct table_symbol {
    Dwarf_Addr lo, hi;
    Dwarf_Addr reach; /* the greatest `hi` of this one and all before it */
    const char *name;
    int number; /* in the module's table */
    int rank;
};

/* Those that contain an address. */
struct around {
    struct table_symbol list[AROUND_MAX];
    size_t count;
};

/* ---- making ---- */

static int by_address(const void *a, const void *b) {
    const struct table_symbol *left = a, *right = b;
    if (left->lo != right->lo)
        return left->lo < right->lo ? -1 : 1;
    return left->number - right->number;
}

static int by_value(const void *a, const void *b) {
    const Dwarf_Addr *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static int rank(const GElf_Sym *symbol) {
    switch (GELF_ST_BIND(symbol->st_info)) {
    case STB_GLOBAL:
        return 3;
    case STB_WEAK:
        return 2;
    case STB_LOCAL:
        return 1;
    default:
        return 0;
    }
}

static bool has_address(const GElf_Sym *symbol, const char *name) {
    int type = GELF_ST_TYPE(symbol->st_info);
    return name && *name && symbol->st_shndx != SHN_UNDEF && type != STT_SECTION && type != STT_FILE && type != STT_TLS;
}

static void add_symbol(struct symbol_table *table, int number) {
    GElf_Sym symbol;
    GElf_Addr address;
    const char *name = dwfl_module_getsym_info(table->module, number, &symbol, &address, NULL, NULL, NULL);
    if (!has_address(&symbol, name))
        return;
    if (!symbol.st_size)
        table->sizeless[table->sizeless_count++] = address;
    else if (address + symbol.st_size > address)
        table->list[table->count++] = (struct table_symbol){
            .lo = address, .hi = address + symbol.st_size, .name = name, .number = number, .rank = rank(&symbol)};
}

static void make(struct symbol_table *table) {
    int count = dwfl_module_getsymtab(table->module);
    table->is_made = true;
    if (count <= 0)
        return;
    table->first_global = dwfl_module_getsymtab_first_global(table->module);
    table->list = calloc((size_t)count, sizeof *table->list);
    table->sizeless = calloc((size_t)count, sizeof *table->sizeless);
    if (!table->list || !table->sizeless)
        pool_exhausted();
    for (int i = 0; i < count; i++)
        add_symbol(table, i);
    qsort(table->list, table->count, sizeof *table->list, by_address);
    qsort(table->sizeless, table->sizeless_count, sizeof *table->sizeless, by_value);
    Dwarf_Addr reach = 0;
    for (size_t i = 0; i < table->count; i++) {
        if (table->list[i].hi > reach)
            reach = table->list[i].hi;
        table->list[i].reach = reach;
    }
}

/* ---- asking ---- */

static struct symbol_at ask_libdwfl(struct symbol_table *table, Dwarf_Addr address) {
    GElf_Off offset;
    GElf_Sym symbol;
    const char *name = dwfl_module_addrinfo(table->module, address, &offset, &symbol, NULL, NULL, NULL);
    return name && *name ? (struct symbol_at){name, offset, symbol.st_size} : (struct symbol_at){0};
}

/* How many symbols begin at the address or before. */
static size_t begun(const struct symbol_table *table, Dwarf_Addr address) {
    size_t lo = 0, hi = table->count;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (table->list[middle].lo <= address)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

/* Is there a label at the address, or between it and the end of all symbols before it? */
static bool has_label(const struct symbol_table *table, Dwarf_Addr address, Dwarf_Addr reach) {
    size_t lo = 0, hi = table->sizeless_count;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (table->sizeless[middle] <= address)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo && (table->sizeless[lo - 1] >= reach || table->sizeless[lo - 1] == address);
}

static int by_number(const void *a, const void *b) {
    const struct table_symbol *left = a, *right = b;
    return left->number - right->number;
}

/* false: there are too many. */
static bool collect(const struct symbol_table *table, size_t end, Dwarf_Addr address, struct around *around) {
    around->count = 0;
    for (size_t i = end; i > 0 && table->list[i - 1].reach > address; i--) {
        if (table->list[i - 1].hi <= address)
            continue;
        if (around->count == AROUND_MAX)
            return false;
        around->list[around->count++] = table->list[i - 1];
    }
    qsort(around->list, around->count, sizeof *around->list, by_number);
    return true;
}

/* Is `a` preferred to `b`, which stands before it in the table? */
static bool is_better(const struct table_symbol *a, const struct table_symbol *b) {
    if (!b || a->lo > b->lo || a->rank > b->rank)
        return true;
    return a->lo == b->lo && a->hi < b->hi && a->rank == b->rank;
}

/* Of the global ones, or of the local ones, the best; NULL: there is none. */
static const struct table_symbol *best(const struct symbol_table *table, const struct around *around, bool global) {
    const struct table_symbol *found = NULL;
    for (size_t i = 0; i < around->count; i++)
        if ((around->list[i].number >= table->first_global) == global && is_better(&around->list[i], found))
            found = &around->list[i];
    return found;
}

struct symbol_at symbol_table_find(struct symbol_table *table, Dwarf_Addr address) {
    struct around around;
    if (table->asked < ASKED_BEFORE_MAX) {
        table->asked++;
        return ask_libdwfl(table, address);
    }
    if (!table->is_made)
        make(table);
    size_t end = begun(table, address);
    if (!collect(table, end, address, &around))
        return ask_libdwfl(table, address);
    const struct table_symbol *found = best(table, &around, true);
    if (!found && has_label(table, address, end ? table->list[end - 1].reach : 0))
        return ask_libdwfl(table, address);
    if (!found)
        found = best(table, &around, false);
    return found ? (struct symbol_at){found->name, address - found->lo, found->hi - found->lo} : (struct symbol_at){0};
}

void symbol_table_close(struct symbol_table *table) {
    free(table->list);
    free(table->sizeless);
    *table = (struct symbol_table){0};
}
