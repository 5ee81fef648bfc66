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
    const uint64_t *at[WHOLE_WORDS]; /* all aligned: no word lies on two pages */
    uint64_t word[WHOLE_WORDS + 1];  /* [0] is caller.pc, and [i + 1] the word at at[i]: the frames, if is_plain */
    struct whole_place place[WHOLE_WORDS]; /* of at[i] */
    /* Most places have two words that take turns. These hold something once knows_pages is set. */
    uint64_t other[WHOLE_WORDS]; /* that stood at at[i] before in a stack of this shape; word[i + 1]: none did */
    uint64_t swing[WHOLE_WORDS]; /* what is to be added to the hash when it stands there again */
};

static inline int whole_begins_at(const struct whole *whole, const struct caller *caller) {
    uintptr_t differs = (whole->caller.pc ^ caller->pc) | (whole->caller.sp ^ caller->sp) |
                        ((whole->caller.bp ^ caller->bp) & whole->bp_mask) |
                        (whole->epoch ^ atomic_load_explicit(&unwind_epoch, memory_order_relaxed));
    return !differs;
}

/* Is the whole stack as it was? Its words are compared with no thought of what to do when they differ. */
static inline int whole_is_same(const struct whole *whole, const struct caller *caller) {
    if (!whole_begins_at(whole, caller))
        return 0;
    const uint64_t *const *at = whole->at, *word = whole->word + 1;
    for (size_t i = 0; i < whole->words; i += WHOLE_WORDS_AT_ONCE)
        if (*at[i] != word[i] || *at[i + 1] != word[i + 1] || *at[i + 2] != word[i + 2] || *at[i + 3] != word[i + 3])
            return 0;
    return 1;
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

/* Is `like`, which begins where the present stack does, of the same shape as far as its first change? Most that are not
 * end here. *first receives the change's place, or like->words: there is none */
int whole_seems_alike(struct whole *like, size_t *first);

/* Make the whole the present stack, which is the same up to at[first]: where only return addresses differ, and each leads
 * on as the one did that stood there, the words to compare stay in their places.
 * power    powers of SITE_HASH_BASE, from 0 on
 * returns  0, or -1: it is of another shape; what is left is good for nothing
 * context  hook, busy */
int whole_adapt(struct whole *whole, size_t first, const uint64_t *power);

/* The frames, innermost first; they stand in the whole, or in `buffer`. */
const uint64_t *whole_frames(const struct whole *whole, uint64_t buffer[CAPTURE_FRAMES_MAX]);

#endif
