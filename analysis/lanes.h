/* lanes.h - some bytes in a row, compared at once: the processor's facts are here. */
#ifndef CASTAWAY_ANALYSIS_LANES_H
#define CASTAWAY_ANALYSIS_LANES_H

#include <stdint.h>
#include <string.h>

enum { LANES_WORDS = 16 };

#if defined(__SSE2__)
#include <emmintrin.h>

enum { LANES_BYTES = 16 };
typedef __m128i lanes;

/* Of bytes that others may be writing: each is what it was, or what it becomes. */
static inline __attribute__((no_sanitize("thread"))) lanes lanes_load(const uint8_t *bytes) {
    return _mm_loadu_si128((const __m128i *)(const void *)bytes);
}

/* Bits of the bytes in [least, most]. */
static inline uint64_t lanes_between(lanes bytes, uint8_t least, uint8_t most) {
    __m128i moved = _mm_add_epi8(bytes, _mm_set1_epi8((char)(INT8_MAX - most))); /* `most` becomes the largest */
    return (uint16_t)_mm_movemask_epi8(_mm_cmpgt_epi8(moved, _mm_set1_epi8((char)(INT8_MAX - 1 - most + least))));
}

static inline uint64_t lanes_equal(lanes bytes, uint8_t byte) {
    return (uint16_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8((char)byte)));
}

/* Bits of the words that are not zero, of 16. */
static inline uint64_t lanes_words(const uint32_t *words) {
    const __m128i *four = (const __m128i *)(const void *)words;
    __m128i low = _mm_packs_epi32(_mm_loadu_si128(&four[0]), _mm_loadu_si128(&four[1]));
    __m128i high = _mm_packs_epi32(_mm_loadu_si128(&four[2]), _mm_loadu_si128(&four[3]));
    __m128i bytes = _mm_packs_epi16(low, high); /* what is not zero becomes no zero: it is saturated */
    return (uint16_t)~_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_setzero_si128()));
}
#else
enum { LANES_BYTES = 8 };
typedef uint64_t lanes;

static inline __attribute__((no_sanitize("thread"))) lanes lanes_load(const uint8_t *bytes) {
    lanes loaded;
    memcpy(&loaded, bytes, sizeof loaded);
    return loaded;
}

static inline uint64_t lanes_between(lanes bytes, uint8_t least, uint8_t most) {
    uint64_t bits = 0;
    for (unsigned i = 0; i < LANES_BYTES; i++) {
        uint8_t byte = (uint8_t)(bytes >> 8 * i); /* as the first is the lowest */
        bits |= (uint64_t)(byte >= least && byte <= most) << i;
    }
    return bits;
}

static inline uint64_t lanes_equal(lanes bytes, uint8_t byte) {
    return lanes_between(bytes, byte, byte);
}

static inline uint64_t lanes_words(const uint32_t *words) {
    uint64_t bits = 0;
    for (unsigned i = 0; i < LANES_WORDS; i++)
        bits |= (uint64_t)(words[i] != 0) << i;
    return bits;
}
#endif
#endif
