/* family_known.c - a family's table of numbers.
 *
 * Owns:    known[] of a family, and where a number stands in it.
 * Never:   reads the stack.
 * Start:   family_known_site(), family_known_put(). Invariants: README.md, "Stacks". */
#include "family_known.h"

#include "family_places.h"
#include "family_tables.h"

enum {
    TABLE_BITS_MIN = 4,
    FULL_OF = 4, /* a table of which one part of so many is filled, or was overwritten, may grow */
};

static void count_anew(struct family *family) {
    family->is_spread = family->bits > family->known_bits;
    family->filled = family->overwritten = 0;
}

void family_known_put(struct family *family, uint32_t number, uint32_t site) {
    size_t place = family_known_place(family, number);
    struct family_known *here = &family->known[place], *beside = &family->known[place ^ FAMILY_KNOWN_LINE];
    if (here->site && here->number != number && family->is_spread && (!beside->site || beside->number == number))
        here = beside;
    family->filled += !here->site;
    family->overwritten += here->site && here->number != number;
    *here = (struct family_known){number, site};
}

/* A first table, where there is none; or one twice as large, and all numbers are put in order, the one more, too.
 * returns  0, or -1: there is none, and nothing has changed */
static int grow(struct families *families, struct family *family, uint32_t *number) {
    struct family_known *old = family->known;
    uint32_t old_bits = family->known_bits, bits = old ? old_bits + 1 : TABLE_BITS_MIN;
    struct family_known *known = family_take(families, bits);
    if (!known)
        return -1;
    family->known = known;
    family->known_bits = bits;
    family->known_mask = (1u << bits) - 1;
    count_anew(family);
    if (!old)
        return 0;
    const struct family_order order = family_places_order(family);
    *number = family_ordered(&order, *number);
    for (size_t i = 0; i < (size_t)1 << old_bits; i++)
        if (old[i].site)
            family_known_put(family, family_ordered(&order, old[i].number), old[i].site);
    family_give_back(families, old, old_bits);
    return 0;
}

int family_known_begin(struct families *families, struct family *family) {
    return grow(families, family, NULL);
}

int family_known_make_room(struct families *families, struct family *family, uint32_t *number) {
    if (family->bits <= family->known_bits)
        return 0;
    uint32_t count = family->is_spread ? family->overwritten : family->filled;
    int is_small = count > (1u << family->known_bits) / FULL_OF;
    if (is_small && grow(families, family, number) == 0)
        return 0;
    if (!family->is_spread)
        count_anew(family);
    return is_small ? -1 : 0;
}
