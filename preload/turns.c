/* turns.c - the numbers of stacks whose places have two words each.
 *
 * Owns:    weights of a whole's places; the room for numbers that are known.
 * Never:   reads the stack but in turns_site(): what is noted are words that whole_adapt() has judged.
 * Start:   turns_site(). Invariants: README.md, "Stacks". */
#include "turns.h"

#include <string.h>

enum {
    KNOWN_BITS_MIN = 4,
    NUMBER_BITS = 32,
    SMALL = 64,                    /* a table */
    LEFT = TURNS_KNOWN / 8,        /* for such */
    REFUSED_MAX = 8 * TURNS_KNOWN, /* to begin anew costs as much as this many that are met again */
    HASH = 0x9E3779B1,             /* odd: numbers of more bits than there is room for are spread by it */
};

void turns_end(struct whole *whole) {
    turns_pause(whole);
    if (whole->turns.known || whole->turns.bits) /* of one that could not begin there are bits alone */
        memset(&whole->turns, 0, sizeof whole->turns);
}

static void all_end(struct turns_pool *pool) {
    for (uint32_t i = 0; i < pool->wholes; i++)
        turns_end(pool->whole[i]);
    pool->used = pool->wholes = pool->refused = 0;
}

static uint32_t known_bits_for(uint32_t bits) {
    return bits < KNOWN_BITS_MIN ? KNOWN_BITS_MIN : bits < TURNS_KNOWN_BITS ? bits : TURNS_KNOWN_BITS;
}

/* An empty table; NULL: there is no room. What is large leaves some, so that there is something for all. */
static struct turns_known *take(struct turns_pool *pool, uint32_t bits) {
    uint32_t count = 1u << bits;
    if (pool->used + count > TURNS_KNOWN - (count > SMALL ? LEFT : 0)) {
        pool->refused++;
        return NULL;
    }
    struct turns_known *known = pool->known + pool->used;
    pool->used += count;
    return memset(known, 0, count * sizeof *known);
}

static struct turns_known *take_some(struct turns_pool *pool, uint32_t *bits) {
    struct turns_known *known = take(pool, *bits);
    while (!known && *bits > KNOWN_BITS_MIN)
        known = take(pool, --*bits);
    return known;
}

/* Numbers that fit are their own places: as long as all do, a larger table begins with the smaller one. Others are spread; what
 * stands elsewhere by then is overwritten some day. */
static int make_room(struct turns *turns, struct turns_pool *pool) {
    uint32_t bits = known_bits_for(turns->bits);
    struct turns_known *known = NULL;
    if (!turns->known)
        known = take_some(pool, &bits);
    else if (bits > turns->known_bits)
        known = take(pool, bits);
    if (known && turns->known)
        memcpy(known, turns->known, sizeof *known << turns->known_bits);
    if (known) {
        turns->known = known;
        turns->known_bits = bits;
    }
    int fits = turns->bits <= turns->known_bits;
    turns->spread = fits ? 1 : HASH;
    turns->shift = fits ? 0 : NUMBER_BITS - turns->known_bits;
    return turns->known ? 0 : -1;
}

static uint64_t next_bit(struct turns *turns) {
    return turns->bits < NUMBER_BITS ? 1ull << turns->bits++ : 0;
}

/* Places that have two words, and had one, get a bit: in what was noted it is 0, and so the word before was the one without.
 * returns  0, or -1: there are no bits left */
static int give_bits(struct whole *whole) {
    struct turns *turns = &whole->turns;
    for (uint32_t i = 0; i < whole->words; i++) {
        uint64_t halves = whole->word[i + 1] ^ whole->other[i];
        if (!halves || turns->weight[i])
            continue;
        uint64_t low = (uint32_t)halves ? next_bit(turns) : 0, high = halves >> 32 ? next_bit(turns) : 0;
        if (!low == !!(uint32_t)halves || !high == !!(halves >> 32))
            return -1;
        turns->weight[i] = low | high << 32;
        turns->base |= (uint32_t)(low | high);
    }
    return 0;
}

/* Pads at[i] and on until four words are full; there are at most `words` then. returns 0, or -1: there is no room */
static int fill_up(struct whole *whole, uint32_t i, uint32_t words) {
    int error = 0;
    for (; !error && i % ARCH_WORDS; i++)
        error = whole_pad(whole, i, words);
    whole_find_pages(whole);
    return error;
}

/* No four words that are read at once lie on two pages. returns 0, or -1: these are too many words */
static int align_pages(struct whole *whole) {
    int error = 0;
    for (uint32_t lo = 0; !error && lo < whole->words; lo = whole->place[lo].end)
        error = fill_up(whole, whole->place[lo].end, WHOLE_TURNING);
    if (error)
        fill_up(whole, whole->words, WHOLE_WORDS);
    return error;
}
_Static_assert(WHOLE_TURNING + WHOLE_WORDS_AT_ONCE <= WHOLE_WORDS,
               "words stay a multiple of so many, whatever was padded");

/* Where this number is to be found. */
static struct turns_known *place_of(const struct turns *turns, uint32_t number) {
    return &turns->known[number * turns->spread >> turns->shift];
}

int turns_note(struct whole *whole, struct turns_pool *pool) {
    struct turns *turns = &whole->turns;
    if (turns->third || give_bits(whole) != 0)
        return -1;
    if (pool->refused > REFUSED_MAX)
        all_end(pool);
    else if (make_room(turns, pool) != 0)
        return -1;
    else
        *place_of(turns, turns->base) = (struct turns_known){.number = turns->base, .site = whole->site};
    return 0;
}

int turns_begin(struct whole *whole, struct turns_pool *pool) {
    if (whole->words > WHOLE_TURNING || align_pages(whole) != 0)
        return -1;
    if (pool->wholes == TURNS_WHOLES && pool->refused++ <= REFUSED_MAX)
        return -1;
    if (pool->wholes == TURNS_WHOLES)
        all_end(pool);
    pool->whole[pool->wholes++] = whole;
    memset(&whole->turns, 0, sizeof whole->turns);
    whole->caller.pc |= WHOLE_TURNS;
    return turns_note(whole, pool);
}
