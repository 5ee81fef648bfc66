/* unit.c - libdwfl's answer, or else a table made of the units' own ranges.
 *
 * Start: unit_at(). */
#include "unit.h"

#include "hash.h"

#include <dwarf.h>
#include <stdlib.h>

struct unit_range {
    Dwarf_Addr lo, hi, bias; /* libdwfl's addresses */
    Dwarf_Die *unit;
};

/* Of a unit that was asked about before. */
struct unit_code {
    const void *key;
    struct scope scope;
    struct nest nest;
    UT_hash_handle hh;
};

static struct unit_code *code_of(struct unit_index *index, Dwarf_Die *unit) {
    struct unit_code *code = NULL;
    HASH_FIND_PTR(index->code, &unit->addr, code);
    if (!code) {
        code = pool_alloc(index->pool, sizeof *code);
        *code = (struct unit_code){.key = unit->addr, .scope = {.die = unit_content(unit)}, .nest = {.die = *unit}};
        HASH_ADD_PTR(index->code, key, code);
    }
    return code;
}

static int by_address(const void *a, const void *b) {
    const struct unit_range *left = a, *right = b;
    return (left->lo > right->lo) - (left->lo < right->lo);
}

static void add_ranges(struct unit_index *index, Dwarf_Die *unit, Dwarf_Addr bias) {
    Dwarf_Addr base, lo, hi;
    ptrdiff_t offset = 0;
    while ((offset = dwarf_ranges(unit, offset, &base, &lo, &hi)) > 0) {
        index->ranges = pool_grow(index->pool, index->ranges, index->count, &index->capacity, sizeof *index->ranges);
        index->ranges[index->count++] = (struct unit_range){lo + bias, hi + bias, bias, unit};
    }
}

static void make(struct unit_index *index, Dwfl_Module *module) {
    Dwarf_Addr bias;
    Dwarf_Die *unit = NULL;
    index->is_made = true;
    while ((unit = dwfl_module_nextcu(module, unit, &bias)))
        add_ranges(index, unit, bias);
    if (index->count)
        qsort(index->ranges, index->count, sizeof *index->ranges, by_address);
}

/* The last range that begins at or before the address. */
static const struct unit_range *find(const struct unit_index *index, Dwarf_Addr address) {
    size_t lo = 0, hi = index->count;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (index->ranges[middle].lo <= address)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo && address < index->ranges[lo - 1].hi ? &index->ranges[lo - 1] : NULL;
}

/* Short of memory, libdw would end us with a status and a message of its own. */
static void guard(struct unit_index *index, Dwfl_Module *module) {
    Dwarf_Addr bias;
    Dwarf *dwarf = dwfl_module_getdwarf(module, &bias);
    if (dwarf)
        dwarf_new_oom_handler(dwarf, pool_exhausted);
    index->is_guarded = true;
}

Dwarf_Die *unit_at(struct unit_index *index, Dwarf_Addr address, Dwarf_Addr *bias) {
    Dwfl_Module *module = debug_info_open(&index->debug, index->module);
    if (module && !index->is_guarded)
        guard(index, module);
    Dwarf_Die *unit = module ? dwfl_module_addrdie(module, address, bias) : NULL;
    if (unit || !module)
        return unit;
    if (!index->is_made)
        make(index, module);
    const struct unit_range *range = find(index, address);
    *bias = range ? range->bias : 0;
    return range ? range->unit : NULL;
}

void unit_close(struct unit_index *index) {
    HASH_CLEAR(hh, index->code);
    debug_info_close(&index->debug);
}

/* Source: DWARF 5, 3.1.2, "Skeleton Compilation Unit Entries"; -gsplit-dwarf */
Dwarf_Die unit_content(Dwarf_Die *unit) {
    Dwarf_Die split;
    uint8_t kind;
    if (dwarf_cu_info(unit->cu, NULL, &kind, NULL, &split, NULL, NULL, NULL) || kind != DW_UT_skeleton || !split.addr)
        return *unit;
    return split;
}

const struct scope *unit_scopes_at(struct unit_index *index, Dwarf_Die *unit, Dwarf_Addr address) {
    return scopes_at(index->pool, &code_of(index, unit)->scope, address);
}

const struct nest *unit_nesting_of(struct unit_index *index, Dwarf_Die *die) {
    Dwarf_Die unit;
    return dwarf_diecu(die, &unit, NULL, NULL) ? nesting_of(index->pool, &code_of(index, &unit)->nest, die) : NULL;
}
