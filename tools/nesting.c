/* nesting.c - see the header. An entry and all in it stand together, before the next one of its level.
 *
 * Start: nesting_of(). */
#include "nesting.h"

struct nested {
    const char *at; /* libdw's Dwarf_Die.addr: in one section, so in the order of entries */
    Dwarf_Die die;
    struct nest *nest; /* NULL: nobody asked for what is in it */
};

static void open_nest(struct pool *pool, struct nest *nest) {
    Dwarf_Die die;
    nest->is_open = true;
    if (dwarf_child(&nest->die, &die))
        return;
    do {
        nest->entries = pool_grow(pool, nest->entries, nest->count, &nest->capacity, sizeof *nest->entries);
        nest->entries[nest->count++] = (struct nested){.at = die.addr, .die = die};
    } while (!dwarf_siblingof(&die, &die));
}

/* The last one that begins at or before it. */
static struct nested *find(const struct nest *nest, const char *at) {
    size_t lo = 0, hi = nest->count;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (nest->entries[middle].at <= at)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo ? &nest->entries[lo - 1] : NULL;
}

const struct nest *nesting_of(struct pool *pool, struct nest *unit, Dwarf_Die *die) {
    for (struct nest *nest = unit;;) {
        if (!nest->is_open)
            open_nest(pool, nest);
        struct nested *around = find(nest, die->addr);
        if (!around || around->at == die->addr)
            return nest;
        if (!around->nest) {
            around->nest = pool_alloc(pool, sizeof *around->nest);
            *around->nest = (struct nest){.die = around->die, .outer = nest};
        }
        nest = around->nest;
    }
}
