/* family_number.h - the present stack's number in a family, and the site of that: what most of its stacks take. */
#ifndef CASTAWAY_PRELOAD_FAMILY_NUMBER_H
#define CASTAWAY_PRELOAD_FAMILY_NUMBER_H

#include "family_known.h"
#include "family_words.h"

/* Are the words from at[i] to before at[end] those of their places? A word that is made of halves of two has a code that is no
 * word's. */
static inline __attribute__((always_inline)) int family_sum_places(const struct family *family, size_t i, size_t end,
                                                                   struct arch_sum *sum) {
    for (; i < end; i += ARCH_WORDS)
        if (__builtin_expect(
                !arch_words_of_two(family->at + i, family->one + i, family->two + i, family->weight + i, sum), 0))
            return 0;
    return 1;
}

/* The same of the wide places, in order with those around them. */
static inline __attribute__((always_inline)) int family_sum_runs(const struct family *family, struct arch_sum *sum,
                                                                 uint64_t *codes) {
    size_t place = 0, wide = 1;
    for (const struct family_run *run = family->run, *end = run + family->runs; run < end; run++) {
        if (!family_sum_places(family, place, run->places, sum))
            return 0;
        uint64_t differs = 0;
        for (const size_t wides = run->wides; wide < wides; wide++) {
            uint64_t now = *family->wide[wide].at;
            const struct family_word *word = family_word_of(&family->wide[wide], now);
            *codes |= word->code;
            differs |= word->word ^ now;
        }
        if (__builtin_expect(differs != 0, 0))
            return 0;
        place = run->places;
    }
    return 1;
}

/* The present stack's, which begins where the family does. returns  0: some word is none of its place's */
static inline __attribute__((always_inline)) int family_number(const struct family *family, uintptr_t pc, int has_wides,
                                                               uint32_t *number) {
    const struct family_word *own = family_word_of(family->wide, pc);
    uint64_t codes = own->code;
    struct arch_sum sum = {0};
    if (__builtin_expect(own->word != pc, 0) ||
        !(has_wides ? family_sum_runs(family, &sum, &codes) : family_sum_places(family, 0, family->places, &sum)))
        return 0;
    *number = arch_sum_of(sum) ^ (uint32_t)codes;
    return 1;
}

static inline int family_has_wides(const struct family *family) {
    return family->wides > 1;
}

/* As family_site(). has_wides: what family_has_wides() says; a constant */
static inline __attribute__((always_inline)) uint32_t family_site_here(struct family *family, uintptr_t pc,
                                                                       int has_wides) {
    uint32_t number;
    return family_number(family, pc, has_wides, &number) ? family_known_site(family, number) : 0;
}

#endif
