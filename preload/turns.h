/* turns.h - stacks that differ with most calls in which of two words stands in each place: those of recursion and dispatch.
 *
 * Such a stack is a number: a bit for each place says which of its two words stands there. Its site is found by the number
 * in a table of the whole's, and neither a hash nor a frame is looked at. */
#ifndef CASTAWAY_PRELOAD_TURNS_H
#define CASTAWAY_PRELOAD_TURNS_H

#include "whole.h"

enum {
    TURNS_WHOLES = 32,
    TURNS_KNOWN_BITS_MAX = 22,
};
struct turns_free;
struct turns_pool {
    uint32_t used; /* entries of all tables */
    uint32_t wholes;
    uint32_t refused;                                  /* how often there was no room */
    struct whole *whole[TURNS_WHOLES];                 /* these turn, or paused */
    struct turns_free *free[TURNS_KNOWN_BITS_MAX + 1]; /* tables of 1 << i entries that are nobody's */
};

/* The site of the present stack, which begins where the whole does, and turns; 0: it is not known, or of another shape. What
 * is found was met with the very words that stand there now; a word made of halves of both has no number that was noted. */
static inline __attribute__((always_inline)) uint32_t turns_site(const struct whole *whole) {
    struct arch_sum sum = {0};
    const size_t words = whole->words;
    for (size_t i = 0; i < words; i += ARCH_WORDS)
        if (__builtin_expect(
                !arch_words_turned(whole->at + i, whole->word + 1 + i, whole->other + i, whole->turns.weight + i, &sum),
                0))
            return 0;
    uint32_t number = whole->turns.base ^ arch_sum_of(sum);
    struct turns_known known = whole->turns.known[number * whole->turns.spread >> whole->turns.shift];
    return known.number == number ? known.site : 0;
}

/* The whole turns from now on, with the words that it holds. It knows its pages.
 * returns  0, or -1: it has too many words
 * context  hook, busy */
int turns_begin(struct whole *whole, struct turns_pool *pool);

/* Its words and site are the present stack's, by whole_adapt(): they are noted.
 * returns  0, or -1: some place had a third word, or there is no room; the whole is to turn no more */
int turns_note(struct whole *whole, struct turns_pool *pool);

/* Its words are compared for a while; what is known stays. */
static inline void turns_pause(struct whole *whole) {
    whole->caller.pc &= ~WHOLE_TURNS;
}
static inline void turns_resume(struct whole *whole) { /* if it paused */
    if (!whole->turns.known || whole_turns(whole))
        return;
    whole->caller.pc |= WHOLE_TURNS;
    whole->turns.running = 0;
}
void turns_end_listed(struct whole *whole, struct turns_pool *pool);
static inline void turns_end(struct whole *whole, struct turns_pool *pool) { /* if it turns, or paused */
    turns_pause(whole);
    if (whole->turns.listed)
        turns_end_listed(whole, pool);
}

#endif
