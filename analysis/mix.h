/* mix.h - a hash of values, one after another. */
#ifndef CASTAWAY_ANALYSIS_MIX_H
#define CASTAWAY_ANALYSIS_MIX_H

#include <stdint.h>

/* The hash of what was before and `value`: splitmix64's finaliser over a running sum. */
static inline uint64_t mix(uint64_t hash, uint64_t value) {
    hash += value + UINT64_C(0x9e3779b97f4a7c15);
    hash = (hash ^ hash >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ hash >> 27) * UINT64_C(0x94d049bb133111eb);
    return hash ^ hash >> 31;
}

#endif
