/* family_words.h - the words of a family's wide place, each where its hash says. */
#ifndef CASTAWAY_PRELOAD_FAMILY_WORDS_H
#define CASTAWAY_PRELOAD_FAMILY_WORDS_H

#include "family_places.h"

enum { FAMILY_HASH_SHIFT = 32 };

/* Where the word stands, if it is one of the place's; there is always something. */
static inline const struct family_word *family_word_of(const struct family_wide *wide, uint64_t word) {
    return (const struct family_word *)((const char *)wide->words +
                                        (word * wide->factor >> FAMILY_HASH_SHIFT & wide->mask));
}

/* One more word is the place's. returns  0, or -1: there is no room, or no table for so many; nothing has changed */
int family_words_add(struct families *families, struct family_wide *wide, struct family_word more);

/* Codes are made of other bits from now on. */
void family_words_order(struct family_wide *wide, const struct family_order *order);

/* Its table is nobody's. A place that was refused one has none. */
void family_words_give_back(struct families *families, struct family_wide *wide);

#endif
