/* page_bits.h - a bit for each page of memory, in a table so small that it stays in the cache.
 *
 * Addresses that are 4 GiB apart share one. */
#ifndef CASTAWAY_ANALYSIS_PAGE_BITS_H
#define CASTAWAY_ANALYSIS_PAGE_BITS_H

#include <stddef.h>
#include <stdint.h>

enum {
    PAGE_BITS_SHIFT = 12, /* pages of 4 KiB */
    PAGE_BITS = 1 << 20,
    PAGE_BITS_WORDS = PAGE_BITS / 64,
};

/* Where the bit of an address is: the word of the table, and the bit in it. */
static inline size_t page_bits_word(uintptr_t address) {
    return (address >> PAGE_BITS_SHIFT) % PAGE_BITS / 64;
}
static inline uint64_t page_bits_bit(uintptr_t address) {
    return UINT64_C(1) << (address >> PAGE_BITS_SHIFT) % 64;
}
/* 1 or 0, of a word of the table */
static inline unsigned page_bits_of(uint64_t word, uintptr_t address) {
    return word >> (address >> PAGE_BITS_SHIFT) % 64 & 1;
}

#endif
