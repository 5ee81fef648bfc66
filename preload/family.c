/* family.c - the words of a family's places, their codes, and the room for numbers that are known.
 *
 * Owns:    the tables of all families of a thread.
 * Never:   reads where a walk might not, but for other words of a page on which it does.
 * Start:   families_site(), families_site_of_new(). Invariants: README.md, "Stacks". */
#include "family.h"

#include <string.h>

#include "frames_check.h"
#include "pages.h"

enum {
    WISHES = 100,      /* it must have been worth so much before there is one */
    PENALTY_MIN = 512, /* and so much more after it ended, and ever more */
    PENALTY_MAX = 1 << 16,
    MISSES_MAX = 256, /* after so many a family has hit more often than it missed, or ends */
    TABLE_BITS_MIN = 4,
    NUMBER_BITS = 32,
    USED_MIN = 1 << 13, /* entries that the tables of a thread may have together, however few stacks there are; */
    USED_A_SITE = 8,    /* or so many for each site, if that is more */
    LEFT_OF = 8,        /* a large table leaves the others one part of so many */
    SMALL = 64,         /* entries */
    LINE = 8,           /* entries of a table that are read together */
    FULL_OF = 4,        /* a table of which one part of so many is filled, or was overwritten, may grow */
    REFUSED_A_USED = 8, /* to begin anew costs as much as so many that are met again, for each that was known */
    HASH = 0x9E3779B1,  /* odd: numbers of more bits than there is room for are spread by it */
    FACTORS_MAX = 1024, /* that are tried for a wide place and each size of its table: some 15 us */
    WORD_SLOT_BITS_MAX = FAMILY_WORD_BITS + 3,
    ENTRIES_A_WORD_BITS = 1, /* log2 of how many table entries a word takes */
};
_Static_assert(sizeof(struct family_word) == sizeof(struct family_known) << ENTRIES_A_WORD_BITS,
               "tables are lent for both");

/* ---- the present stack's number ---- */

static inline const struct family_word *word_of(const struct family_wide *wide, uint64_t word) {
    return &wide->words[word * wide->factor >> wide->shift];
}

/* Are the words from at[i] to before at[end] those of their places? A word that is made of halves of two has a code that is no
 * word's. */
static inline __attribute__((always_inline)) int sum_places(const struct family *family, size_t i, size_t end,
                                                            struct arch_sum *sum) {
    for (; i < end; i += ARCH_WORDS)
        if (__builtin_expect(
                !arch_words_turned(family->at + i, family->one + i, family->two + i, family->weight + i, sum), 0))
            return 0;
    return 1;
}

/* The same of the wide places, in order with those around them. */
static inline __attribute__((always_inline)) int sum_runs(const struct family *family, struct arch_sum *sum,
                                                          uint64_t *codes) {
    size_t place = 0, wide = 1;
    for (const struct family_run *run = family->run, *end = run + family->runs; run < end; run++) {
        if (!sum_places(family, place, run->places, sum))
            return 0;
        uint64_t differs = 0;
        for (const size_t wides = run->wides; wide < wides; wide++) {
            uint64_t now = *family->wide[wide].at;
            const struct family_word *word = word_of(&family->wide[wide], now);
            *codes |= word->code;
            differs |= word->word ^ now;
        }
        if (__builtin_expect(differs != 0, 0))
            return 0;
        place = run->places;
    }
    return 1;
}

/* returns  0: some word is none of its place's */
static inline __attribute__((always_inline)) int number_of(const struct family *family, uintptr_t pc, int has_wides,
                                                           uint32_t *number) {
    const struct family_word *own = word_of(family->wide, pc);
    uint64_t codes = own->code;
    struct arch_sum sum = {0};
    if (__builtin_expect(own->word != pc, 0) ||
        !(has_wides ? sum_runs(family, &sum, &codes) : sum_places(family, 0, family->places, &sum)))
        return 0;
    *number = arch_sum_of(sum) ^ (uint32_t)codes;
    return 1;
}

/* Where a number is to be found, or in the next line. Those that differ in the low bits, which are mostly of the innermost frames,
 * share a line of the cache: they come one after the other. */
static inline size_t place_of(const struct family *family, uint32_t number) {
    return (number / LINE * family->spread >> family->shift) ^ number % LINE;
}

/* It has this number. */
static inline __attribute__((always_inline)) uint32_t site_known(struct family *family, uint32_t number) {
    family->hits++;
    size_t place = place_of(family, number);
    if (__builtin_expect(family->known[place].number == number, 1))
        return family->known[place].site;
    return family->known[place ^ LINE].number == number ? family->known[place ^ LINE].site : 0;
}

static __attribute__((noinline)) uint32_t site_with_wides(struct family *family, uintptr_t pc) {
    uint32_t number;
    return number_of(family, pc, 1, &number) ? site_known(family, number) : 0;
}

uint32_t family_site(struct family *family, uintptr_t pc) {
    if (family->wides > 1)
        return site_with_wides(family, pc);
    uint32_t number;
    return number_of(family, pc, 0, &number) ? site_known(family, number) : 0;
}

/* ---- room for tables ---- */

/* What an empty table begins with. */
struct family_free {
    struct family_free *next;
};

static void give_back(struct families *families, void *memory, uint32_t bits) {
    struct family_free *table = memory;
    table->next = families->free[bits];
    families->free[bits] = table;
    families->used -= 1u << bits;
}

/* An empty table of 1 << bits entries; NULL: there is no room, or no memory. */
static void *take(struct families *families, uint32_t bits) {
    size_t count = (size_t)1 << bits, of_sites = (size_t)site_count() * USED_A_SITE;
    size_t room = of_sites > USED_MIN ? of_sites : USED_MIN;
    if (bits > FAMILY_TABLE_BITS_MAX || families->used + count > room - (count > SMALL ? room / LEFT_OF : 0))
        return NULL;
    struct family_free *table = families->free[bits];
    if (table)
        families->free[bits] = table->next;
    else if (!(table = pages_alloc_table(count * sizeof(struct family_known))))
        return NULL;
    families->used += (uint32_t)count;
    return memset(table, 0, count * sizeof(struct family_known));
}

static uint32_t slot_bits(const struct family_wide *wide) {
    return 64 - wide->shift;
}

static void forget(struct families *families, struct family *family) {
    for (struct family_wide *wide = family->wide; wide < family->wide + FAMILY_WIDES; wide++)
        if (wide->words) /* one that was refused a table may stand before others */
            give_back(families, wide->words, slot_bits(wide) + ENTRIES_A_WORD_BITS);
    if (family->known)
        give_back(families, family->known, family->known_bits);
    size_t place = (size_t)(family - families->family), group = place / FAMILY_WAYS, any = 0;
    families->sp[place] = 0;
    for (size_t way = 0; way < FAMILY_WAYS; way++)
        any |= families->sp[group * FAMILY_WAYS + way];
    if (!any)
        families->groups &= ~(1ull << group);
    memset(family, 0, sizeof *family);
}

/* Stacks that begin here are none of a family; it is long before they may be again. */
static void end(struct families *families, struct family *family) {
    struct family_wish *wish = &families->wish[families_place(family->sp)];
    if (wish->sp == family->sp) {
        wish->penalty = wish->penalty ? wish->penalty * 2 : PENALTY_MIN;
        if (wish->penalty > PENALTY_MAX)
            wish->penalty = PENALTY_MAX;
        wish->times = -(int32_t)wish->penalty;
    }
    forget(families, family);
}

/* There was no room once more. Was it time to begin anew? */
static int refuse(struct families *families) {
    uint32_t used = families->used > USED_MIN ? families->used : USED_MIN;
    if (families->refused++ < used * REFUSED_A_USED)
        return 0;
    families->refused = 0;
    for (size_t i = 0; i < FAMILIES; i++)
        if (families->sp[i])
            forget(families, &families->family[i]);
    return 1;
}

/* ---- numbers that are known ---- */

/* Numbers that fit are their own places. */
static void spread(struct family *family) {
    int fits = family->bits <= family->known_bits;
    family->spread = fits ? LINE : HASH;
    family->shift = fits ? 0 : NUMBER_BITS - family->known_bits;
    family->filled = family->overwritten = 0;
}

/* One that does not find its place empty goes to the next line; but where each number has its own. */
static void put(struct family *family, struct family_known known) {
    size_t place = place_of(family, known.number);
    struct family_known *here = &family->known[place], *beside = &family->known[place ^ LINE];
    if (here->site && here->number != known.number && family->shift &&
        (!beside->site || beside->number == known.number))
        here = beside;
    family->filled += !here->site;
    family->overwritten += here->site && here->number != known.number;
    *here = known;
}

/* returns  0, or -1: it has no table twice as large */
static int grow(struct families *families, struct family *family) {
    struct family_known *old = family->known;
    uint32_t old_bits = family->known_bits, bits = old ? old_bits + 1 : TABLE_BITS_MIN;
    struct family_known *known = take(families, bits);
    if (!known)
        return -1;
    family->known = known;
    family->known_bits = bits;
    spread(family);
    if (!old)
        return 0;
    for (size_t i = 0; i < (size_t)1 << old_bits; i++)
        if (old[i].site)
            put(family, old[i]);
    give_back(families, old, old_bits);
    return 0;
}

/* Room for one more. A table that is well filled grows with the bits, so that each number is its own place; and one where
 * numbers are spread, when many stood where others did. returns  0, or -1: there is no family any more */
static int make_room(struct families *families, struct family *family) {
    if (family->bits <= family->known_bits)
        return 0;
    int is_direct = !family->shift;
    uint32_t count = is_direct ? family->filled : family->overwritten;
    int is_small = count > (1u << family->known_bits) / FULL_OF;
    if (is_small && grow(families, family) == 0)
        return 0;
    if (is_small && refuse(families))
        return -1;
    if (is_direct) /* what does not stand in its place any more is overwritten some day */
        spread(family);
    return 0;
}

/* ---- words of a wide place ---- */

/* The words of the place. returns  how many there are */
static uint32_t words_of(const struct family_wide *wide, uint64_t words[1 << FAMILY_WORD_BITS]) {
    uint32_t count = 0;
    for (size_t i = 0; wide->words && i < (size_t)1 << slot_bits(wide); i++)
        if (word_of(wide, wide->words[i].word) == &wide->words[i])
            words[count++] = wide->words[i].word;
    return count;
}

/* Has each of these words a place of its own by `factor`? */
static int is_perfect(const uint64_t *words, uint32_t count, uint64_t factor, uint32_t shift) {
    uint64_t taken[1 << (WORD_SLOT_BITS_MAX - 6)] = {0};
    for (uint32_t i = 0; i < count; i++) {
        size_t slot = words[i] * factor >> shift;
        if (taken[slot / 64] >> slot % 64 & 1)
            return 0;
        taken[slot / 64] |= 1ull << slot % 64;
    }
    return 1;
}

/* Words stand where `factor` says, the new one, too, and others in all that are empty. */
static void put_words(struct family_wide *wide, struct family_word more, struct family_word *words, uint64_t factor,
                      uint32_t shift) {
    const uint64_t elsewhere = more.word;
    size_t count = (size_t)1 << (64 - shift);
    struct family_wide old = *wide;
    wide->words = words;
    wide->factor = factor;
    wide->shift = shift;
    for (size_t i = 0; i < count; i++)
        words[i].word = elsewhere;
    for (size_t i = 0; old.words && i < (size_t)1 << slot_bits(&old); i++)
        if (word_of(&old, old.words[i].word) == &old.words[i])
            words[old.words[i].word * factor >> shift] = old.words[i];
    words[more.word * factor >> shift] = more;
}

/* One more word is the place's. returns  0, or -1: there is no room */
static int add_word(struct families *families, struct family_wide *wide, struct family_word more) {
    uint32_t old_bits = wide->words ? slot_bits(wide) : 0, bits = old_bits ? old_bits : 1;
    uint64_t factor = wide->factor | 1, all[1 << FAMILY_WORD_BITS];
    uint32_t count = words_of(wide, all);
    all[count++] = more.word;
    while (1u << bits <= wide->count)
        bits++;
    for (; bits <= WORD_SLOT_BITS_MAX; bits++)
        for (unsigned tried = 0; tried < FACTORS_MAX; tried++, factor = factor * SITE_HASH_BASE + 2) {
            if (!is_perfect(all, count, factor, 64 - bits))
                continue;
            struct family_word *words = take(families, bits + ENTRIES_A_WORD_BITS), *old = wide->words;
            if (!words)
                return -1;
            put_words(wide, more, words, factor, 64 - bits);
            if (old)
                give_back(families, old, old_bits + ENTRIES_A_WORD_BITS);
            wide->count++;
            return 0;
        }
    return -1;
}

static uint32_t next_bit(struct family *family) {
    return family->bits < NUMBER_BITS ? 1u << family->bits++ : 0;
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
    return add_word(families, wide, (struct family_word){now, code});
}

/* ---- places ---- */

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

/* The place has a second word. A number that was noted had the first one: that is the one without bits. */
static int give_bits(struct family *family, size_t i, uint64_t now) {
    uint64_t halves = family->one[i] ^ now;
    uint32_t low = (uint32_t)halves ? next_bit(family) : 0, high = halves >> 32 ? next_bit(family) : 0;
    if (!low == !!(uint32_t)halves || !high == !!(halves >> 32))
        return -1;
    family->two[i] = now;
    family->weight[i] = low | (uint64_t)high << 32;
    return 0;
}

static void clear_place(struct family *family, size_t i) {
    family->at[i] = &whole_never_changes;
    family->one[i] = family->two[i] = whole_never_changes;
    family->weight[i] = 0;
    family->place[i] = (struct family_place){0};
}

/* The place, in this run, has a third word. returns  0, or -1: there is no room */
static int widen(struct families *families, struct family *family, size_t run, size_t i) {
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
    clear_place(family, i);
    return add_word(families, wide, one) != 0 || add_word(families, wide, two) != 0 ? -1 : 0;
}

static int fits_wide(const struct family *family, struct family_wide *wide, uint64_t now) {
    const struct family_word *word = word_of(wide, now);
    return word->word == now || may_stand(family, &wide->place, word->word, now);
}
static int fits_place(struct family *family, size_t i) {
    uint64_t now = *family->at[i];
    return now == family->one[i] || now == family->two[i] ||
           (family->place[i].frame && may_stand(family, &family->place[i], family->one[i], now));
}

/* Is the present stack, which begins where the family does, of its shape? */
static int fits(struct family *family, uintptr_t pc) {
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

static int learn_wide(struct families *families, struct family *family, struct family_wide *wide, uint64_t now) {
    return word_of(wide, now)->word == now ? 0 : learn_word(families, family, wide, now);
}
static int learn_place(struct families *families, struct family *family, size_t run, size_t i) {
    uint64_t now = *family->at[i];
    if (now == family->one[i] || now == family->two[i])
        return 0;
    return family->one[i] == family->two[i] ? give_bits(family, i, now) : widen(families, family, run, i);
}

/* Each word of the present stack, which is of this shape, becomes one of its place. returns  0, or -1: there is no room */
static int learn(struct families *families, struct family *family, uintptr_t pc) {
    int error = learn_wide(families, family, &family->wide[0], pc);
    size_t i = 0, wide = 1;
    for (size_t run = 0; !error && run < family->runs; run++) {
        for (; !error && i < family->run[run].places; i++)
            error = learn_place(families, family, run, i);
        for (; !error && wide < family->run[run].wides; wide++)
            error = learn_wide(families, family, &family->wide[wide], *family->wide[wide].at);
    }
    return error;
}

/* ---- */

/* The frames of the present stack, all of whose words are known. */
static void read_frames(const struct family *family, uintptr_t pc, uint64_t frames[CAPTURE_FRAMES_MAX]) {
    frames[0] = pc;
    for (size_t i = 0; i < family->places; i++)
        if (family->place[i].frame)
            frames[family->place[i].frame] = *family->at[i];
    for (size_t i = 1; i < family->wides; i++)
        frames[family->wide[i].place.frame] = *family->wide[i].at;
}

/* Stacks of several shapes begin here: is this the one to know? */
static void count_miss(struct families *families, struct family *family) {
    if (++family->misses < MISSES_MAX)
        return;
    if (family->hits < family->misses)
        end(families, family);
    else
        family->hits = family->misses = 1;
}

static uint32_t site_of_new(struct families *families, struct family *family, uintptr_t pc, uint32_t max) {
    uint32_t number;
    if (learn(families, family, pc) != 0 || !number_of(family, pc, 1, &number)) {
        end(families, family);
        return 0;
    }
    uint64_t frames[CAPTURE_FRAMES_MAX];
    read_frames(family, pc, frames);
    frames_check(frames, family->frames, max);
    uint32_t site = site_intern(frames, family->frames);
    if (site && make_room(families, family) == 0)
        put(family, (struct family_known){number, site});
    return site;
}

/* ---- those that begin where a stack does ---- */

uint32_t families_site_of_new(struct families *families, const struct caller *caller, uint32_t max) {
    size_t place = families_place(caller->sp);
    for (size_t way = 0; way < FAMILY_WAYS; way++) {
        struct family *family = &families->family[place ^ way];
        if (families->sp[place ^ way] != caller->sp || !family_begins_at(family, caller))
            continue;
        if (fits(family, caller->pc))
            return site_of_new(families, family, caller->pc, max);
        count_miss(families, family);
    }
    return 0;
}

/* Are the stacks of `whole` likely to be among the family's? */
static int is_like(const struct family *family, const struct whole *whole) {
    return family->sp == whole->caller.sp && whole->frames == family->frames &&
           whole_outermost(whole) == family->outermost;
}

int families_have_like(const struct families *families, const struct whole *whole) {
    size_t place = families_place(whole->caller.sp);
    for (size_t way = 0; way < FAMILY_WAYS; way++)
        if (is_like(&families->family[place ^ way], whole))
            return 1;
    return 0;
}

/* ---- those that begin ---- */

/* A run ends; what is read at once does not go on in the next one. returns  the end, or 0: there is no room */
static size_t end_run(struct family *family, size_t places) {
    if (places + ARCH_WORDS > FAMILY_PLACES || family->runs == FAMILY_RUNS)
        return 0;
    while (places % ARCH_WORDS)
        clear_place(family, places++);
    family->run[family->runs++] = (struct family_run){.places = (uint8_t)places, .wides = 1};
    return places;
}

/* returns  0, or -1: these are too many places */
static int put_places(struct family *family, const struct whole *whole) {
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
    return (family->places = (uint32_t)end_run(family, places)) ? 0 : -1;
}

/* Where one of this shape was, or none, or the one that is of least use. What was hit long ago counts ever less, or those of
 * an earlier phase of the program would stay, and the new ones drive each other out. */
static struct family *room_for(struct families *families, const struct whole *whole) {
    size_t place = families_place(whole->caller.sp);
    struct family *least = NULL;
    for (size_t way = 0; way < FAMILY_WAYS; way++) {
        struct family *family = &families->family[place ^ way];
        if (is_like(family, whole))
            return family;
        if (!least || (least->sp && (!family->sp || family->hits < least->hits)))
            least = family;
    }
    for (size_t way = 0; least->sp && way < FAMILY_WAYS; way++) {
        families->family[place ^ way].hits /= 2;
        families->family[place ^ way].misses /= 2;
    }
    return least;
}

/* returns  0, or -1: there is no room */
static int begin(struct families *families, const struct whole *whole) {
    struct family *family = room_for(families, whole);
    if (family->sp)
        forget(families, family);
    family->sp = whole->caller.sp;
    family->bp = whole->caller.bp;
    family->bp_mask = whole->bp_mask;
    family->epoch = whole->epoch;
    family->frames = whole->frames;
    family->any_frame = whole->is_cut_short ? whole->frames - 1 : 0;
    family->outermost = whole_outermost(whole);
    struct family_word own = {.word = whole->caller.pc};
    if (put_places(family, whole) != 0 || grow(families, family) != 0 ||
        add_word(families, &family->wide[0], own) != 0) {
        end(families, family);
        return -1;
    }
    size_t place = (size_t)(family - families->family);
    families->sp[place] = family->sp;
    families->groups |= 1ull << place / FAMILY_WAYS;
    return 0;
}

int families_wish(struct families *families, const struct whole *whole, int times) {
    struct family_wish *wish = &families->wish[families_place(whole->caller.sp)];
    if (wish->sp != whole->caller.sp) {
        if (wish->times > 0)
            wish->times -= times > 0;
        else
            *wish = (struct family_wish){.sp = whole->caller.sp, .times = times > 0 ? times : 0};
        return 0;
    }
    if (times > 0)
        wish->times += times;
    else if (wish->times > 0)
        wish->times = wish->times > -times ? wish->times + times : 0;
    if (wish->times < WISHES)
        return 0;
    wish->times = 0;
    return begin(families, whole) == 0;
}
