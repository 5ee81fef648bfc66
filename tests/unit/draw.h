/* draw.h - random heaps for property tests: the same seed draws the same one in each run. */
#ifndef CASTAWAY_TESTS_DRAW_H
#define CASTAWAY_TESTS_DRAW_H

#include <stdint.h>
#include <stdlib.h>

static uint64_t draw_state;

static inline void draw_from(uint64_t seed) {
    draw_state = seed * 7919 + 88172645463325252u;
}

/* A number from 0 to `below` - 1. Source: Vigna, "An experimental exploration of Marsaglia's xorshift generators" */
static inline unsigned draw(unsigned below) {
    draw_state ^= draw_state >> 12;
    draw_state ^= draw_state << 25;
    draw_state ^= draw_state >> 27;
    return (unsigned)((draw_state * UINT64_C(2685821657736338717)) >> 33) % below;
}

/* How many seeds to try, from 1 on: CASTAWAY_SEEDS, else `otherwise`. */
static inline uint64_t draw_seeds(uint64_t otherwise) {
    const char *text = getenv("CASTAWAY_SEEDS");
    return text ? strtoull(text, NULL, 10) : otherwise;
}

#endif
