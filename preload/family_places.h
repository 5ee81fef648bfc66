/* family_places.h - what may stand in each place of a family's stacks. */
#ifndef CASTAWAY_PRELOAD_FAMILY_PLACES_H
#define CASTAWAY_PRELOAD_FAMILY_PLACES_H

#include "family.h"

/* The places of a new family are those of `whole`, each with the word that stood there; but for the caller's own address.
 * returns  0, or -1: these are too many */
int family_places_put(struct family *family, const struct whole *whole);

/* Is the present stack, which begins where the family does, of its shape? */
int family_places_fit(struct family *family, uintptr_t pc);

/* Each word of the present stack, which is of this shape, becomes one of its place. returns  0, or -1: there is no room */
int family_places_learn(struct families *families, struct family *family, uintptr_t pc);

#endif
