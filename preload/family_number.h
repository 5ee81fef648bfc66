/* family_number.h - the present stack's number in a family, and the site of that: what most of its stacks take. */
#ifndef CASTAWAY_PRELOAD_FAMILY_NUMBER_H
#define CASTAWAY_PRELOAD_FAMILY_NUMBER_H

#include "family_known.h"
#include "family_words.h"

/* Add the words of a run, whose first is at[i]. A word that is made of halves of two has a code that is no word's. */
static inline __attribute__((always_inline)) void family_add(const struct family *family, const struct family_run *run,
                                                             size_t i, struct arch_sum *sum) {
    for (const size_t varying = run->varying; i < varying; i += ARCH_WORDS)
        arch_sum_add(family->at + i, family->one + i, family->two + i, family->weight + i, sum);
    for (const size_t places = run->places; i < places; i += ARCH_WORDS)
        arch_sum_same(family->at + i, family->one + i, sum);
}

/* Add the words of wide[i].. wide[end - 1]. returns  0: all are of their places */
static inline __attribute__((always_inline)) uint64_t family_add_wide(const struct family *family, size_t i, size_t end,
                                                                      uint64_t *codes) {
    uint64_t differs = 0;
    for (; i < end; i++) {
        uint64_t now = *family->wide[i].at;
        const struct family_word *word = family_word_of(&family->wide[i], now);
        *codes |= word->code;
        differs |= word->word ^ now;
    }
    return differs;
}

/* All that stands on one page is judged together. returns  0: some word is none of its place's */
static inline __attribute__((always_inline)) int family_sum_page(const struct family *family, struct arch_sum *sum,
                                                                 uint64_t *codes) {
    family_add(family, family->run, 0, sum);
    uint64_t differs = family_add_wide(family, 1, family->wides, codes);
    return differs == 0 && arch_sum_is_right(*sum);
}

/* The same of one that stands on several. */
static inline __attribute__((always_inline)) int family_sum_runs(const struct family *family, struct arch_sum *sum,
                                                                 uint64_t *codes) {
    size_t i = 0, wide = 1;
    for (const struct family_run *run = family->run, *end = run + family->runs; run < end; run++) {
        family_add(family, run, i, sum);
        i = run->places;
        uint64_t differs = family_add_wide(family, wide, run->wides, codes);
        wide = run->wides;
        if (__builtin_expect(differs != 0 || !arch_sum_is_right(*sum), 0))
            return 0;
    }
    return 1;
}

/* The present stack's number, which begins where the family does.
 * is_page  whether it has one run; a constant
 * returns   0: some word is none of its place's */
static inline __attribute__((always_inline)) int family_number(const struct family *family, uintptr_t pc, int is_page,
                                                               uint32_t *number) {
    const struct family_word *own = family_word_of(family->wide, pc);
    uint64_t codes = own->code;
    struct arch_sum sum = arch_sum_none();
    if (__builtin_expect(own->word != pc, 0) ||
        __builtin_expect(!(is_page ? family_sum_page(family, &sum, &codes) : family_sum_runs(family, &sum, &codes)), 0))
        return 0;
    *number = arch_sum_of(sum) ^ (uint32_t)codes;
    return 1;
}

#endif
