/* whole.h - a stack as it was met, kept to be compared with the present one in one go. */
#ifndef CASTAWAY_PRELOAD_WHOLE_H
#define CASTAWAY_PRELOAD_WHOLE_H

#include "levels.h"

enum {
    WHOLE_WORDS = 88, /* that a whole stack may depend on */
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
    uint32_t hits;  /* since stacks that begin here were counted */
    uint32_t words; /* a multiple of WHOLE_WORDS_AT_ONCE, not 0: behind the last one stand some that never differ */
    uint32_t frames;
    uintptr_t misaligned; /* is kept as 0 */
    int knows_pages;      /* place[].end is set */
    int is_plain;         /* no words but return addresses */
    int is_cut_short; /* these are as many frames as were asked for: what the last one's step would do does not matter */
    const uint64_t *at[WHOLE_WORDS]; /* all aligned: no word lies on two pages */
    uint64_t hash;                   /* of the frames */
    uint64_t
        word[WHOLE_WORDS + 1]; /* [0] is the caller's address, and [i + 1] the word at at[i]: the frames, if is_plain */
    /* Most places have two words that take turns. This holds something once knows_pages is set. */
    uint64_t other[WHOLE_WORDS]; /* that stood at at[i] before in a stack of this shape; word[i + 1]: none did */
    struct whole_place place[WHOLE_WORDS]; /* of at[i] */
};
extern HIDDEN const uint64_t whole_never_changes; /* at[i] of a word that is there to fill up */

/* Where the last word stands. */
static inline const uint64_t *whole_outermost(const struct whole *whole) {
    uint32_t i = whole->words;
    while (i > 1 && whole->at[i - 1] == &whole_never_changes)
        i--;
    return whole->at[i - 1];
}

/* Does the whole begin where the present stack does? */
static inline int whole_begins_at(const struct whole *whole, const struct caller *caller) {
    return !((whole->caller.pc ^ caller->pc) | (whole->caller.sp ^ caller->sp) |
             ((whole->caller.bp ^ caller->bp) & whole->bp_mask) |
             (whole->epoch ^ atomic_load_explicit(&unwind_epoch, memory_order_relaxed)));
}

/* The first of the places at which another word stands now, or one of the WHOLE_WORDS_AT_ONCE from there on; NULL: the words
 * are all as they were. They are compared with no thought of what to do when they differ. The whole begins where the present
 * stack does. */
static inline const uint64_t *const *whole_differs(const struct whole *whole) {
    const uint64_t *const *at = whole->at, *const *end = at + whole->words, *word = whole->word + 1;
    do {
        if (*at[0] != word[0] || *at[1] != word[1] || *at[2] != word[2] || *at[3] != word[3])
            return at;
        word += WHOLE_WORDS_AT_ONCE;
    } while ((at += WHOLE_WORDS_AT_ONCE) < end);
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

/* Would a walk from another stack pointer read the same words, as far up as these are, wherever they lie? Return addresses
 * alone say so when each place is a constant above the stack pointer; and where a walk was cut short it does not matter what
 * stands above. */
static inline int whole_can_move(const struct whole *whole) {
    return whole->epoch && whole->is_plain && whole->is_cut_short && !whole->bp_mask && whole->frames > 1;
}
/* Is the present stack the same one, elsewhere? They are read in the order of the walk, none behind one that differs. */
static inline int whole_is_same_moved(const struct whole *whole, const struct caller *caller) {
    const uintptr_t moved = caller->sp - whole->caller.sp;
    const uint64_t *const *at = whole->at, *const *end = at + whole->frames - 1, *word = whole->word + 1;
#define IS_SAME(i) (*(const uint64_t *)((uintptr_t)at[i] + moved) == word[i])
    for (; at + WHOLE_WORDS_AT_ONCE <= end; at += WHOLE_WORDS_AT_ONCE, word += WHOLE_WORDS_AT_ONCE)
        if (!IS_SAME(0) || !IS_SAME(1) || !IS_SAME(2) || !IS_SAME(3))
            return 0;
    for (; at < end; at++, word++)
        if (!IS_SAME(0))
            return 0;
#undef IS_SAME
    return 1;
}
static inline size_t whole_span(const struct whole *whole) { /* bytes up from the stack pointer; one that can move */
    return (uintptr_t)(whole->at[whole->frames - 2] + 1) - whole->caller.sp;
}

/* Keep the first `frames` levels as a whole; hash and site are the caller's to set. A stack that was cut is not kept, for it
 * is counted each time, nor one that depends on too many words: then the whole holds nothing. */
void whole_make(struct whole *whole, const struct levels *levels, struct caller caller, uint32_t frames);
void whole_copy(struct whole *to, const struct whole *from);

/* Is `like`, which begins where the present stack does, of the same shape as far as its first change? Most that are not
 * end here. *first receives the change's place, or like->words: there is none */
int whole_seems_alike(struct whole *like, size_t *first);

/* Make the whole the present stack, which is the same up to at[first]: where only return addresses differ, and each leads
 * on as the one did that stood there, the words to compare stay in their places.
 * power    of SITE_HASH_BASE
 * returns  0, or -1: it is of another shape; what is left is good for nothing
 * context  hook, busy */
int whole_adapt(struct whole *whole, size_t first, const uint64_t power[CAPTURE_FRAMES_MAX + 1]);

/* The frames, innermost first; they stand in the whole, or in `buffer`. */
const uint64_t *whole_frames(const struct whole *whole, uint64_t buffer[CAPTURE_FRAMES_MAX]);

#endif
