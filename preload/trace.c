/* trace.c - which of a thread's last stacks the present one is, or is like.
 *
 * Owns:    struct traces.
 * Never:   walks what is known.
 * Start:   trace_site(). Invariants: README.md, "Stacks". */
#include "trace.h"

#include "frames_check.h"
#include "pages.h"
#include "whole.h"

enum {
    TRACES = 8, /* a thread keeps levels for so many classes of places that call */
    SETS = 32,  /* and whole stacks for so many, */
    WAYS = 4,   /* of each class so many */
    REST_MAX = 31,
    WALKS_AFTER_FORK = 512, /* these take about as long as to copy the pages */
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

struct set {
    struct whole way[WAYS];
};

/* What changes with nearly every stack stands together: after a fork each page that is written to is copied. */
struct traces {
    struct whole *last[SETS];               /* that was met, of each set */
    unsigned oldest[SETS];                  /* way to give up next */
    struct rest rest[SETS];                 /* of looking at other ways than the last */
    struct levels *levels[TRACES];          /* NULL: not used yet */
    struct rest walks_alone[TRACES];        /* of stacks that differ much: they are walked as if there were no levels */
    uint64_t power[CAPTURE_FRAMES_MAX + 1]; /* of SITE_HASH_BASE */
    struct changes changes;
    struct set set[SETS];
};

/* A forked child begins with traces that are its parent's, and mostly ends before they are worth the pages that it would
 * write to: its only thread walks each stack by itself at first. */
static struct {
    struct traces **of_thread; /* which has none meanwhile; NULL: nothing rests */
    struct traces *traces;
    uint32_t walks_left;
} resting;

static uint32_t site_alone(struct caller caller, uint32_t max) {
    uint64_t frames[CAPTURE_FRAMES_MAX];
    size_t count = unwind_capture(caller, frames, max);
    frames_check(frames, count, max);
    return site_intern(frames, count);
}

/* While a module is being closed: what lies in its place now may be another, with equal addresses. */
static __attribute__((noinline)) uint32_t site_anew(struct caller caller, uint32_t max) {
    uint64_t frames[CAPTURE_FRAMES_MAX];
    size_t count = unwind_capture_anew(caller, frames, max);
    frames_check(frames, count, max);
    site_modules_on_stack(frames, count);
    return site_intern(frames, count);
}

static uint64_t hash_of(const struct traces *traces, const struct levels *levels, uint32_t count) {
    return levels->hash[levels->top] - levels->hash[levels->top + count] * traces->power[count];
}

/* The stack above `caller`, by what is known of others. whole: where it is kept, if it can be */
static uint32_t site_by_levels(struct traces *traces, size_t class, struct caller caller, uint32_t max,
                               struct whole *whole) {
    struct levels *levels = traces->levels[class % TRACES];
    int count = levels_walk(levels, caller, max);
    int was_useful = count != LEVELS_ALONE && traces->changes.count * 2 < (uint32_t)count;
    rest_after(&traces->walks_alone[class % TRACES], was_useful);
    if (count == LEVELS_ALONE)
        return site_alone(caller, max);
    const uint64_t *frames = &levels->frames[levels->top];
    frames_check(frames, (size_t)count, max);
    if (__builtin_expect(levels_end_cut(levels, (uint32_t)count), 0))
        unwind_count_cut();
    whole_make(whole, levels, caller, (uint32_t)count, max);
    whole->hash = hash_of(traces, levels, (uint32_t)count);
    whole->site = site_intern_hashed(whole->hash, frames, (size_t)count);
    if (!whole->site)
        whole->epoch = 0;
    return whole->site;
}

/* The present stack, by one that seems to be of its shape and is the same up to at[first].
 * returns  0: it is of another shape, or there is no memory; then the whole holds nothing */
static uint32_t site_by_shape(const struct traces *traces, struct whole *whole, size_t first, uint32_t max) {
    uint64_t buffer[CAPTURE_FRAMES_MAX];
    whole->site = 0;
    if (whole_adapt(whole, first, traces->power) == 0) {
        const uint64_t *frames = whole_frames(whole, buffer);
        frames_check(frames, whole->frames, max);
        whole->site = site_intern_hashed(whole->hash, frames, whole->frames);
    }
    if (!whole->site)
        whole->epoch = 0;
    return whole->site;
}

static struct levels *levels_of(struct traces *traces, size_t class) {
    struct levels **place = &traces->levels[class % TRACES];
    if (!*place && (*place = pages_alloc_table(sizeof **place))) {
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
        if (&set->way[way] != traces->last[class] && whole_is_same(&set->way[way], caller))
            found = &set->way[way];
    rest_after(&traces->rest[class], found != NULL);
    return found;
}

/* One of this class that begins where the present stack does; or NULL. */
static struct whole *way_from(struct traces *traces, size_t class, const struct caller *caller) {
    if (whole_begins_at(traces->last[class], caller))
        return traces->last[class];
    for (unsigned way = 0; way < WAYS; way++)
        if (whole_begins_at(&traces->set[class].way[way], caller))
            return &traces->set[class].way[way];
    return NULL;
}

static __attribute__((noinline)) uint32_t site_not_last(struct traces *traces, size_t class,
                                                        const struct caller *caller, uint32_t max) {
    if (__builtin_expect(atomic_load_explicit(&unwind_epoch, memory_order_acquire) & 1, 0))
        return site_anew(*caller, max);
    struct set *set = &traces->set[class];
    int looks = !rests(&traces->rest[class]);
    struct whole *whole = looks ? other_way(traces, class, caller) : NULL;
    if (whole) {
        traces->last[class] = whole;
        frames_check_site(whole->site, max);
        return whole->site;
    }
    struct whole *like = way_from(traces, class, caller);
    size_t first = 0;
    int is_alike = like && whole_seems_alike(like, &first);
    traces->last[class] = whole = like && !looks ? like : &set->way[traces->oldest[class]++ % WAYS];
    if (is_alike && whole != like)
        whole_copy(whole, like);
    uint32_t site = is_alike ? site_by_shape(traces, whole, first, max) : 0;
    if (site)
        return site;
    struct levels *levels = levels_of(traces, class);
    if (!levels || rests(&traces->walks_alone[class % TRACES]))
        return site_alone(*caller, max);
    return site_by_levels(traces, class, *caller, max, whole);
}

static __attribute__((noinline)) struct traces *traces_make(void) {
    struct traces *traces = pages_alloc_table(sizeof *traces);
    for (size_t class = 0; traces && class < SETS; class ++)
        traces->last[class] = &traces->set[class].way[0];
    for (size_t i = 0; traces && i <= CAPTURE_FRAMES_MAX; i++)
        traces->power[i] = i ? traces->power[i - 1] * SITE_HASH_BASE : 1;
    return traces;
}

void trace_after_fork(struct traces **of_thread) {
    if (*of_thread) {
        resting.of_thread = of_thread;
        resting.traces = *of_thread;
    }
    resting.walks_left = WALKS_AFTER_FORK;
    *of_thread = NULL;
}

void trace_forget_resting(void) {
    resting.of_thread = NULL;
}

static __attribute__((noinline)) int walks_alone(struct traces **of_thread) {
    return resting.of_thread == of_thread && resting.walks_left && resting.walks_left--;
}

static __attribute__((noinline)) uint32_t site_of_young(struct caller caller, uint32_t max) {
    int is_closing = atomic_load_explicit(&unwind_epoch, memory_order_acquire) & 1;
    return is_closing ? site_anew(caller, max) : site_alone(caller, max);
}

static __attribute__((noinline)) struct traces *traces_begin(struct traces **of_thread) {
    int rested = resting.of_thread == of_thread;
    *of_thread = rested ? resting.traces : traces_make();
    if (rested)
        resting.of_thread = NULL;
    return *of_thread;
}

/* Places that take turns, such as two calls that stand side by side, or one of a function that calls itself, must not share
 * a class. The low bits of addresses tell them apart better than a product would, whose high bits are often the same. */
static inline size_t class_of(const struct caller *caller) {
    uintptr_t mixed = caller->pc ^ caller->sp >> 4;
    return (mixed ^ mixed >> 5 ^ mixed >> 10) % SETS;
}

uint32_t trace_site(struct traces **of_thread, const struct caller *caller, uint32_t max) {
    struct traces *traces = *of_thread;
    if (__builtin_expect(!traces, 0)) {
        if (walks_alone(of_thread))
            return site_of_young(*caller, max);
        if (!(traces = traces_begin(of_thread)))
            return 0;
    }
    size_t class = class_of(caller);
    const struct whole *last = traces->last[class];
    if (__builtin_expect(!whole_is_same(last, caller), 0))
        return site_not_last(traces, class, caller, max);
    frames_check_site(last->site, max);
    return last->site;
}
