/* family_places.c - the places of a family's stacks, and the bits that each of their words has in a number.
 *
 * Owns:    at[], one[], two[], weight[], wide[], run[] and bits of a family; seen[] of families.
 * Never:   has a word join from which a walk would not go on in the same way.
 * Start:   family_places_fit(), family_places_learn(), family_places_order(). Invariants: README.md, "Stacks". */
#include "family_places.h"

#include <string.h>

#include "family_words.h"

enum {
    WORDS_AT_ONCE = 4, /* that a place learns when they first come */
};

/* ---- of a new family ---- */

static void clear_place(struct family *family, size_t i) {
    family->at[i] = &whole_never_changes;
    family->one[i] = family->two[i] = whole_never_changes;
    family->weight[i] = 0;
    family->place[i] = (struct family_place){0};
}

static size_t begin_of_run(const struct family *family, size_t run) {
    return run ? family->run[run - 1].places : 0;
}

/* A run ends; what is read at once does not go on in the next one. returns  the end, or 0: there is no room */
static size_t end_run(struct family *family, size_t places) {
    if (places + ARCH_WORDS > FAMILY_PLACES || family->runs == FAMILY_RUNS)
        return 0;
    while (places % ARCH_WORDS)
        clear_place(family, places++);
    family->run[family->runs] = (struct family_run){
        .varying = (uint8_t)begin_of_run(family, family->runs), .places = (uint8_t)places, .wides = 1};
    family->runs++;
    return places;
}

int family_places_put(struct family *family, const struct whole *whole) {
    uintptr_t page = (uintptr_t)whole->at[0] / WHOLE_PAGE_BYTES;
    size_t places = 0;
    for (uint32_t i = 0; i < whole->words; i++) {
        uintptr_t at = (uintptr_t)whole->at[i];
        if (whole->at[i] == &whole_never_changes)
            continue;
        if (at / WHOLE_PAGE_BYTES != page && !(places = end_run(family, places)))
            return -1;
        if (places == FAMILY_PLACES)
            return -1;
        page = at / WHOLE_PAGE_BYTES;
        family->at[places] = whole->at[i];
        family->one[places] = family->two[places] = whole->word[i + 1];
        family->place[places++] = (struct family_place){whole->place[i].shape, whole->place[i].frame};
    }
    family->wides = 1;
    family->places = (uint32_t)end_run(family, places);
    return family->places ? 0 : -1;
}

/* ---- words that join ---- */

/* May `now` stand where `before` did, so that a walk goes on in the same way? */
static int may_stand(const struct family *family, struct family_place *place, uint64_t before, uint64_t now) {
    if (!now)
        return 0;
    if (place->frame == family->any_frame && place->frame)
        return 1;
    if (!place->shape)
        place->shape = (uint16_t)unwind_shape(before);
    return place->shape && place->shape == unwind_shape(now);
}

static uint32_t next_bit(struct family *family) {
    return family->bits < FAMILY_NUMBER_BITS ? 1u << family->bits++ : 0;
}

/* A word that is not the place's yet. Its code is the next one: words that have one are known by it. */
static int learn_word(struct families *families, struct family *family, struct family_wide *wide, uint64_t now) {
    uint32_t order = wide->count, code = 0;
    if (order >> FAMILY_WORD_BITS)
        return -1;
    for (uint32_t i = 0; order >> i; i++) {
        if (!wide->bits[i] && !(wide->bits[i] = next_bit(family)))
            return -1;
        code |= order >> i & 1 ? wide->bits[i] : 0;
    }
    return family_words_add(families, wide, (struct family_word){now, code});
}

static void move_places(struct family *family, size_t to, size_t from, size_t count) {
    memmove(&family->at[to], &family->at[from], count * sizeof *family->at);
    memmove(&family->one[to], &family->one[from], count * sizeof *family->one);
    memmove(&family->two[to], &family->two[from], count * sizeof *family->two);
    memmove(&family->weight[to], &family->weight[from], count * sizeof *family->weight);
    memmove(&family->place[to], &family->place[from], count * sizeof *family->place);
}

/* Where the places of the run end that have two words: these stand before the others. */
static size_t end_of_two(const struct family *family, size_t run) {
    size_t end = begin_of_run(family, run);
    while (end < family->run[run].places && family->weight[end])
        end++;
    return end;
}
static void set_varying(struct family *family, size_t run) {
    size_t begin = begin_of_run(family, run), count = end_of_two(family, run) - begin;
    family->run[run].varying = (uint8_t)(begin + (count + ARCH_WORDS - 1) / ARCH_WORDS * ARCH_WORDS);
}

static void swap_places(struct family *family, size_t i, size_t with) {
    const uint64_t *at = family->at[i], word = family->one[i];
    struct family_place place = family->place[i];
    move_places(family, i, with, 1);
    family->at[with] = at;
    family->one[with] = family->two[with] = word;
    family->weight[with] = 0;
    family->place[with] = place;
}

/* The place, in this run, has a second word. A number that was noted had the first one: that is the one without bits. */
static int give_bits(struct family *family, size_t run, size_t i, uint64_t now) {
    size_t first = end_of_two(family, run);
    uint64_t halves = family->one[i] ^ now;
    uint32_t low = (uint32_t)halves ? next_bit(family) : 0, high = halves >> 32 ? next_bit(family) : 0;
    if (!low == !!(uint32_t)halves || !high == !!(halves >> 32))
        return -1;
    swap_places(family, i, first);
    family->two[first] = now;
    family->weight[first] = low | (uint64_t)high << 32;
    set_varying(family, run);
    return 0;
}

/* The run has this place no more, which had two words. The last one stands there instead, and those of later runs move up when
 * four are left empty. */
static void take_out(struct family *family, size_t run, size_t i) {
    size_t end = family->run[run].places, last = end - 1;
    size_t last_of_two = end_of_two(family, run) - 1;
    while (family->at[last] == &whole_never_changes)
        last--;
    move_places(family, i, last_of_two, 1);
    move_places(family, last_of_two, last, 1);
    clear_place(family, last);
    set_varying(family, run);
    if (last % ARCH_WORDS)
        return;
    move_places(family, last, end, family->places - end);
    family->places -= ARCH_WORDS;
    family->run[run].places -= ARCH_WORDS;
    while (++run < family->runs) {
        family->run[run].places -= ARCH_WORDS;
        family->run[run].varying -= ARCH_WORDS;
    }
}

/* The place, in this run, has a third word. returns  0, or -1: there is no room, and the family must end */
static int widen(struct families *families, struct family *family, size_t run_of_place, size_t i) {
    size_t run = run_of_place;
    uint32_t count = family->wides, at = family->run[run].wides;
    if (count == FAMILY_WIDES)
        return -1;
    family->wides++;
    struct family_wide *wide = &family->wide[at];
    memmove(wide + 1, wide, (count - at) * sizeof *wide);
    for (; run < family->runs; run++)
        family->run[run].wides++;
    uint64_t weight = family->weight[i];
    *wide = (struct family_wide){.at = family->at[i], .place = family->place[i]};
    wide->bits[0] = (uint32_t)weight | (uint32_t)(weight >> 32);
    struct family_word one = {.word = family->one[i]}, two = {family->two[i], wide->bits[0]};
    take_out(family, run_of_place, i);
    return family_words_add(families, wide, one) != 0 || family_words_add(families, wide, two) != 0 ? -1 : 0;
}

static int fits_wide(const struct family *family, struct family_wide *wide, uint64_t now) {
    const struct family_word *word = family_word_of(wide, now);
    return word->word == now || may_stand(family, &wide->place, word->word, now);
}
static int fits_place(struct family *family, size_t i) {
    uint64_t now = *family->at[i];
    return now == family->one[i] || now == family->two[i] ||
           (family->place[i].frame && may_stand(family, &family->place[i], family->one[i], now));
}

int family_places_fit(struct family *family, uintptr_t pc) {
    int fit = fits_wide(family, &family->wide[0], pc);
    size_t i = 0, wide = 1;
    for (const struct family_run *run = family->run; fit && run < family->run + family->runs; run++) {
        for (; fit && i < run->places; i++)
            fit = fits_place(family, i);
        for (; fit && wide < run->wides; wide++)
            fit = fits_wide(family, &family->wide[wide], *family->wide[wide].at);
    }
    return fit;
}

/* Set the bit that the hash's high ones say. returns whether it was set */
static int set_seen(struct families *families, uint64_t hash) {
    uint64_t number = hash >> (64 - FAMILIES_SEEN_BITS), bit = UINT64_C(1) << number % 64;
    uint64_t before = families->seen[number / 64];
    families->seen[number / 64] |= bit;
    return (before & bit) != 0;
}

/* Has the word come lately? It has now. A word in twenty has not, at most, where the answer is that it has. */
static int is_seen(struct families *families, const struct family *family, const struct family_wide *wide,
                   uint64_t now) {
    uint64_t hash = ((now + family->sp) * SITE_HASH_BASE ^ (uintptr_t)wide->at) * SITE_HASH_BASE;
    int first = set_seen(families, hash), second = set_seen(families, hash * SITE_HASH_BASE);
    if (first && second)
        return 1;
    if (++families->seen_count == FAMILIES_SEEN_MAX) {
        memset(families->seen, 0, sizeof families->seen);
        families->seen_count = 0;
    }
    return 0;
}

int family_places_seen(struct families *families, const struct family *family, uintptr_t pc) {
    int seen = 1;
    for (size_t i = 0; i < family->wides; i++) {
        const struct family_wide *wide = &family->wide[i];
        uint64_t now = i ? *wide->at : pc;
        if (wide->count >= WORDS_AT_ONCE && family_word_of(wide, now)->word != now)
            seen &= is_seen(families, family, wide, now);
    }
    return seen;
}

static int learn_wide(struct families *families, struct family *family, struct family_wide *wide, uint64_t now) {
    return family_word_of(wide, now)->word == now ? 0 : learn_word(families, family, wide, now);
}
/* The places of a run. One that becomes wide leaves its place to another. */
static int learn_places(struct families *families, struct family *family, size_t run) {
    size_t i = begin_of_run(family, run);
    int error = 0;
    while (!error && i < family->run[run].places) {
        uint64_t now = *family->at[i];
        if (now == family->one[i] || now == family->two[i])
            i++;
        else
            error = family->one[i] == family->two[i] ? give_bits(family, run, i, now) : widen(families, family, run, i);
    }
    return error;
}

int family_places_learn(struct families *families, struct family *family, uintptr_t pc) {
    int error = learn_wide(families, family, &family->wide[0], pc);
    size_t wide = 1;
    for (size_t run = 0; !error && run < family->runs; run++) {
        error = learn_places(families, family, run);
        for (; !error && wide < family->run[run].wides; wide++)
            error = learn_wide(families, family, &family->wide[wide], *family->wide[wide].at);
    }
    return error;
}

/* ---- the order of bits ---- */

/* The first place behind this word of the stack, of those whose words have bits; NULL: there is none.
 * wide  it, or NULL; then *i is its number */
static const uint64_t *next_place(struct family *family, const uint64_t *behind, struct family_wide **wide, size_t *i) {
    const uint64_t *next = NULL;
    for (size_t at = 1; at < family->wides; at++)
        if (family->wide[at].at > behind && (!next || family->wide[at].at < next)) {
            next = family->wide[at].at;
            *wide = &family->wide[at];
        }
    for (size_t at = 0; at < family->places; at++)
        if (family->weight[at] && family->at[at] > behind && (!next || family->at[at] < next)) {
            next = family->at[at];
            *wide = NULL;
            *i = at;
        }
    return next;
}

static void order_bits(struct family_order *order, uint32_t bits, uint8_t *count) {
    for (; bits; bits &= bits - 1)
        order->of[__builtin_ctz(bits)] = (*count)++;
}
static void order_wide(const struct family_wide *wide, struct family_order *order, uint8_t *count) {
    for (size_t i = 0; i < FAMILY_WORD_BITS; i++)
        order_bits(order, wide->bits[i], count);
}

static struct family_order order_of(struct family *family) {
    struct family_order order = {.is_as_before = 1};
    struct family_wide *wide = NULL;
    uint8_t count = 0;
    size_t i = 0;
    order_wide(&family->wide[0], &order, &count);
    for (const uint64_t *at = NULL; (at = next_place(family, at, &wide, &i));)
        if (wide)
            order_wide(wide, &order, &count);
        else {
            order_bits(&order, (uint32_t)family->weight[i], &count);
            order_bits(&order, (uint32_t)(family->weight[i] >> 32), &count);
        }
    for (uint32_t bit = 0; bit < family->bits; bit++)
        order.is_as_before &= order.of[bit] == bit;
    return order;
}

struct family_order family_places_order(struct family *family) {
    struct family_order order = order_of(family);
    for (size_t i = 0; i < family->wides && !order.is_as_before; i++) {
        struct family_wide *wide = &family->wide[i];
        for (size_t bit = 0; bit < FAMILY_WORD_BITS; bit++)
            wide->bits[bit] = family_ordered(&order, wide->bits[bit]);
        family_words_order(wide, &order);
    }
    for (size_t i = 0; i < family->places; i++) {
        uint32_t low = (uint32_t)family->weight[i], high = (uint32_t)(family->weight[i] >> 32);
        family->weight[i] = family_ordered(&order, low) | (uint64_t)family_ordered(&order, high) << 32;
    }
    return order;
}
