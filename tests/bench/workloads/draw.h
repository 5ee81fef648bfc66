/* draw.h - numbers that look random and are the same in every run. */
#ifndef CASTAWAY_BENCH_DRAW_H
#define CASTAWAY_BENCH_DRAW_H

#include <stdint.h>

/* *state: not 0. Source: Vigna, "An experimental exploration of Marsaglia's xorshift generators" */
static inline uint64_t random_next(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

/* One of [0, below). */
static inline uint64_t draw(uint64_t *state, uint64_t below) {
    return (random_next(state) >> 16) % below;
}

#endif
