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
    TRACES = 16, /* a thread keeps one trace for each of so many classes of places that call */
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

/* The frames of a site, made ready to be compared as a whole. */
struct whole {
    struct caller caller;
    uintptr_t bp_mask; /* 0: the frame pointer does not matter */
    const struct link *first, *end;
    unsigned epoch; /* as of the trace; 0: there is none, or it ends where no caller was found */
    uint32_t site;
};

/* Levels [top, LEVELS) are a stack, innermost first: what changes is the low end. */
struct trace {
    struct whole whole;
    struct changes *changes; /* of the thread */
    unsigned epoch;          /* unwind_epoch when it was walked; 0: holds nothing */
    uint32_t site;
    uint32_t site_frames; /* frames of the site; 0: there is none */
    uint32_t top;
    uint32_t rest,
        rest_next; /* stacks that are walked as if there were no trace: now, and after the next that differs much */
    int complete;  /* the last level is the outermost frame */
    int cut;       /* or the walk could not go on there */
    uintptr_t hi;  /* upper end of the stack, as the walk saw it */
    uint64_t frames[LEVELS];
    struct link links[LEVELS];
    uint64_t hash[LEVELS + 1]; /* of the levels from here out (site_hash_step) */
    struct step steps[LEVELS];
};

struct traces {
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

/* A trace costs more than it saves where most of a stack differs each time. */
static void rest(struct trace *trace, int is_useful) {
    trace->rest = trace->rest_next;
    trace->rest_next = is_useful ? 0 : trace->rest_next * 2 + 1 < REST_MAX ? trace->rest_next * 2 + 1 : REST_MAX;
}

static uint32_t site_alone(struct caller caller, uint32_t max) {
    uint64_t frames[CAPTURE_FRAMES_MAX];
    size_t count = unwind_capture(caller, frames, max);
    frames_check(frames, count, max);
    return site_intern(frames, count);
}

static void make_whole(struct trace *trace, struct caller caller) {
    const struct link *first = &trace->links[trace->top];
    int cut_inside = trace->cut && trace->top + trace->site_frames == LEVELS;
    trace->whole = (struct whole){
        .caller = caller,
        .bp_mask = trace->steps[trace->top].flags & BP_NEEDED ? UINTPTR_MAX : 0,
        .first = first,
        .end = first + trace->site_frames - 1,
        .epoch = cut_inside ? 0 : trace->epoch,
        .site = trace->site,
    };
}

static __attribute__((noinline)) uint32_t site_changed(struct trace *trace, struct caller caller, uint32_t max) {
    unsigned epoch = atomic_load_explicit(&unwind_epoch, memory_order_relaxed);
    struct cursor at = unwind_start(caller);
    if (trace->epoch != epoch || trace->hi != at.hi)
        trace->epoch = 0;
    trace->site_frames = trace->whole.epoch = 0;
    int count = follow(trace, at, max, max);
    if (count == FOLLOW_SHORT) {
        trace->epoch = 0;
        count = follow(trace, at, max, max + SLACK);
    }
    rest(trace, count != FOLLOW_ALONE && trace->changes->count * 2 < (uint32_t)count);
    if (count == FOLLOW_ALONE) {
        trace->epoch = 0;
        return site_alone(caller, max);
    }
    const uint64_t *frames = &trace->frames[trace->top];
    frames_check(frames, (size_t)count, max);
    count_cut(trace, (uint32_t)count);
    trace->site = site_intern_hashed(window_hash(trace, (uint32_t)count), frames, (size_t)count);
    trace->site_frames = trace->site ? (uint32_t)count : 0;
    trace->hi = at.hi;
    trace->epoch = epoch;
    if (trace->site)
        make_whole(trace, caller);
    return trace->site;
}

static __attribute__((noinline)) struct trace *trace_make(struct traces **traces, size_t class) {
    if (!*traces && !(*traces = pages_alloc(sizeof **traces)))
        return NULL;
    struct trace *trace = pages_alloc(sizeof *trace);
    if (!trace)
        return NULL;
    trace->changes = &(*traces)->changes;
    trace->top = LEVELS;
    return (*traces)->of[class] = trace;
}

/* Is the whole stack as it was? Its words are compared with no thought of what to do when they differ. */
static inline int is_same(const struct whole *whole, const struct caller *caller) {
    uintptr_t differs = (whole->caller.pc ^ caller->pc) | (whole->caller.sp ^ caller->sp) |
                        ((whole->caller.bp ^ caller->bp) & whole->bp_mask) |
                        (whole->epoch ^ atomic_load_explicit(&unwind_epoch, memory_order_relaxed));
    return __builtin_expect(!differs, 1) && __builtin_expect(first_changed(whole->first, whole->end) == whole->end, 1);
}

/* The same where some words are not in links, or the stack was cut. */
static int is_same_slow(const struct trace *trace, const struct caller *caller, uint32_t max) {
    return trace->site_frames && trace->epoch == atomic_load_explicit(&unwind_epoch, memory_order_relaxed) &&
           stands_at(trace, trace->top, caller->pc, caller->sp, caller->bp) &&
           run_from(trace, trace->top, max) == trace->site_frames;
}

static __attribute__((noinline)) uint32_t site_again(struct traces **traces, size_t class, const struct caller *caller,
                                                     uint32_t max) {
    struct trace *trace = *traces ? (*traces)->of[class] : NULL;
    if (!trace && !(trace = trace_make(traces, class)))
        return 0;
    if (is_same_slow(trace, caller, max)) {
        frames_check(&trace->frames[trace->top], trace->site_frames, max);
        count_cut(trace, trace->site_frames);
        return trace->site;
    }
    if (!trace->rest)
        return site_changed(trace, *caller, max);
    trace->rest--;
    return site_alone(*caller, max);
}

/* Places that take turns, such as two calls that stand side by side, or one of a function that calls itself, must not share
 * a class. The low bits of addresses tell them apart better than a product would, whose high bits are often the same. */
static inline size_t class_of(const struct caller *caller) {
    uintptr_t mixed = caller->pc ^ caller->sp >> 4;
    return (mixed ^ mixed >> 4 ^ mixed >> 8) % TRACES;
}

uint32_t trace_site(struct traces **traces, const struct caller *caller, uint32_t max) {
    size_t class = class_of(caller);
    const struct trace *trace = *traces ? (*traces)->of[class] : NULL;
    if (__builtin_expect(!trace || !is_same(&trace->whole, caller), 0))
        return site_again(traces, class, caller, max);
    frames_check(&trace->frames[trace->top], trace->site_frames, max);
    return trace->whole.site;
}
