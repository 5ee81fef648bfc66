/* turns.c - the numbers of stacks whose places have two words each.
 *
 * Owns:    weights of a whole's places; the room for numbers that are known.
 * Never:   reads the stack but in turns_site(): what is noted are words that whole_adapt() has judged.
 * Start:   turns_site(). Invariants: README.md, "Stacks". */
#include "turns.h"

#include <string.h>

#include "pages.h"

enum {
    KNOWN_BITS_MIN = 4,
    NUMBER_BITS = 32,
    KNOWN_MIN = 1 << 13, /* entries that the tables of a thread may have together, however few stacks there are; */
    KNOWN_A_SITE = 4,    /* or so many for each site, if that is more */
    LEFT_OF = 8,         /* a large table leaves the others one part of so many */
    SMALL = 64,          /* entries */
    FULL_OF = 4,         /* a table of which one part of so many is filled, or was overwritten, may grow */
    REFUSED_A_KNOWN = 8, /* to begin anew costs as much as so many that are met again, for each that was known */
    HASH = 0x9E3779B1,   /* odd: numbers of more bits than there is room for are spread by it */
};

/* ---- the room for what is known ---- */

/* What an empty table begins with. */
struct turns_free {
    struct turns_free *next;
};

static void give_back(struct turns_pool *pool, struct turns_known *known, uint32_t bits) {
    struct turns_free *table = (struct turns_free *)known;
    table->next = pool->free[bits];
    pool->free[bits] = table;
    pool->used -= 1u << bits;
}

/* An empty table; NULL: there is no room, or no memory. */
static struct turns_known *take(struct turns_pool *pool, uint32_t bits) {
    size_t count = (size_t)1 << bits, of_sites = (size_t)site_count() * KNOWN_A_SITE;
    size_t room = of_sites > KNOWN_MIN ? of_sites : KNOWN_MIN;
    if (bits > TURNS_KNOWN_BITS_MAX || pool->used + count > room - (count > SMALL ? room / LEFT_OF : 0))
        return NULL;
    struct turns_free *table = pool->free[bits];
    if (table)
        pool->free[bits] = table->next;
    else if (!(table = pages_alloc_table(count * sizeof(struct turns_known))))
        return NULL;
    pool->used += (uint32_t)count;
    return memset(table, 0, count * sizeof(struct turns_known));
}

static void forget(struct whole *whole, struct turns_pool *pool) {
    turns_pause(whole);
    if (whole->turns.known)
        give_back(pool, whole->turns.known, whole->turns.known_bits);
    memset(&whole->turns, 0, sizeof whole->turns);
}

void turns_end_listed(struct whole *whole, struct turns_pool *pool) {
    uint32_t place = whole->turns.listed - 1;
    forget(whole, pool);
    struct whole *last = pool->whole[--pool->wholes];
    if (last != whole) {
        pool->whole[place] = last;
        last->turns.listed = place + 1;
    }
}

static void all_end(struct turns_pool *pool) {
    while (pool->wholes > 0)
        forget(pool->whole[--pool->wholes], pool);
    pool->refused = 0;
}

/* There was no room once more. Was it time to begin anew? */
static int refuse(struct turns_pool *pool) {
    uint32_t known = pool->used > KNOWN_MIN ? pool->used : KNOWN_MIN;
    if (pool->refused++ < known * REFUSED_A_KNOWN)
        return 0;
    all_end(pool);
    return 1;
}

/* Where this number is to be found. */
static struct turns_known *place_of(const struct turns *turns, uint32_t number) {
    return &turns->known[number * turns->spread >> turns->shift];
}

/* Numbers that fit are their own places. */
static void spread(struct turns *turns) {
    int fits = turns->bits <= turns->known_bits;
    turns->spread = fits ? 1 : HASH;
    turns->shift = fits ? 0 : NUMBER_BITS - turns->known_bits;
    turns->filled = turns->overwritten = 0;
}

static void put(struct turns *turns, struct turns_known known) {
    struct turns_known *place = place_of(turns, known.number);
    turns->filled += !place->site;
    turns->overwritten += place->site && place->number != known.number;
    *place = known;
}

/* From now on `known` has the numbers. */
static void move_to(struct turns *turns, struct turns_known *known, uint32_t bits) {
    const struct turns_known *old = turns->known;
    size_t count = old ? (size_t)1 << turns->known_bits : 0;
    turns->known = known;
    turns->known_bits = bits;
    spread(turns);
    for (size_t i = 0; i < count; i++)
        if (old[i].site)
            put(turns, old[i]);
}

/* returns  0, or -1: it has no table twice as large */
static int grow(struct turns *turns, struct turns_pool *pool) {
    struct turns_known *old = turns->known;
    uint32_t bits = old ? turns->known_bits + 1 : KNOWN_BITS_MIN;
    struct turns_known *known = take(pool, bits);
    if (!known)
        return -1;
    move_to(turns, known, bits);
    if (old)
        give_back(pool, old, bits - 1);
    return 0;
}

/* Room for one more. A table that is well filled grows with the bits, so that each number is its own place; and one where
 * numbers are spread, when many stood where others did. returns  0, or -1: there is no table, or not any more */
static int make_room(struct turns *turns, struct turns_pool *pool) {
    if (turns->known && turns->bits <= turns->known_bits)
        return 0;
    int is_direct = !turns->shift;
    uint32_t count = is_direct ? turns->filled : turns->overwritten;
    int is_small = !turns->known || count > (1u << turns->known_bits) / FULL_OF;
    if (is_small && grow(turns, pool) == 0)
        return 0;
    if (is_small && (refuse(pool) || !turns->known))
        return -1;
    if (is_direct) /* what does not stand in its place any more is overwritten some day */
        spread(turns);
    return 0;
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

int turns_note(struct whole *whole, struct turns_pool *pool) {
    struct turns *turns = &whole->turns;
    if (turns->third || give_bits(whole) != 0 || make_room(turns, pool) != 0)
        return -1;
    put(turns, (struct turns_known){.number = turns->base, .site = whole->site});
    return 0;
}

int turns_begin(struct whole *whole, struct turns_pool *pool) {
    if (whole->words > WHOLE_TURNING || align_pages(whole) != 0)
        return -1;
    if (pool->wholes == TURNS_WHOLES && !refuse(pool))
        return -1;
    memset(&whole->turns, 0, sizeof whole->turns);
    pool->whole[pool->wholes++] = whole;
    whole->turns.listed = pool->wholes;
    whole->caller.pc |= WHOLE_TURNS;
    return turns_note(whole, pool);
}
