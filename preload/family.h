/* family.h - all stacks of one shape that begin at one stack pointer, each known by a number.
 *
 * Stacks of recursion and dispatch differ with most calls in which of a few words stands in each place, the caller's own
 * address among them. Each word of a place has a code, bits that are the place's own; the codes of the words that stand there
 * are the stack's number, by which its site is found in a table of the family's. Neither a hash of it nor a frame is looked
 * at. */
#ifndef CASTAWAY_PRELOAD_FAMILY_H
#define CASTAWAY_PRELOAD_FAMILY_H

#include "whole.h"

enum {
    FAMILIES = 64,
    FAMILIES_SHIFT = 64 - 6,
    FAMILIES_FIRST = 128, /* places for those that are looked at before anything else: few meet in one */
    FAMILIES_FIRST_SHIFT = 64 - 7,
    FAMILY_WAYS = 4,
    FAMILY_PLACES = 64, /* of one or two words */
    FAMILY_WIDES = 16,  /* of more, and the caller's own address */
    FAMILY_RUNS = 16,   /* pages that they lie on */
    FAMILY_TABLE_BITS_MAX = 22,
    FAMILY_HITS_A_VAIN = 2, /* a look in vain costs up to so many times what a hit saves */
    FAMILY_NUMBER_BITS = 32,
    FAMILY_WORD_BITS = 8,                              /* a wide place has 1 << this many words at most */
    FAMILIES_SEEN_BITS = 17,                           /* 1 << this: bits for words that came once, two each, */
    FAMILIES_SEEN_MAX = 1 << (FAMILIES_SEEN_BITS - 3), /* until there are so many: then none is remembered */
};

struct family_known {
    uint32_t number;
    uint32_t site; /* 0: none */
};
struct family_word {
    uint64_t word;
    uint64_t code;
};

struct family_place {
    uint16_t shape; /* unwind_shape() of the return address there; 0: not asked yet */
    uint8_t frame;  /* which frame's address this is; 0: none's, or the caller's own */
};

/* A place of several words: each is where its hash says, and no two are in the same place. */
struct family_wide {
    const uint64_t *at;
    struct family_word *words; /* where there is none, one that belongs elsewhere */
    uint64_t factor, mask;     /* the hash of a word: bits of its product with `factor`, bytes from words[0] on */
    uint32_t count;
    uint32_t bits
        [FAMILY_WORD_BITS]; /* of a number: those of a word's code are set as the word's place in their order says */
    struct family_place place;
};

/* Places that lie on one page: they are read together, when all before them were right. Those of two words come first. */
struct family_run {
    uint8_t varying;       /* from here on all have one word */
    uint8_t places, wides; /* end of its own */
};

struct family {
    uintptr_t sp, bp, bp_mask; /* the mask 0: the frame pointer does not matter */
    unsigned epoch;            /* unwind_epoch; 0: this is none */
    uint32_t places, wides;
    uint32_t frames, runs;
    uint32_t any_frame; /* at which a stack is cut short: what stands there leads nowhere; 0: it is not cut */
    const uint64_t *outermost;
    uint64_t hits;
    uint32_t misses;
    uint32_t firsts; /* stacks with words that it will know when they come again */
    uint32_t vain;   /* how often it was looked at before anything else, and the stack was none of its */
    uint32_t bits;   /* of a number, at most FAMILY_NUMBER_BITS */
    struct family_known *known;
    uint32_t known_bits, known_mask; /* there are 1 << known_bits of them, */
    uint32_t filled;                 /* so many of which hold a number, */
    uint32_t overwritten;            /* and so often one stood where another did, since there are so many */
    int is_spread;                   /* numbers have more bits than that */
    struct family_run run[FAMILY_RUNS];
    /* Of a run a multiple of ARCH_WORDS. */
    const uint64_t *at[FAMILY_PLACES];
    __attribute__((aligned(ARCH_WORDS_ALIGNMENT))) uint64_t one[FAMILY_PLACES]; /* that may stand at at[i] */
    __attribute__((aligned(ARCH_WORDS_ALIGNMENT))) uint64_t two[FAMILY_PLACES]; /* or one[i] again */
    /* The bits that tell them apart, one for each half of a word that does. */
    __attribute__((aligned(ARCH_WORDS_ALIGNMENT))) uint64_t weight[FAMILY_PLACES];
    struct family_place place[FAMILY_PLACES];
    struct family_wide wide[FAMILY_WIDES]; /* the first is the caller's own address, and in no run */
};

struct family_free;
struct families {
    struct family_first {
        uintptr_t sp; /* a stack that begins here is looked for in this family before anything else; 0: in none */
        struct family *family;
    } first[FAMILIES_FIRST];
    uintptr_t sp[FAMILIES]; /* of family[i]; 0: there is none */
    struct family_wish {
        uintptr_t sp; /* there might be one that begins here */
        int32_t times;
        uint32_t penalty;
    } wish[FAMILIES];
    uint64_t seen[1 << (FAMILIES_SEEN_BITS - 6)];
    uint32_t seen_count; /* words that set a bit of it */
    uintptr_t awaited;   /* where the last new stack begins, if its family will know it when it comes again */
    uint64_t groups;     /* bit i: there is one among the FAMILY_WAYS places from i * FAMILY_WAYS on */
    uint32_t used;       /* entries of all tables */
    uint32_t refused;    /* how often there was no room */
    struct family_free *free[FAMILY_TABLE_BITS_MAX + 1]; /* tables of 1 << i entries that are nobody's */
    struct family family[FAMILIES];
};

static inline size_t families_place(uintptr_t sp) {
    return sp * SITE_HASH_BASE >> FAMILIES_SHIFT;
}

/* Is there one that begins about there? Mostly there is none. */
static inline int families_near(const struct families *families, uintptr_t sp) {
    return families->groups >> families_place(sp) / FAMILY_WAYS & 1;
}

/* Its sp is the caller's. */
static inline int family_begins_at(const struct family *family, uintptr_t bp) {
    return !((family->bp ^ bp) & family->bp_mask) &&
           family->epoch == atomic_load_explicit(&unwind_epoch, memory_order_relaxed);
}

static inline struct family_first *families_first(struct families *families, uintptr_t sp) {
    return &families->first[sp * SITE_HASH_BASE >> FAMILIES_FIRST_SHIFT];
}

/* It is looked at before anything else as long as that is mostly not in vain, and unless another of its stack pointer is. */
static inline void families_look_first(struct families *families, struct family *family) {
    struct family_first *first = families_first(families, family->sp);
    if (family->vain > family->hits / FAMILY_HITS_A_VAIN)
        first->sp = first->family == family ? 0 : first->sp;
    else if (first->sp != family->sp)
        *first = (struct family_first){family->sp, family};
}

/* The site of the present stack, which begins where the family does; 0: it is none of these, or was not met yet. */
uint32_t family_site(struct family *family, uintptr_t pc);

/* The same of all families; there may be several of different shapes. */
static inline uint32_t families_site(struct families *families, const struct caller *caller) {
    size_t place = families_place(caller->sp);
    for (size_t way = 0; way < FAMILY_WAYS; way++) {
        struct family *family = &families->family[place ^ way];
        uint32_t site = 0;
        if (families->sp[place ^ way] == caller->sp && family_begins_at(family, caller->bp))
            site = family_site(family, caller->pc);
        if (site) {
            families_look_first(families, family);
            return site;
        }
    }
    return 0;
}

/* The same for one that begins where `family` does, has this number and was not met yet; 0: it is none of its.
 * context  hook, busy */
uint32_t family_site_of_new(struct families *families, struct family *family, uintptr_t pc, uint32_t number);

/* The same for one that families_site() did not find, and which is one of its family from now on; 0: it is of none.
 * context  hook, busy */
uint32_t families_site_of_new(struct families *families, const struct caller *caller);

/* The present stack is this whole now, and was taken for another one. When that comes often a family begins.
 * times    how much it would have been worth; < 0: stacks that begin here are guessed mostly
 * returns  whether it did */
int families_wish(struct families *families, const struct whole *whole, int times);

/* Are the stacks of `whole` likely to be known by a family? */
int families_have_like(const struct families *families, const struct whole *whole);

#endif
