/* whole.h - a stack as it was met, kept to be compared with the present one in one go. */
#ifndef CASTAWAY_PRELOAD_WHOLE_H
#define CASTAWAY_PRELOAD_WHOLE_H

#include "levels.h"

enum {
    WHOLE_WORDS = 96, /* that a whole stack may depend on */
    WHOLE_WORDS_AT_ONCE = 4,
    WHOLE_PAGE_BYTES = 4096, /* or more */
};

/* What at[i] of a whole is. */
struct whole_place {
    uint16_t shape; /* unwind_shape() of the return address there; 0: not asked yet */
    uint8_t frame;  /* which frame's address this is; 0: none's */
    uint8_t end;    /* of the first on a page: of those after it that are on the same one */
};

/* A stack as it was met, ready to be compared with the present one in one go: all words that a walk from `caller` would
 * read, in its order. */
struct whole {
    struct caller caller;
    uintptr_t bp_mask; /* 0: the frame pointer does not matter */
    unsigned epoch;    /* unwind_epoch; 0: holds nothing */
    uint32_t site;
    uint32_t words; /* a multiple of WHOLE_WORDS_AT_ONCE: behind the last one stand some that never differ */
    uint32_t frames;
    uintptr_t misaligned; /* is kept as 0 */
    int knows_pages;      /* place[].end is set */
    int is_plain;         /* no words but return addresses */
    int is_cut_short; /* these are as many frames as were asked for: what the last one's step would do does not matter */
    uint64_t hash;    /* of the frames */
    /* Stacks of one family have the same places, and one of the same two words in each: a bit for each place tells them
     * apart. Begins anew when some place gets a third word. */
    uint32_t family; /* its number, which no other of this thread ever has; 0: these words have no bits */
    uint64_t bits;   /* of the words that stand here, 1 << i for at[i] */
    uint64_t met;    /* of the last stack that was found by its bits */
    const uint64_t *at[WHOLE_WORDS]; /* all aligned: no word lies on two pages */
    uint64_t word[WHOLE_WORDS + 1];  /* [0] is caller.pc, and [i + 1] the word at at[i]: the frames, if is_plain */
    struct whole_place place[WHOLE_WORDS]; /* of at[i] */
    /* Most places have two words that take turns. This holds something once knows_pages is set. */
    uint64_t other[WHOLE_WORDS]; /* that stood at at[i] before in a stack of this shape; word[i + 1]: none did */
};

/* The sites of stacks by family and bits: what is found here was met with the very words that stand there now. */
struct whole_known {
    uint64_t bits;
    uint32_t family; /* 0: empty */
    uint32_t site;
};
enum { WHOLE_KNOWN_SHIFT = 64 - 10, WHOLE_KNOWN_SETS = 1 << 10, WHOLE_KNOWN_WAYS = 4 };
struct whole_families {
    uint64_t power[CAPTURE_FRAMES_MAX + 1]; /* of SITE_HASH_BASE */
    uint32_t last;
    struct whole_known known[WHOLE_KNOWN_SETS][WHOLE_KNOWN_WAYS]; /* the youngest of a set first */
};

static inline int whole_begins_at(const struct whole *whole, const struct caller *caller) {
    uintptr_t differs = (whole->caller.pc ^ caller->pc) | (whole->caller.sp ^ caller->sp) |
                        ((whole->caller.bp ^ caller->bp) & whole->bp_mask) |
                        (whole->epoch ^ atomic_load_explicit(&unwind_epoch, memory_order_relaxed));
    return !differs;
}

/* The first of the places at which another word stands now, or one of the WHOLE_WORDS_AT_ONCE from there on; NULL: the words
 * are all as they were. They are compared with no thought of what to do when they differ. The whole begins where the present
 * stack does. */
static inline const uint64_t *const *whole_differs(const struct whole *whole) {
    const uint64_t *const *at = whole->at, *const *end = at + whole->words, *word = whole->word + 1;
    for (; at < end; at += WHOLE_WORDS_AT_ONCE, word += WHOLE_WORDS_AT_ONCE)
        if (*at[0] != word[0] || *at[1] != word[1] || *at[2] != word[2] || *at[3] != word[3])
            return at;
    return NULL;
}

/* Is the whole stack as it was? */
static inline int whole_is_same(const struct whole *whole, const struct caller *caller) {
    return whole_begins_at(whole, caller) && !whole_differs(whole);
}

/* The first i at which another word stands at at[i] now, or whole->words. It begins where the present stack does. */
static inline size_t whole_first_changed(const struct whole *whole) {
    return levels_first_changed(whole->at, whole->word + 1, 0, whole->words);
}

/* Keep the first `frames` levels as a whole; hash and site are the caller's to set. A stack that was cut is not kept, for it
 * is counted each time, nor one that depends on too many words: then the whole holds nothing.
 * max  frames that were asked for */
void whole_make(struct whole *whole, const struct levels *levels, struct caller caller, uint32_t frames, uint32_t max);
void whole_copy(struct whole *to, const struct whole *from);

/* The site of the present stack, which begins where the whole does and is the same up to at[first], if it is of the whole's
 * family and was met before; else 0. One that comes twice running takes the whole's place. */
uint32_t whole_site(struct whole *whole, size_t first, struct whole_families *families);
void whole_note(const struct whole *whole, struct whole_families *families); /* that its site is known */

/* Is `like`, which begins where the present stack does, of the same shape as far as its first change? Most that are not
 * end here. *first receives the change's place, or like->words: there is none */
int whole_seems_alike(struct whole *like, size_t *first);

/* Make the whole the present stack, which is the same up to at[first]: where only return addresses differ, and each leads
 * on as the one did that stood there, the words to compare stay in their places.
 * families begins a new one where a place has a third word
 * returns  0, or -1: it is of another shape; what is left is good for nothing
 * context  hook, busy */
int whole_adapt(struct whole *whole, size_t first, struct whole_families *families);

/* The frames, innermost first; they stand in the whole, or in `buffer`. */
const uint64_t *whole_frames(const struct whole *whole, uint64_t buffer[CAPTURE_FRAMES_MAX]);

#endif
