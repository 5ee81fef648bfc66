/* family_known.h - the sites of a family's stacks, by their numbers. */
#ifndef CASTAWAY_PRELOAD_FAMILY_KNOWN_H
#define CASTAWAY_PRELOAD_FAMILY_KNOWN_H

#include "family.h"

enum {
    FAMILY_KNOWN_LINE = 8,                              /* entries that are read together */
    FAMILY_KNOWN_SPREAD = 0x3779B1 * FAMILY_KNOWN_LINE, /* odd but for that */
};

/* Where a number is to be found, or in the next line. One that fits is its own place; others are that of their low bits, as far
 * away as the bits that do not fit say. Those that differ in the low bits, which are mostly of the innermost frames, share a
 * line of the cache: they come one after the other. */
static inline size_t family_known_place(const struct family *family, uint32_t number) {
    return (number ^ (number >> family->known_bits) * FAMILY_KNOWN_SPREAD) & family->known_mask;
}

/* The site of the stack with this number; 0: none is known. */
static inline __attribute__((always_inline)) uint32_t family_known_site(struct family *family, uint32_t number) {
    family->hits++;
    size_t place = family_known_place(family, number);
    if (__builtin_expect(family->known[place].number == number, 1))
        return family->known[place].site;
    place ^= FAMILY_KNOWN_LINE;
    return family->known[place].number == number ? family->known[place].site : 0;
}

/* A first table. returns  0, or -1: there is none, and nothing has changed */
int family_known_begin(struct families *families, struct family *family);

/* Room for one more. A table that is well filled grows with the bits, so that each number is its own place; and one where
 * numbers are spread, when many stood where others did. To be called when the family's numbers have more bits than before,
 * before one is looked for.
 * number   the one more; its bits are put in order when the table grows
 * returns  0, or -1: it could not grow; one more will stand where another did */
int family_known_make_room(struct families *families, struct family *family, uint32_t *number);

/* One that does not find its place empty goes to the next line; but where each number has its own. */
void family_known_put(struct family *family, uint32_t number, uint32_t site);

#endif
