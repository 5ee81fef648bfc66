/* family_places.h - what may stand in each place of a family's stacks. */
#ifndef CASTAWAY_PRELOAD_FAMILY_PLACES_H
#define CASTAWAY_PRELOAD_FAMILY_PLACES_H

#include "family.h"

/* The places of a new family are those of `whole`, each with the word that stood there; but for the caller's own address.
 * returns  0, or -1: these are too many */
int family_places_put(struct family *family, const struct whole *whole);

/* Is the present stack, which begins where the family does, of its shape? */
int family_places_fit(struct family *family, uintptr_t pc);

/* The same fits. Have all of its words come before, that places of many words do not have? Those that had not have now. */
int family_places_seen(struct families *families, const struct family *family, uintptr_t pc);

/* Each word of the present stack, which is of this shape, becomes one of its place. returns  0, or -1: there is no room */
int family_places_learn(struct families *families, struct family *family, uintptr_t pc);

/* Which bit each bit of the family's numbers has become. */
struct family_order {
    uint8_t of[FAMILY_NUMBER_BITS];
    int is_as_before; /* each bit is itself */
};
static inline uint32_t family_ordered(const struct family_order *order, uint32_t number) {
    uint32_t ordered = 0;
    if (order->is_as_before)
        return number;
    for (; number; number &= number - 1)
        ordered |= 1u << order->of[__builtin_ctz(number)];
    return ordered;
}

/* Bits are given out as words come. From now on those of inner places are the low ones: numbers of stacks that come one after
 * the other are near each other. */
struct family_order family_places_order(struct family *family);

#endif
