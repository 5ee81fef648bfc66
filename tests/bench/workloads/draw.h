/* draw.h - numbers that look random and are the same in every run. */
#ifndef CASTAWAY_BENCH_DRAW_H
#define CASTAWAY_BENCH_DRAW_H

#include <stdint.h>

/* One of [0, below). *state: not 0. xorshift64* */
static inline uint64_t draw(uint64_t *state, uint64_t below) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (*state * UINT64_C(2685821657736338717) >> 16) % below;
}

#endif
