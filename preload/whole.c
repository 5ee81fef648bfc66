/* whole.c - stacks that are the same as one that was met, or differ from it in return addresses alone.
 *
 * Owns:    nothing; a whole is the caller's.
 * Never:   guesses: a word is taken for unchanged when it was read; reads where the walk might not, but for other words of a
 *          page on which it does.
 * Start:   whole_make(), whole_adapt(). Invariants: README.md, "Stacks". */
#include "whole.h"

#include <stddef.h>
#include <string.h>

enum {
    PLACES_AT_ONCE = 64,
};

_Static_assert(WHOLE_WORDS >= CAPTURE_FRAMES_MAX + WHOLE_WORDS_AT_ONCE, "a plain stack always fits");

const uint64_t whole_never_changes;

/* The frames from the first caller on, in order. */
#define PLACES_4(n)                                                                                                    \
    {.frame = (n)}, {.frame = (n) + 1}, {.frame = (n) + 2}, {                                                          \
        .frame = (n) + 3                                                                                               \
    }
#define PLACES_16(n) PLACES_4(n), PLACES_4((n) + 4), PLACES_4((n) + 8), PLACES_4((n) + 12)
#define PLACES_64 PLACES_16(1), PLACES_16(17), PLACES_16(33), PLACES_16(49)

static void add_word(struct whole *whole, uintptr_t address, uint64_t word, uint32_t frame) {
    whole->misaligned |= address % sizeof word;
    whole->at[whole->words] = (const uint64_t *)address;
    whole->place[whole->words++] = (struct whole_place){.frame = (uint8_t)frame};
    whole->word[whole->words] = word;
}

/* Frames 1 to before `frames` of the levels as words to compare: the return addresses alone. */
static void put_plain(struct whole *whole, const struct levels *levels, uint32_t frames) {
    static const struct whole_place place_of[] = {PLACES_64};
    _Static_assert(sizeof place_of / sizeof *place_of >= CAPTURE_FRAMES_MAX, "a place for each frame");
    memcpy(whole->at, levels->next_at + levels->top, (frames - 1) * sizeof whole->at[0]);
    memcpy(whole->word, levels->frames + levels->top, frames * sizeof whole->word[0]);
    memcpy(whole->place, place_of, (frames - 1) * sizeof whole->place[0]);
    whole->words = frames - 1;
}

/* The same where steps read other words, too. returns 0, or -1: these are too many words */
static int put_special(struct whole *whole, const struct levels *levels, uint32_t frames) {
    const struct step *step = &levels->steps[levels->top];
    const uint64_t *frame = &levels->frames[levels->top];
    whole->misaligned = whole->words = 0;
    whole->word[0] = frame[0];
    for (uint32_t i = 1; i < frames; i++, step++) {
        if (whole->words > WHOLE_WORDS - 3 - WHOLE_WORDS_AT_ONCE)
            return -1;
        if (step->flags & STEP_CFA_WORD)
            add_word(whole, step->sp + step->cfa_word, step[1].sp - (uintptr_t)step->cfa_add, 0);
        add_word(whole, step->sp + step->ra, frame[i], i);
        if (step->flags & LEVEL_BP_CHECKED)
            add_word(whole, step->sp + step->saved_bp, step[1].bp, 0);
    }
    return whole->misaligned ? -1 : 0;
}

void whole_make(struct whole *whole, const struct levels *levels, struct caller caller, uint32_t frames) {
    uint32_t top = levels->top;
    whole->epoch = 0;
    if (levels_end_cut(levels, frames))
        return;
    whole->is_plain = levels->special[top] == levels->special[top + frames - 1];
    if (whole->is_plain)
        put_plain(whole, levels, frames);
    else if (put_special(whole, levels, frames) != 0)
        return;
    while (whole->words % WHOLE_WORDS_AT_ONCE || !whole->words)
        add_word(whole, (uintptr_t)&whole_never_changes, whole_never_changes, 0);
    whole->knows_pages = 0;
    whole->caller = caller;
    whole->bp_mask = levels->steps[top].flags & LEVEL_BP_NEEDED ? UINTPTR_MAX : 0;
    whole->frames = frames;
    whole->is_cut_short = frames == CAPTURE_FRAMES_MAX;
    whole->epoch = levels->epoch;
}

/* ---- stacks of the same shape ---- */

void whole_copy(struct whole *to, const struct whole *from) {
    memcpy(to, from, offsetof(struct whole, at));
    to->hash = from->hash;
    memcpy(to->at, from->at, from->words * sizeof from->at[0]);
    memcpy(to->word, from->word, (from->words + 1) * sizeof from->word[0]);
    memcpy(to->place, from->place, from->words * sizeof from->place[0]);
    if (!from->knows_pages)
        return;
    memcpy(to->other, from->other, from->words * sizeof from->other[0]);
}

/* May the word at at[i] be `now`? */
static inline __attribute__((always_inline)) int may_change(struct whole *whole, size_t i, uint64_t now) {
    struct whole_place *place = &whole->place[i];
    if (!place->frame || !now)
        return 0;
    if (place->frame + 1u == whole->frames && whole->is_cut_short)
        return 1;
    if (!place->shape)
        place->shape = (uint16_t)unwind_shape(whole->word[i + 1]);
    return place->shape && place->shape == unwind_shape(now);
}

int whole_seems_alike(struct whole *like, size_t *first) {
    size_t i = *first = whole_first_changed(like);
    return i == like->words || (like->knows_pages && *like->at[i] == like->other[i]) ||
           may_change(like, i, *like->at[i]);
}

static __attribute__((noinline)) void find_pages(struct whole *whole) {
    for (uint32_t lo = 0, i = 0; lo < whole->words; lo = i) {
        uintptr_t page = (uintptr_t)whole->at[lo] / WHOLE_PAGE_BYTES;
        while (i < whole->words && i - lo < PLACES_AT_ONCE &&
               ((uintptr_t)whole->at[i] / WHOLE_PAGE_BYTES == page || whole->at[i] == &whole_never_changes))
            i++;
        whole->place[lo].end = (uint8_t)i;
    }
    memcpy(whole->other, whole->word + 1, whole->words * sizeof whole->other[0]);
    whole->knows_pages = 1;
}

/* The places in [lo, hi) where another word stands now, a bit for each. What differs is no reason to stop: branches that
 * depend on which calls led here are what a processor can't foretell. */
static inline uint64_t changed_places(const struct whole *whole, size_t lo, size_t hi) {
    uint64_t changed = 0;
    for (size_t i = hi; i-- > lo;)
        changed = changed * 2 + (*whole->at[i] != whole->word[i + 1]);
    return changed;
}

/* `now` stands at at[i]. returns 0: it may not stand there */
static inline __attribute__((always_inline)) int change(struct whole *whole, size_t i, uint64_t now,
                                                        const uint64_t *power) {
    uint64_t before = whole->word[i + 1];
    if (now != whole->other[i] && !may_change(whole, i, now))
        return 0;
    whole->hash += (site_hash_step(0, now) - site_hash_step(0, before)) * power[whole->place[i].frame];
    whole->other[i] = before;
    whole->word[i + 1] = now;
    return 1;
}

/* Where one word can be read so can all others on its page. */
int whole_adapt(struct whole *whole, size_t first, const uint64_t power[CAPTURE_FRAMES_MAX + 1]) {
    if (!whole->knows_pages)
        find_pages(whole);
    for (size_t page = 0, hi; page < whole->words; page = hi) {
        hi = whole->place[page].end;
        size_t lo = page > first ? page : first;
        if (lo >= hi)
            continue;
        for (uint64_t changed = changed_places(whole, lo, hi); changed; changed &= changed - 1) {
            size_t i = lo + (size_t)__builtin_ctzll(changed);
            if (!change(whole, i, *whole->at[i], power))
                return -1;
        }
    }
    return 0;
}

const uint64_t *whole_frames(const struct whole *whole, uint64_t buffer[CAPTURE_FRAMES_MAX]) {
    if (whole->is_plain)
        return whole->word;
    buffer[0] = whole->word[0];
    for (uint32_t i = 0; i < whole->words; i++)
        if (whole->place[i].frame)
            buffer[whole->place[i].frame] = whole->word[i + 1];
    return buffer;
}
