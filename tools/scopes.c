/* scopes.c - see the header.
 *
 * Start: scopes_at(). */
#include "scopes.h"

#include <dwarf.h>
#include <stdlib.h>

enum { NESTING_MAX = 200 };

/* Ranges of scopes in another one, by their first addresses. */
struct scope_range {
    Dwarf_Addr lo, hi, hi_before; /* the highest end of this one and all before it */
    size_t number;                /* where they overlap the first one has the code, as written */
    struct scope *scope;
};

/* Can code stand in it that its own entry says nothing of? */
static bool is_transparent(int tag) {
    return tag == DW_TAG_namespace || tag == DW_TAG_module || tag == DW_TAG_structure_type || tag == DW_TAG_class_type;
}

static bool may_have_code(int tag) {
    switch (tag) {
    case DW_TAG_subprogram:
    case DW_TAG_inlined_subroutine:
    case DW_TAG_entry_point:
    case DW_TAG_lexical_block:
    case DW_TAG_try_block:
    case DW_TAG_catch_block:
    case DW_TAG_with_stmt:
        return true;
    default:
        return false;
    }
}

/* ---- one level ---- */

static void add(struct pool *pool, struct scope *outer, Dwarf_Die *die) {
    Dwarf_Addr base, lo, hi;
    ptrdiff_t offset = 0;
    struct scope *scope = NULL;
    size_t number = outer->count;
    while ((offset = dwarf_ranges(die, offset, &base, &lo, &hi)) > 0) {
        if (!scope) {
            scope = pool_alloc(pool, sizeof *scope);
            *scope = (struct scope){.die = *die, .outer = outer};
        }
        outer->ranges = pool_grow(pool, outer->ranges, outer->count, &outer->capacity, sizeof *outer->ranges);
        outer->ranges[outer->count++] = (struct scope_range){.lo = lo, .hi = hi, .number = number, .scope = scope};
    }
}

static void add_all(struct pool *pool, struct scope *outer, Dwarf_Die *parent, int nesting) {
    Dwarf_Die die;
    if (nesting > NESTING_MAX || dwarf_child(parent, &die))
        return;
    do {
        int tag = dwarf_tag(&die);
        if (may_have_code(tag))
            add(pool, outer, &die);
        else if (is_transparent(tag))
            add_all(pool, outer, &die, nesting + 1);
    } while (!dwarf_siblingof(&die, &die));
}

static int by_address(const void *a, const void *b) {
    const struct scope_range *left = a, *right = b;
    if (left->lo != right->lo)
        return left->lo > right->lo ? 1 : -1;
    return (left->number > right->number) - (left->number < right->number);
}

static void open_scope(struct pool *pool, struct scope *scope) {
    Dwarf_Addr highest = 0;
    scope->is_open = true;
    add_all(pool, scope, &scope->die, 0);
    if (!scope->count)
        return;
    qsort(scope->ranges, scope->count, sizeof *scope->ranges, by_address);
    for (size_t i = 0; i < scope->count; i++) {
        if (scope->ranges[i].hi > highest)
            highest = scope->ranges[i].hi;
        scope->ranges[i].hi_before = highest;
    }
}

/* ---- an address ---- */

/* How many of them begin at or before it. */
static size_t count_up_to(const struct scope *scope, Dwarf_Addr address) {
    size_t lo = 0, hi = scope->count;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (scope->ranges[middle].lo <= address)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

/* The one directly in `scope`. */
static struct scope *inner_at(struct pool *pool, struct scope *scope, Dwarf_Addr address) {
    const struct scope_range *found = NULL;
    if (!scope->is_open)
        open_scope(pool, scope);
    for (size_t i = count_up_to(scope, address); i-- > 0 && scope->ranges[i].hi_before > address;) {
        const struct scope_range *range = &scope->ranges[i];
        if (address < range->hi && (!found || range->number < found->number))
            found = range;
    }
    return found ? found->scope : NULL;
}

const struct scope *scopes_at(struct pool *pool, struct scope *unit, Dwarf_Addr address) {
    struct scope *innermost = NULL, *inner = unit;
    for (int depth = 0; depth < NESTING_MAX && (inner = inner_at(pool, inner, address)); depth++)
        innermost = inner;
    return innermost;
}
