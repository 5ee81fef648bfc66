/* trace.c - walks that begin anew only where the stack has changed.
 *
 * Owns:    struct traces.
 * Never:   guesses: a frame is taken over when the registers that its step depends on and the words that it reads are
 *          the same as when it was walked.
 * Start:   trace_site(), then follow(). Invariants: README.md, "Stacks". */
#include "trace.h"

#include <stddef.h>
#include <string.h>

#include "frames_check.h"
#include "pages.h"
#include "unwind.h"

enum {
    TRACES = 8, /* a thread keeps levels for so many classes of places that call */
    SETS = 32,  /* and whole stacks for so many, */
    WAYS = 4,   /* of each class so many */
    WORDS = 96, /* that a whole stack may depend on */
    WORDS_AT_ONCE = 4,
    PLACES_AT_ONCE = 64,
    PAGE_BYTES = 4096, /* or more */
    LEVELS =
        128,    /* frames that are kept: more than are asked for, so that returning from deep recursion shows no end */
    SLACK = 32, /* frames that are walked beyond those asked for, when such an end has shown */
    REST_MAX = 31,
    CHANGED_MAX = CAPTURE_FRAMES_MAX + SLACK,
};

/* Flags of a step that is kept. Of its registers bp is right where it is needed. */
enum {
    BP_NEEDED = STEP_FLAGS_OWN,      /* this frame's bp is used, by this step or by one further out */
    BP_CHECKED = STEP_FLAGS_OWN << 1 /* and the saved one is */
};

struct level {
    uint64_t pc;
    struct step step;
};

/* Frames that are no part of a trace's levels yet, innermost first. */
struct changes {
    uint32_t count;
    struct level level[CHANGED_MAX];
};

/* Something that costs more than it saves while it is of no use: it is left out for ever longer, until it was useful. */
struct rest {
    uint32_t left, next;
};
static inline int rests(struct rest *rest) {
    rest->left -= rest->left > 0;
    return rest->left > 0;
}
static inline void rest_after(struct rest *rest, int was_useful) {
    rest->left = rest->next;
    rest->next = was_useful ? 0 : rest->next * 2 + 1 < REST_MAX ? rest->next * 2 + 1 : REST_MAX;
}

/* Levels [top, LEVELS) are a stack, innermost first: what changes is the low end. */
struct trace {
    struct changes *changes; /* of the thread */
    unsigned epoch;          /* unwind_epoch when it was walked; 0: holds nothing */
    uint32_t top;
    struct rest rest; /* of stacks that differ much: they are walked as if there were no trace */
    int complete;     /* the last level is the outermost frame */
    int cut;          /* or the walk could not go on there */
    uintptr_t hi;     /* upper end of the stack, as the walk saw it */
    uint64_t frames[LEVELS];
    const uint64_t
        *next_at[LEVELS];      /* where the step reads the next level's frame; &no_address: it reads more than that */
    uint64_t hash[LEVELS + 1]; /* of the levels from here out (site_hash_step) */
    uint32_t special[LEVELS + 1]; /* how many of the levels from here out have no next_at */
    struct step steps[LEVELS];
};

/* What at[i] of a whole is. */
struct place {
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
    uint32_t words; /* a multiple of WORDS_AT_ONCE: behind the last one stand some that never differ */
    uint32_t frames;
    uintptr_t misaligned; /* is kept as 0 */
    int knows_pages;      /* place[].end is set */
    int is_plain;         /* no words but return addresses */
    int is_cut_short; /* these are as many frames as were asked for: what the last one's step would do does not matter */
    uint64_t hash;    /* of the frames */
    const uint64_t *at[WORDS]; /* all aligned: no word lies on two pages */
    uint64_t word[WORDS + 1];  /* [0] is caller.pc, and [i + 1] the word at at[i]: the frames, if is_plain */
    struct place place[WORDS]; /* of at[i] */
};
struct set {
    unsigned oldest;  /* way to give up next */
    struct rest rest; /* of looking at other ways than the last */
    struct whole way[WAYS];
};

struct traces {
    struct whole *last[SETS]; /* that was met, of each set */
    struct set set[SETS];
    struct trace *of[TRACES];               /* NULL: not used yet */
    uint64_t power[CAPTURE_FRAMES_MAX + 1]; /* of SITE_HASH_BASE */
    struct changes changes;
};

static const uint64_t no_address; /* is 0: differs from every frame, so that the short comparison stops */

static uintptr_t word_at(uintptr_t address) {
    return *(const uintptr_t *)address;
}

/* ---- taking over what is known ---- */

static inline int stands_at(const struct trace *trace, uint32_t level, uintptr_t pc, uintptr_t sp, uintptr_t bp) {
    const struct step *step = &trace->steps[level];
    return step->sp == sp && trace->frames[level] == pc && (!(step->flags & BP_NEEDED) || step->bp == bp);
}

/* Does a level whose step reads several words still lead to the next one? */
static __attribute__((noinline)) int leads_on(const struct trace *trace, uint32_t level) {
    const struct step *step = &trace->steps[level];
    if (step->flags & STEP_CFA_WORD && word_at(step->sp + step->cfa_word) + (uintptr_t)step->cfa_add != step[1].sp)
        return 0;
    if (word_at(step->sp + step->ra) != trace->frames[level + 1])
        return 0;
    return !(step->flags & BP_CHECKED) || word_at(step->sp + step->saved_bp) == step[1].bp;
}

/* The first place from `i` on at which another word stands now, or `end`. Four at a time: this is most of what an
 * allocation costs. */
static inline size_t first_changed(const uint64_t *const *at, const uint64_t *word, size_t i, size_t end) {
    for (; i + 4 <= end; i += 4) {
        if (*at[i] != word[i])
            return i;
        if (*at[i + 1] != word[i + 1])
            return i + 1;
        if (*at[i + 2] != word[i + 2])
            return i + 2;
        if (*at[i + 3] != word[i + 3])
            return i + 3;
    }
    while (i < end && *at[i] == word[i])
        i++;
    return i;
}

/* How many levels from this one on, itself included, are right, when it is; stops at `wanted`. */
static __attribute__((noinline)) uint32_t run_from(const struct trace *trace, uint32_t level, uint32_t wanted) {
    size_t end = level + (wanted < LEVELS - level ? wanted : LEVELS - level) - 1, at = level;
    while ((at = first_changed(trace->next_at, trace->frames + 1, at, end)) < end &&
           trace->next_at[at] == &no_address && leads_on(trace, (uint32_t)at))
        at++;
    return (uint32_t)at - level + 1;
}

/* ---- what has changed ---- */

/* The first `count` levels from `level` on stay, but not in their place; `at` goes on behind them. */
static void set_aside(struct trace *trace, uint32_t level, uint32_t count, struct cursor *at) {
    for (uint32_t i = level; i < level + count; i++) {
        struct level *changed = &trace->changes->level[trace->changes->count++];
        *changed = (struct level){trace->frames[i], trace->steps[i]};
        changed->step.bp = at->bp;
        if (changed->step.flags & STEP_BP_SAVED)
            at->bp = word_at(changed->step.sp + changed->step.saved_bp);
    }
    at->pc = trace->frames[level + count];
    at->sp = trace->steps[level + count].sp;
}

/* The flags of a level's step. needed: the next level's BP_NEEDED */
static inline unsigned flags_of(unsigned own, unsigned needed) {
    own &= STEP_FLAGS_OWN - 1;
    if (own & STEP_BP_SAVED)
        own |= needed ? BP_CHECKED : 0;
    else
        own |= needed;
    return own & STEP_BP_USED ? own | BP_NEEDED : own;
}

/* Put what has changed before `level`. */
static void commit(struct trace *trace, uint32_t level) {
    unsigned needed = level < LEVELS ? trace->steps[level].flags & BP_NEEDED : trace->complete ? 0 : BP_NEEDED;
    uint64_t hash = trace->hash[level];
    uint32_t special = trace->special[level];
    for (uint32_t i = trace->changes->count; i-- > 0;) {
        const struct level *changed = &trace->changes->level[i];
        level--;
        unsigned flags = flags_of(changed->step.flags, needed);
        needed = flags & BP_NEEDED;
        trace->steps[level] = changed->step;
        trace->steps[level].flags = (uint16_t)flags;
        const uint64_t *ra_at = (const uint64_t *)(changed->step.sp + changed->step.ra);
        int is_special = (flags & (STEP_CFA_WORD | BP_CHECKED)) != 0 || (uintptr_t)ra_at % sizeof *ra_at;
        trace->next_at[level] = is_special ? &no_address : ra_at;
        trace->special[level] = special += is_special;
        trace->frames[level] = changed->pc;
        trace->hash[level] = hash = site_hash_step(hash, changed->pc);
    }
    trace->top = level;
}

static void end_at(struct trace *trace, int complete, int cut) {
    trace->complete = complete;
    trace->cut = cut;
    commit(trace, LEVELS);
}

/* Bring the levels up to date for a walk from `at`.
 * limit    frames to walk at most, >= max
 * returns  how many of at most `max` frames there are; FOLLOW_SHORT: nothing is known beyond the last level; or
 *          FOLLOW_ALONE: this stack can't be kept */
enum { FOLLOW_SHORT = 0, FOLLOW_ALONE = -1 };
static int follow(struct trace *trace, struct cursor at, uint32_t max, uint32_t limit) {
    uint32_t known = trace->epoch ? trace->top : LEVELS;
    trace->changes->count = 0;
    for (;;) {
        while (known < LEVELS && trace->steps[known].sp < at.sp)
            known++;
        if (known < LEVELS && stands_at(trace, known, at.pc, at.sp, at.bp)) {
            uint32_t wanted = max - trace->changes->count, run = run_from(trace, known, wanted);
            int to_the_end = known + run == LEVELS;
            if (run == wanted || (to_the_end && trace->complete)) {
                if (known < trace->changes->count)
                    return FOLLOW_SHORT;
                int count = (int)(trace->changes->count + run);
                commit(trace, known);
                return count;
            }
            if (to_the_end)
                return FOLLOW_SHORT;
            set_aside(trace, known, run - 1, &at);
            known += run;
        }
        struct level *level = &trace->changes->level[trace->changes->count++];
        level->pc = at.pc;
        if (trace->changes->count == limit) {
            level->step = (struct step){.sp = at.sp, .bp = at.bp};
            break;
        }
        enum unwind_step result = unwind_step(&at, &level->step);
        if (result == STEP_END || result == STEP_CUT) {
            end_at(trace, 1, result == STEP_CUT);
            return (int)(trace->changes->count < max ? trace->changes->count : max);
        }
        if (result == STEP_ALONE)
            return FOLLOW_ALONE;
    }
    end_at(trace, 0, 0);
    return (int)max;
}

static uint64_t window_hash(const struct traces *traces, const struct trace *trace, uint32_t count) {
    return trace->hash[trace->top] - trace->hash[trace->top + count] * traces->power[count];
}

static inline void count_cut(const struct trace *trace, uint32_t frames) {
    if (__builtin_expect(trace->cut, 0) && trace->top + frames == LEVELS)
        unwind_count_cut();
}

static uint32_t site_alone(struct caller caller, uint32_t max) {
    uint64_t frames[CAPTURE_FRAMES_MAX];
    size_t count = unwind_capture(caller, frames, max);
    frames_check(frames, count, max);
    return site_intern(frames, count);
}

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
    whole->place[whole->words++] = (struct place){.frame = (uint8_t)frame};
    whole->word[whole->words] = word;
}

/* Frames 1 to before `frames` of the trace as words to compare: the return addresses alone. */
static void put_plain(struct whole *whole, const struct trace *trace, uint32_t frames) {
    static const struct place place_of[] = {PLACES_64};
    memcpy(whole->at, trace->next_at + trace->top, (frames - 1) * sizeof whole->at[0]);
    memcpy(whole->word, trace->frames + trace->top, frames * sizeof whole->word[0]);
    memcpy(whole->place, place_of, (frames - 1) * sizeof whole->place[0]);
    whole->words = frames - 1;
}

/* The same where steps read other words, too. returns 0, or -1: these are too many words */
static int put_special(struct whole *whole, const struct trace *trace, uint32_t frames) {
    const struct step *step = &trace->steps[trace->top];
    const uint64_t *frame = &trace->frames[trace->top];
    whole->misaligned = whole->words = 0;
    whole->word[0] = frame[0];
    for (uint32_t i = 1; i < frames; i++, step++) {
        if (whole->words > WORDS - 3 - WORDS_AT_ONCE)
            return -1;
        if (step->flags & STEP_CFA_WORD)
            add_word(whole, step->sp + step->cfa_word, step[1].sp - (uintptr_t)step->cfa_add, 0);
        add_word(whole, step->sp + step->ra, frame[i], i);
        if (step->flags & BP_CHECKED)
            add_word(whole, step->sp + step->saved_bp, step[1].bp, 0);
    }
    return whole->misaligned ? -1 : 0;
}

/* Keep the first `frames` levels of the trace as a whole. A stack that was cut is not kept, for it is counted each time. */
static void whole_make(struct whole *whole, const struct trace *trace, struct caller caller, uint32_t frames,
                       uint32_t max) {
    uint32_t top = trace->top;
    whole->epoch = 0;
    if (trace->cut && top + frames == LEVELS)
        return;
    whole->is_plain = trace->special[top] == trace->special[top + frames - 1];
    if (whole->is_plain)
        put_plain(whole, trace, frames);
    else if (put_special(whole, trace, frames) != 0)
        return;
    while (whole->words % WORDS_AT_ONCE)
        add_word(whole, (uintptr_t)&no_address, no_address, 0);
    whole->knows_pages = 0;
    whole->caller = caller;
    whole->bp_mask = trace->steps[top].flags & BP_NEEDED ? UINTPTR_MAX : 0;
    whole->frames = frames;
    whole->is_cut_short = frames == max;
    whole->epoch = trace->epoch;
}

/* The stack above `caller`, by what is known of others. whole: where it is kept, if it can be */
static uint32_t site_by_trace(struct traces *traces, struct trace *trace, struct caller caller, uint32_t max,
                              struct whole *whole) {
    unsigned epoch = atomic_load_explicit(&unwind_epoch, memory_order_relaxed);
    struct cursor at = unwind_start(caller);
    if (trace->epoch != epoch || trace->hi != at.hi)
        trace->epoch = 0;
    int count = follow(trace, at, max, max);
    if (count == FOLLOW_SHORT) {
        trace->epoch = 0;
        count = follow(trace, at, max, max + SLACK);
    }
    rest_after(&trace->rest, count != FOLLOW_ALONE && trace->changes->count * 2 < (uint32_t)count);
    if (count == FOLLOW_ALONE) {
        trace->epoch = 0;
        return site_alone(caller, max);
    }
    const uint64_t *frames = &trace->frames[trace->top];
    frames_check(frames, (size_t)count, max);
    count_cut(trace, (uint32_t)count);
    trace->hi = at.hi;
    trace->epoch = epoch;
    whole_make(whole, trace, caller, (uint32_t)count, max);
    whole->hash = window_hash(traces, trace, (uint32_t)count);
    whole->site = site_intern_hashed(whole->hash, frames, (size_t)count);
    if (!whole->site)
        whole->epoch = 0;
    return whole->site;
}

/* ---- stacks that are the same ---- */

static inline int begins_at(const struct whole *whole, const struct caller *caller) {
    uintptr_t differs = (whole->caller.pc ^ caller->pc) | (whole->caller.sp ^ caller->sp) |
                        ((whole->caller.bp ^ caller->bp) & whole->bp_mask) |
                        (whole->epoch ^ atomic_load_explicit(&unwind_epoch, memory_order_relaxed));
    return !differs;
}

/* Is the whole stack as it was? Its words are compared with no thought of what to do when they differ. */
static inline int is_same(const struct whole *whole, const struct caller *caller) {
    if (!begins_at(whole, caller))
        return 0;
    const uint64_t *const *at = whole->at, *word = whole->word + 1;
    for (size_t i = 0; i < whole->words; i += WORDS_AT_ONCE)
        if (*at[i] != word[i] || *at[i + 1] != word[i + 1] || *at[i + 2] != word[i + 2] || *at[i + 3] != word[i + 3])
            return 0;
    return 1;
}

/* ---- stacks of the same shape ---- */

static void whole_copy(struct whole *to, const struct whole *from) {
    memcpy(to, from, offsetof(struct whole, at));
    memcpy(to->at, from->at, from->words * sizeof from->at[0]);
    memcpy(to->word, from->word, (from->words + 1) * sizeof from->word[0]);
    memcpy(to->place, from->place, from->words * sizeof from->place[0]);
}

/* May the word at at[i] be `now`? */
static inline __attribute__((always_inline)) int may_change(struct whole *whole, size_t i, uint64_t now) {
    struct place *place = &whole->place[i];
    if (!place->frame || !now)
        return 0;
    if (place->frame + 1u == whole->frames && whole->is_cut_short)
        return 1;
    if (!place->shape)
        place->shape = (uint16_t)unwind_shape(whole->word[i + 1]);
    return place->shape && place->shape == unwind_shape(now);
}

/* Is `like`, which begins where the present stack does, of the same shape as far as its first change? Most that are not
 * end here. *first receives the place */
static int seems_alike(struct whole *like, size_t *first) {
    size_t i = *first = first_changed(like->at, like->word + 1, 0, like->words);
    return i == like->words || may_change(like, i, *like->at[i]);
}

static __attribute__((noinline)) void find_pages(struct whole *whole) {
    for (uint32_t lo = 0, i = 0; lo < whole->words; lo = i) {
        uintptr_t page = (uintptr_t)whole->at[lo] / PAGE_BYTES;
        while (i < whole->words && (uintptr_t)whole->at[i] / PAGE_BYTES == page && i - lo < PLACES_AT_ONCE)
            i++;
        whole->place[lo].end = (uint8_t)i;
    }
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

/* Make the whole the present stack, which is the same up to at[first]: where only return addresses differ, and each leads
 * on as the one did that stood there, the words to compare stay in their places. Where one word can be read so can all
 * others on its page.
 * returns  0, or -1: it is of another shape; what is left is good for nothing */
static int adapt(struct whole *whole, size_t first, const uint64_t *power) {
    uint64_t hash = whole->hash;
    if (!whole->knows_pages)
        find_pages(whole);
    for (size_t page = 0, hi; page < whole->words; page = hi) {
        hi = whole->place[page].end;
        size_t lo = page > first ? page : first;
        if (lo >= hi)
            continue;
        for (uint64_t changed = changed_places(whole, lo, hi); changed; changed &= changed - 1) {
            size_t i = lo + (size_t)__builtin_ctzll(changed);
            uint64_t now = *whole->at[i], before = whole->word[i + 1];
            if (!may_change(whole, i, now))
                return -1;
            hash += (site_hash_step(0, now) - site_hash_step(0, before)) * power[whole->place[i].frame];
            whole->word[i + 1] = now;
        }
    }
    whole->hash = hash;
    return 0;
}

static const uint64_t *frames_of(const struct whole *whole, uint64_t buffer[CAPTURE_FRAMES_MAX]) {
    if (whole->is_plain)
        return whole->word;
    buffer[0] = whole->word[0];
    for (uint32_t i = 0; i < whole->words; i++)
        if (whole->place[i].frame)
            buffer[whole->place[i].frame] = whole->word[i + 1];
    return buffer;
}

/* The present stack, by one that seems to be of its shape and is the same up to at[first].
 * returns  0: it is of another shape, or there is no memory; then the whole holds nothing */
static uint32_t site_by_shape(const struct traces *traces, struct whole *whole, size_t first, uint32_t max) {
    uint64_t buffer[CAPTURE_FRAMES_MAX];
    whole->site = 0;
    if (adapt(whole, first, traces->power) == 0) {
        const uint64_t *frames = frames_of(whole, buffer);
        frames_check(frames, whole->frames, max);
        whole->site = site_intern_hashed(whole->hash, frames, whole->frames);
    }
    if (!whole->site)
        whole->epoch = 0;
    return whole->site;
}

static struct trace *trace_of(struct traces *traces, size_t class) {
    struct trace **place = &traces->of[class % TRACES];
    if (!*place && (*place = pages_alloc(sizeof **place))) {
        (*place)->changes = &traces->changes;
        (*place)->top = LEVELS;
    }
    return *place;
}

/* Another stack of this class that was met before, and is the present one; or NULL. */
static struct whole *other_way(struct traces *traces, size_t class, const struct caller *caller) {
    struct set *set = &traces->set[class];
    struct whole *found = NULL;
    for (unsigned way = 0; way < WAYS && !found; way++)
        if (&set->way[way] != traces->last[class] && is_same(&set->way[way], caller))
            found = &set->way[way];
    rest_after(&set->rest, found != NULL);
    return found;
}

/* One of this class that begins where the present stack does; or NULL. */
static struct whole *likely_shape(struct traces *traces, size_t class, const struct caller *caller) {
    if (begins_at(traces->last[class], caller))
        return traces->last[class];
    for (unsigned way = 0; way < WAYS; way++)
        if (begins_at(&traces->set[class].way[way], caller))
            return &traces->set[class].way[way];
    return NULL;
}

static __attribute__((noinline)) uint32_t site_not_last(struct traces *traces, size_t class,
                                                        const struct caller *caller, uint32_t max) {
    struct set *set = &traces->set[class];
    int looks = !rests(&set->rest);
    struct whole *whole = looks ? other_way(traces, class, caller) : NULL;
    if (whole) {
        traces->last[class] = whole;
        frames_check_site(whole->site, max);
        return whole->site;
    }
    struct whole *like = likely_shape(traces, class, caller);
    size_t first = 0;
    int is_alike = like && seems_alike(like, &first);
    traces->last[class] = whole = like && !looks ? like : &set->way[set->oldest++ % WAYS];
    if (is_alike && whole != like)
        whole_copy(whole, like);
    uint32_t site = is_alike ? site_by_shape(traces, whole, first, max) : 0;
    if (site)
        return site;
    struct trace *trace = trace_of(traces, class);
    if (!trace || rests(&trace->rest))
        return site_alone(*caller, max);
    return site_by_trace(traces, trace, *caller, max, whole);
}

static __attribute__((noinline)) struct traces *traces_make(void) {
    struct traces *traces = pages_alloc(sizeof *traces);
    for (size_t class = 0; traces && class < SETS; class ++)
        traces->last[class] = &traces->set[class].way[0];
    for (size_t i = 0; traces && i <= CAPTURE_FRAMES_MAX; i++)
        traces->power[i] = i ? traces->power[i - 1] * SITE_HASH_BASE : 1;
    return traces;
}

/* Places that take turns, such as two calls that stand side by side, or one of a function that calls itself, must not share
 * a class. The low bits of addresses tell them apart better than a product would, whose high bits are often the same. */
static inline size_t class_of(const struct caller *caller) {
    uintptr_t mixed = caller->pc ^ caller->sp >> 4;
    return (mixed ^ mixed >> 5 ^ mixed >> 10) % SETS;
}

uint32_t trace_site(struct traces **of_thread, const struct caller *caller, uint32_t max) {
    struct traces *traces = *of_thread;
    if (__builtin_expect(!traces, 0) && !(traces = *of_thread = traces_make()))
        return 0;
    size_t class = class_of(caller);
    const struct whole *last = traces->last[class];
    if (__builtin_expect(!is_same(last, caller), 0))
        return site_not_last(traces, class, caller, max);
    frames_check_site(last->site, max);
    return last->site;
}
