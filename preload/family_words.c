/* family_words.c - tables in which no two words of a place are in the same place.
 *
 * Owns:    words[] of a wide place.
 * Never:   reads the stack; goes on looking for ever.
 * Start:   family_words_add(). Invariants: README.md, "Stacks". */
#include "family_words.h"

#include "family_tables.h"

enum {
    FACTORS_MAX = 1024, /* that are tried for each size of a table: some 15 us */
    SLOT_BITS_MAX = FAMILY_WORD_BITS + 3,
    ENTRIES_A_WORD_BITS = 1, /* log2 of how many table entries a word takes */
};
_Static_assert(sizeof(struct family_word) == sizeof(struct family_known) << ENTRIES_A_WORD_BITS,
               "tables are lent for both");

static uint64_t mask_of(uint32_t bits) {
    return ((1ull << bits) - 1) * sizeof(struct family_word);
}
static uint32_t slot_bits(const struct family_wide *wide) {
    return (uint32_t)__builtin_popcountll(wide->mask);
}

/* The words of the place. returns  how many there are */
static uint32_t words_of(const struct family_wide *wide, uint64_t words[1 << FAMILY_WORD_BITS]) {
    uint32_t count = 0;
    for (size_t i = 0; wide->words && i < (size_t)1 << slot_bits(wide); i++)
        if (family_word_of(wide, wide->words[i].word) == &wide->words[i])
            words[count++] = wide->words[i].word;
    return count;
}

/* Has each of these words a place of its own by `factor`? */
static int is_perfect(const uint64_t *words, uint32_t count, uint64_t factor, uint64_t mask) {
    uint64_t taken[1 << (SLOT_BITS_MAX - 6)] = {0};
    for (uint32_t i = 0; i < count; i++) {
        size_t slot = (words[i] * factor >> FAMILY_HASH_SHIFT & mask) / sizeof(struct family_word);
        if (taken[slot / 64] >> slot % 64 & 1)
            return 0;
        taken[slot / 64] |= 1ull << slot % 64;
    }
    return 1;
}

/* Words stand where `factor` says, the new one, too, and others in all that are empty. */
static void put_words(struct family_wide *wide, struct family_word more, struct family_word *words, uint64_t factor,
                      uint64_t mask) {
    const uint64_t elsewhere = more.word;
    struct family_wide old = *wide;
    wide->words = words;
    wide->factor = factor;
    wide->mask = mask;
    for (size_t i = 0; i < (size_t)1 << slot_bits(wide); i++)
        words[i].word = elsewhere;
    for (size_t i = 0; old.words && i < (size_t)1 << slot_bits(&old); i++)
        if (family_word_of(&old, old.words[i].word) == &old.words[i])
            words[family_word_of(wide, old.words[i].word) - words] = old.words[i];
    words[family_word_of(wide, more.word) - words] = more;
}

/* The smallest table, of 1 << bits words or more, that is perfect for all of these, by one of the factors from *factor on.
 * returns  its bits, or 0: none was found */
static uint32_t find_perfect(const uint64_t *words, uint32_t count, uint32_t bits, uint64_t *factor) {
    while (1u << bits < count)
        bits++;
    for (; bits <= SLOT_BITS_MAX; bits++)
        for (unsigned tried = 0; tried < FACTORS_MAX; tried++, *factor = *factor * SITE_HASH_BASE + 2)
            if (is_perfect(words, count, *factor, mask_of(bits)))
                return bits;
    return 0;
}

int family_words_add(struct families *families, struct family_wide *wide, struct family_word more) {
    uint64_t all[1 << FAMILY_WORD_BITS], factor = wide->factor | 1;
    uint32_t count = words_of(wide, all);
    all[count++] = more.word;
    uint32_t bits = find_perfect(all, count, wide->words ? slot_bits(wide) : 1, &factor);
    struct family_word *words = bits ? family_take(families, bits + ENTRIES_A_WORD_BITS) : NULL;
    if (!words)
        return -1;
    struct family_wide old = *wide;
    put_words(wide, more, words, factor, mask_of(bits));
    family_words_give_back(families, &old);
    wide->count++;
    return 0;
}

void family_words_order(struct family_wide *wide, const struct family_order *order) {
    for (size_t i = 0; i < (size_t)1 << slot_bits(wide); i++)
        wide->words[i].code = family_ordered(order, (uint32_t)wide->words[i].code);
}

void family_words_give_back(struct families *families, struct family_wide *wide) {
    if (wide->words)
        family_give_back(families, wide->words, slot_bits(wide) + ENTRIES_A_WORD_BITS);
    wide->words = NULL;
}
