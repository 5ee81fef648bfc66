/* trace.c - walks that begin anew only where the stack has changed.
 *
 * Owns:    struct traces.
 * Never:   guesses: a frame is taken over when the registers that its step depends on and the words that it reads are
 *          the same as when it was walked.
 * Start:   trace_site(), then follow(). Invariants: README.md, "Stacks". */
#include "trace.h"

#include <string.h>

#include "frames_check.h"
#include "pages.h"
#include "unwind.h"

enum {
    TRACES = 8, /* a thread keeps levels for so many classes of places that call */
    SETS = 16,  /* and whole stacks for so many, */
    WAYS = 4,   /* of each class so many */
    WORDS = 96, /* that a whole stack may depend on */
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

/* Where a step reads the return address (&no_address when it reads more than that), and what it read. */
struct link {
    const uintptr_t *at;
    uintptr_t word; /* the next level's frame */
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
    struct link links[LEVELS];
    uint64_t hash[LEVELS + 1]; /* of the levels from here out (site_hash_step) */
    struct step steps[LEVELS];
};

/* A stack as it was met, ready to be compared with the present one in one go: all words that a walk from `caller` would
 * read, in its order. */
struct whole {
    struct caller caller;
    uintptr_t bp_mask; /* 0: the frame pointer does not matter */
    unsigned epoch;    /* unwind_epoch; 0: holds nothing */
    uint32_t site;
    uint32_t words;
    struct link word[WORDS];
};
struct set {
    unsigned oldest;  /* way to give up next */
    struct rest rest; /* of looking at other ways than the last */
    struct whole way[WAYS];
};

struct traces {
    struct whole *last[SETS]; /* that was met, of each set */
    struct set set[SETS];
    struct trace *of[TRACES]; /* NULL: not used yet */
    struct changes changes;
};

static const uintptr_t no_address; /* differs from every frame, so that the short comparison stops */

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

/* The first of [link, end) that reads another word now, or end. Four at a time: this is most of what an allocation costs. */
static inline const struct link *first_changed(const struct link *link, const struct link *end) {
    for (; end - link >= 4; link += 4) {
        if (*link[0].at != link[0].word)
            return link;
        if (*link[1].at != link[1].word)
            return link + 1;
        if (*link[2].at != link[2].word)
            return link + 2;
        if (*link[3].at != link[3].word)
            return link + 3;
    }
    while (link < end && *link->at == link->word)
        link++;
    return link;
}

/* How many levels from this one on, itself included, are right, when it is; stops at `wanted`. */
static __attribute__((noinline)) uint32_t run_from(const struct trace *trace, uint32_t level, uint32_t wanted) {
    const struct link *first = &trace->links[level], *link = first;
    const struct link *end = first + (wanted < LEVELS - level ? wanted : LEVELS - level) - 1;
    while ((link = first_changed(link, end)) < end && link->at == &no_address &&
           leads_on(trace, (uint32_t)(link - trace->links)))
        link++;
    return (uint32_t)(link - first) + 1;
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
    uint64_t hash = trace->hash[level], outer = level < LEVELS ? trace->frames[level] : 0;
    for (uint32_t i = trace->changes->count; i-- > 0;) {
        const struct level *changed = &trace->changes->level[i];
        level--;
        unsigned flags = flags_of(changed->step.flags, needed);
        needed = flags & BP_NEEDED;
        trace->steps[level] = changed->step;
        trace->steps[level].flags = (uint16_t)flags;
        const uintptr_t *ra_at = (const uintptr_t *)(changed->step.sp + changed->step.ra);
        trace->links[level] = (struct link){flags & (STEP_CFA_WORD | BP_CHECKED) ? &no_address : ra_at, outer};
        trace->frames[level] = outer = changed->pc;
        trace->hash[level] = hash = site_hash_step(hash, outer);
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

static uint64_t window_hash(const struct trace *trace, uint32_t count) {
    uint32_t end = trace->top + count;
    return site_hash_between(trace->hash[trace->top], trace->hash[end], end < LEVELS ? count : 0);
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

static struct link *add_word(struct link *to, uintptr_t address, uintptr_t word) {
    *to = (struct link){(const uintptr_t *)address, word};
    return to + 1;
}

/* Keep the first `frames` levels of the trace as a whole. A stack that was cut is not kept, for it is counted each time. */
static void whole_make(struct whole *whole, const struct trace *trace, struct caller caller, uint32_t frames,
                       uint32_t site) {
    const struct step *step = &trace->steps[trace->top], *end = step + frames - 1;
    whole->epoch = 0;
    if (trace->cut && trace->top + frames == LEVELS)
        return;
    whole->caller = caller;
    whole->bp_mask = step->flags & BP_NEEDED ? UINTPTR_MAX : 0;
    whole->site = site;
    struct link *to = whole->word;
    for (const uint64_t *frame = &trace->frames[trace->top]; step < end; step++, frame++) {
        if (to > whole->word + WORDS - 3)
            return;
        if (step->flags & STEP_CFA_WORD)
            to = add_word(to, step->sp + step->cfa_word, step[1].sp - (uintptr_t)step->cfa_add);
        to = add_word(to, step->sp + step->ra, frame[1]);
        if (step->flags & BP_CHECKED)
            to = add_word(to, step->sp + step->saved_bp, step[1].bp);
    }
    whole->words = (uint32_t)(to - whole->word);
    whole->epoch = trace->epoch;
}

/* The stack above `caller`, by what is known of others. whole: where it is to be kept, if it can be; NULL: nowhere */
static uint32_t site_by_trace(struct trace *trace, struct caller caller, uint32_t max, struct whole *whole) {
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
    uint32_t site = site_intern_hashed(window_hash(trace, (uint32_t)count), frames, (size_t)count);
    if (site && whole)
        whole_make(whole, trace, caller, (uint32_t)count, site);
    return site;
}

/* ---- stacks that are the same ---- */

/* Is the whole stack as it was? Its words are compared with no thought of what to do when they differ. */
static inline int is_same(const struct whole *whole, const struct caller *caller) {
    uintptr_t differs = (whole->caller.pc ^ caller->pc) | (whole->caller.sp ^ caller->sp) |
                        ((whole->caller.bp ^ caller->bp) & whole->bp_mask) |
                        (whole->epoch ^ atomic_load_explicit(&unwind_epoch, memory_order_relaxed));
    const struct link *end = whole->word + whole->words;
    return !differs && __builtin_expect(first_changed(whole->word, end) == end, 1);
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
    struct trace *trace = trace_of(traces, class);
    if (!trace || rests(&trace->rest))
        return site_alone(*caller, max);
    if (looks)
        traces->last[class] = whole = &set->way[set->oldest++ % WAYS];
    return site_by_trace(trace, *caller, max, whole);
}

static __attribute__((noinline)) struct traces *traces_make(void) {
    struct traces *traces = pages_alloc(sizeof *traces);
    for (size_t class = 0; traces && class < SETS; class ++)
        traces->last[class] = &traces->set[class].way[0];
    return traces;
}

/* Places that take turns, such as two calls that stand side by side, or one of a function that calls itself, must not share
 * a class. The low bits of addresses tell them apart better than a product would, whose high bits are often the same. */
static inline size_t class_of(const struct caller *caller) {
    uintptr_t mixed = caller->pc ^ caller->sp >> 4;
    return (mixed ^ mixed >> 4 ^ mixed >> 8) % SETS;
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
