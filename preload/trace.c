/* trace.c - which of a thread's last stacks the present one is, or is like.
 *
 * Owns:    struct traces.
 * Never:   walks what is known.
 * Start:   trace_site(). Invariants: README.md, "Stacks". */
#include "trace.h"

#include <string.h>

#include "family_number.h"
#include "frames_check.h"
#include "pages.h"

enum {
    SETS = 32, /* a thread keeps whole stacks for so many classes of places that call, */
    CLASS_SHIFT = 64 - 5,
    WAYS = 4,   /* of each class so many */
    MOVING = 4, /* stacks that are looked for wherever they lie */
    MOVING_SHIFT = 64 - 2,
    KEPT_OF = 4, /* where all ways are taken, one of so many new stacks is kept */
    PROBES = 2,
    GUESSES = 64,
    GUESS_SHIFT = 64 - 6,
    REST_MAX = 31,
    OTHER_WAY_TIMES = 2,
    ADAPT_TIMES = 5,
    WISHES_MAX = 1 << 10,
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

/* A word that tells ways apart, by where it stands on the page of the call's own return address: that page can be read,
 * whatever stack this is. */
struct probe {
    uint64_t factor; /* 0: no word was found yet */
    size_t offset;   /* bytes, a multiple of 8 */
};

/* Calls that take turns, such as two of operator new in one function, stand at the same place with the same stack pointer.
 * Words further up tell them apart; by these the right way is guessed, most often. */
struct guesses {
    struct whole *ways; /* of the set */
    struct whole *last; /* that was met: what is guessed while there is no probe, as soon as can be */
    struct probe probe[PROBES];
    unsigned oldest;      /* probe to give up next */
    unsigned oldest_way;  /* of the set, to give up next */
    unsigned refused;     /* stacks that might have been kept */
    struct rest rest;     /* of looking at other ways than the guessed one */
    uint64_t missed;      /* of the last eight calls that no way begins with, a byte each */
    uint8_t way[GUESSES]; /* that was right the last time, by the probes' words */
};

/* What changes with nearly every stack stands together: after a fork each page that is written to is copied. */
struct traces {
    struct guesses guesses[SETS];
    struct levels *levels;   /* NULL: not used yet */
    struct rest walks_alone; /* of stacks that differ much: they are walked as if there were no levels */
    struct changes changes;
    uint64_t power[CAPTURE_FRAMES_MAX + 1]; /* of SITE_HASH_BASE */
    struct rest keeps_moving;               /* of keeping a stack in moving[] */
    struct whole moving[MOVING];            /* the same wherever they lie, by where they were called from */
    struct set set[SETS];
    struct families families;
};

/* A forked child begins with traces that are its parent's, and mostly ends before they are worth the pages that it would
 * write to: its only thread walks each stack by itself at first. */
static struct {
    struct traces **of_thread; /* which has none meanwhile; NULL: nothing rests */
    struct traces *traces;
    uint32_t walks_left;
} resting;

static uint32_t site_alone(struct caller caller) {
    uint64_t frames[CAPTURE_FRAMES_MAX];
    size_t count = unwind_capture(caller, frames, CAPTURE_FRAMES_MAX);
    frames_check(frames, count);
    return site_intern(frames, count);
}

/* While a module is being closed: what lies in its place now may be another, with equal addresses. */
static __attribute__((noinline)) uint32_t site_anew(struct caller caller) {
    uint64_t frames[CAPTURE_FRAMES_MAX];
    size_t count = unwind_capture_anew(caller, frames, CAPTURE_FRAMES_MAX);
    frames_check(frames, count);
    site_modules_on_stack(frames, count);
    return site_intern(frames, count);
}

static uint64_t hash_of(const struct traces *traces, const struct levels *levels, uint32_t count) {
    return levels->hash[levels->top] - levels->hash[levels->top + count] * traces->power[count];
}

/* The stack above `caller`, by what is known of others. whole: where it is kept, if it can be; NULL: nowhere */
static uint32_t site_by_levels(struct traces *traces, const struct caller *caller, struct whole *whole) {
    struct levels *levels = traces->levels;
    int count = levels_walk(levels, caller);
    int was_useful = count != LEVELS_ALONE && traces->changes.count * 2 < (uint32_t)count;
    rest_after(&traces->walks_alone, was_useful);
    if (count == LEVELS_ALONE)
        return site_alone(*caller);
    frames_check(&levels->frames[levels->top], (size_t)count);
    if (__builtin_expect(levels_end_cut(levels, (uint32_t)count), 0))
        unwind_count_cut();
    uint64_t hash = hash_of(traces, levels, (uint32_t)count);
    uint32_t site = levels_site(levels, (uint32_t)count, hash);
    if (site)
        frames_check_site(site);
    if (whole && site) {
        whole_make(whole, levels, *caller, (uint32_t)count);
        whole->hash = hash;
        whole->site = site;
    }
    return site;
}

/* The present stack, by one that seems to be of its shape and is the same up to at[first].
 * returns  0: it is of another shape, or there is no memory; then the whole holds nothing */
static uint32_t site_by_shape(struct traces *traces, struct whole *whole, size_t first) {
    uint64_t buffer[CAPTURE_FRAMES_MAX];
    whole->site = 0;
    if (whole_adapt(whole, first, traces->power) == 0) {
        const uint64_t *frames = whole_frames(whole, buffer);
        frames_check(frames, whole->frames);
        whole->site = site_intern_hashed(whole->hash, frames, whole->frames);
    }
    if (!whole->site)
        whole->epoch = 0;
    return whole->site;
}

static struct levels *levels_of(struct traces *traces) {
    if (!traces->levels && (traces->levels = pages_alloc_table(sizeof *traces->levels)))
        levels_init(traces->levels, &traces->changes);
    return traces->levels;
}

/* ---- which of a class ---- */

/* Its high bits tell places apart that take turns, such as two calls that stand side by side, or one of a function that
 * calls itself: addresses a constant apart are spread evenly by this factor. */
static inline uint64_t key_of(const struct caller *caller) {
    return (caller->pc + (caller->sp << 16)) * SITE_HASH_BASE;
}
static inline size_t class_of(const struct caller *caller) {
    return key_of(caller) >> CLASS_SHIFT;
}

static inline const uint64_t *own_word(const struct caller *caller) {
    return (const uint64_t *)caller->sp - 1;
}
static inline uintptr_t own_page(const struct caller *caller) {
    return (caller->sp - sizeof(uintptr_t)) & ~(uintptr_t)(WHOLE_PAGE_BYTES - 1);
}

/* Where the guess for this call stands. */
static inline uint8_t *guess_for(struct guesses *guesses, const struct caller *caller) {
    uintptr_t page = own_page(caller);
    uint64_t mixed = key_of(caller);
    for (size_t i = 0; i < PROBES; i++)
        mixed += *(const uint64_t *)(page + guesses->probe[i].offset) * guesses->probe[i].factor;
    return &guesses->way[mixed >> GUESS_SHIFT];
}

static inline struct whole *guess(struct traces *traces, size_t class, const struct caller *caller) {
    struct guesses *guesses = &traces->guesses[class];
    if (!guesses->probe[0].factor)
        return guesses->last;
    return guesses->ways + *guess_for(guesses, caller);
}
static inline void guess_note(struct guesses *guesses, const struct caller *caller, struct whole *whole, unsigned way) {
    guesses->last = whole;
    *guess_for(guesses, caller) = (uint8_t)way;
}

/* Ways that begin alike differ at `word`: next time this may help. */
static void probe_add(struct guesses *guesses, const struct caller *caller, const uint64_t *word) {
    size_t offset = (uintptr_t)word - own_page(caller);
    if (offset >= WHOLE_PAGE_BYTES)
        return;
    for (size_t i = 0; i < PROBES; i++)
        if (guesses->probe[i].factor && guesses->probe[i].offset == offset)
            return;
    unsigned i = guesses->oldest++ % PROBES;
    guesses->probe[i] = (struct probe){SITE_HASH_BASE << 2 * i, offset};
}

/* The present stack was met before, and was taken for `guessed`. */
static void guess_better(struct guesses *guesses, const struct caller *caller, const struct whole *guessed) {
    size_t i = whole_begins_at(guessed, caller) ? whole_first_changed(guessed) : guessed->words;
    if (i < guessed->words)
        probe_add(guesses, caller, guessed->at[i]);
}

/* How many ways of the class were ever taken: the others, which no page may be there for yet, are not looked at. */
static inline unsigned ways_taken(const struct guesses *guesses) {
    return guesses->oldest_way < WAYS ? guesses->oldest_way : WAYS;
}

/* One of this class that begins where the present stack does; or NULL. */
static struct whole *way_from(struct traces *traces, size_t class, const struct caller *caller, struct whole *guessed) {
    struct set *set = &traces->set[class];
    if (whole_begins_at(guessed, caller))
        return guessed;
    unsigned ways = ways_taken(&traces->guesses[class]);
    for (unsigned way = 0; way < ways; way++)
        if (whole_begins_at(&set->way[way], caller))
            return &set->way[way];
    return NULL;
}

/* No way begins with this call. Has it come lately? One that comes once, as each of a deep recursion does, is not worth to be
 * kept whole. */
static int comes_again(struct guesses *guesses, const struct caller *caller) {
    const uint64_t each = 0x0101010101010101;
    uint64_t tag = key_of(caller) >> (CLASS_SHIFT - 8) & 0xff, differs = guesses->missed ^ each * tag;
    guesses->missed = guesses->missed << 8 | tag;
    return ((differs - each) & ~differs & each << 7) != 0;
}

/* May one more be kept? Where more stacks than there are ways come in turn, each would drive out the next one to come, and
 * none would ever be met: so most stay. */
static int may_drive_out(struct guesses *guesses) {
    return guesses->oldest_way < WAYS || guesses->refused++ % KEPT_OF == 0;
}

static struct whole *way_next(struct traces *traces, const struct caller *caller) {
    size_t class = class_of(caller);
    struct set *set = &traces->set[class];
    struct guesses *guesses = &traces->guesses[class];
    unsigned way = guesses->oldest_way++ % WAYS;
    guess_note(guesses, caller, &set->way[way], way);
    return &set->way[way];
}

/* ---- of a family ---- */

/* What is kept of the class and begins where the present stack does is of no use any more if it is one of a family: these are
 * told apart by number, and words up the stack that told ways apart need not be read. */
static void give_up(struct traces *traces, const struct caller *caller) {
    size_t class = class_of(caller);
    struct whole *way = traces->set[class].way;
    unsigned ways = ways_taken(&traces->guesses[class]);
    for (unsigned i = 0; i < ways; i++)
        if (whole_begins_at(&way[i], caller) && families_have_like(&traces->families, &way[i])) {
            way[i].epoch = 0;
            memset(traces->guesses[class].probe, 0, sizeof traces->guesses[class].probe);
        }
}

static uint32_t site_of_family(struct traces *traces, const struct caller *caller) {
    uint32_t site = families_site(&traces->families, caller);
    if (site)
        frames_check_site(site);
    else
        site = families_site_of_new(&traces->families, caller);
    if (site)
        give_up(traces, caller);
    return site;
}

/* The present stack is this whole now, and was taken for another one.
 * times  as much longer than what a family takes did it take to see that, than a family takes longer than the first guess */
static void wish_for_family(struct traces *traces, const struct caller *caller, const struct whole *whole, int times) {
    size_t class = class_of(caller);
    struct whole *way = traces->set[class].way;
    unsigned ways = ways_taken(&traces->guesses[class]);
    for (unsigned i = 0; i < ways; i++)
        if (whole_begins_at(&way[i], caller)) {
            times -= way[i].hits < WISHES_MAX ? (int)way[i].hits : WISHES_MAX;
            way[i].hits = 0;
        }
    if (families_wish(&traces->families, whole, times))
        give_up(traces, caller);
}

/* ---- */

/* The site of the present stack, if it is this one; or 0 */
static uint32_t site_if_same(const struct whole *whole, const struct caller *caller) {
    return whole_is_same(whole, caller) ? whole->site : 0;
}

/* Another stack of the class was met before and is the present one; it is guessed next time. returns 0: there is none */
static uint32_t site_by_other_way(struct traces *traces, const struct caller *caller, const struct whole *guessed) {
    size_t class = class_of(caller);
    struct set *set = &traces->set[class];
    struct guesses *guesses = &traces->guesses[class];
    uint32_t site = 0;
    unsigned ways = ways_taken(guesses);
    for (unsigned way = 0; way < ways && !site; way++)
        if (&set->way[way] != guessed && (site = site_if_same(&set->way[way], caller))) {
            guess_better(guesses, caller, guessed);
            guess_note(guesses, caller, &set->way[way], way);
            wish_for_family(traces, caller, &set->way[way], OTHER_WAY_TIMES);
        }
    rest_after(&guesses->rest, site != 0);
    return site;
}

/* ---- of a deep recursion ---- */

static inline struct whole *moving_for(struct traces *traces, const struct caller *caller) {
    return &traces->moving[caller->pc * SITE_HASH_BASE >> MOVING_SHIFT];
}

/* All levels of a recursion that is deeper than stacks are kept have the same one, each elsewhere.
 * returns  0: this is none that is known */
static uint32_t site_if_moved(struct traces *traces, const struct caller *caller) {
    struct whole *whole = moving_for(traces, caller);
    if (whole->caller.pc != caller->pc || whole->epoch != atomic_load_explicit(&unwind_epoch, memory_order_relaxed) ||
        !unwind_is_on_stack(caller->sp, whole_span(whole)) || !whole_is_same_moved(whole, caller))
        return 0;
    traces->keeps_moving = (struct rest){0};
    return whole->site;
}

/* Where a stack may be kept that is likely to come elsewhere, or nowhere; NULL: nowhere. */
static struct whole *moving_next(struct traces *traces, const struct caller *caller) {
    if (rests(&traces->keeps_moving))
        return NULL;
    rest_after(&traces->keeps_moving, 0);
    return moving_for(traces, caller);
}

static __attribute__((noinline)) uint32_t site_not_guessed(struct traces *traces, const struct caller *caller,
                                                           struct whole *guessed) {
    if (__builtin_expect(atomic_load_explicit(&unwind_epoch, memory_order_acquire) & 1, 0))
        return site_anew(*caller);
    uint32_t site;
    if (families_near(&traces->families, caller->sp) && (site = site_of_family(traces, caller)))
        return site;
    size_t class = class_of(caller), first;
    struct guesses *guesses = &traces->guesses[class];
    struct whole *like = way_from(traces, class, caller, guessed), *whole = NULL;
    if (like) {
        int looks = !rests(&guesses->rest);
        if (looks && (site = site_by_other_way(traces, caller, guessed))) {
            frames_check_site(site);
            return site;
        }
        int is_alike = whole_seems_alike(like, &first);
        whole = looks ? way_next(traces, caller) : like;
        if (is_alike && whole != like)
            whole_copy(whole, like);
        site = is_alike ? site_by_shape(traces, whole, first) : 0;
        if (site) {
            wish_for_family(traces, caller, whole, ADAPT_TIMES);
            return site;
        }
    } else if (comes_again(guesses, caller) && may_drive_out(guesses))
        whole = way_next(traces, caller);
    struct levels *levels = levels_of(traces);
    if (!levels || rests(&traces->walks_alone))
        return site_alone(*caller);
    struct whole *moving = like || whole ? NULL : moving_next(traces, caller);
    site = site_by_levels(traces, caller, moving ? moving : whole);
    if (moving && !whole_can_move(moving))
        moving->epoch = 0;
    return site;
}

static __attribute__((noinline)) struct traces *traces_make(void) {
    static struct whole none; /* for all classes, so that no page of a class is needed before it has a stack */
    struct traces *traces = pages_alloc_table(sizeof *traces);
    for (size_t class = 0; traces && class < SETS; class ++) {
        traces->guesses[class].last = &none;
        traces->guesses[class].ways = traces->set[class].way;
    }
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

static __attribute__((noinline)) uint32_t site_of_young(struct caller caller) {
    int is_closing = atomic_load_explicit(&unwind_epoch, memory_order_acquire) & 1;
    return is_closing ? site_anew(caller) : site_alone(caller);
}

static __attribute__((noinline)) struct traces *traces_begin(struct traces **of_thread) {
    int rested = resting.of_thread == of_thread;
    *of_thread = rested ? resting.traces : traces_make();
    if (rested)
        resting.of_thread = NULL;
    return *of_thread;
}

/* The thread's first one. */
static __attribute__((noinline)) uint32_t site_first(struct traces **of_thread, uintptr_t pc, uintptr_t sp,
                                                     uintptr_t bp) {
    if (walks_alone(of_thread))
        return site_of_young((struct caller){pc, sp, bp});
    return traces_begin(of_thread) ? trace_site_above(of_thread, pc, sp, bp) : 0;
}

static __attribute__((noinline)) uint32_t site_elsewhere(struct traces *traces, const struct caller *caller,
                                                         struct whole *guessed) {
    uint32_t site = site_if_moved(traces, caller);
    if (!site)
        return site_not_guessed(traces, caller, guessed);
    frames_check_site(site);
    return site;
}

static __attribute__((noinline)) uint32_t site_near_family(struct traces *traces, const struct caller *caller,
                                                           struct whole *guessed) {
    uint32_t site = families_site(&traces->families, caller);
    if (__builtin_expect(!site, 0))
        return site_elsewhere(traces, caller, guessed);
    frames_check_site(site);
    return site;
}

/* What comes now and then is given the caller in registers, each where it is: what most calls take needs no place for it in
 * memory. */

/* The guessed stack does not begin where the present one does. */
static __attribute__((noinline)) uint32_t site_begins_else(struct traces *traces, uintptr_t pc, uintptr_t sp,
                                                           uintptr_t bp, struct whole *guessed) {
    const struct caller caller = {pc, sp, bp};
    if (families_near(&traces->families, sp))
        return site_near_family(traces, &caller, guessed);
    return site_elsewhere(traces, &caller, guessed);
}

/* It does, and is another one. */
static __attribute__((noinline)) uint32_t site_goes_else(struct traces *traces, uintptr_t pc, uintptr_t sp,
                                                         uintptr_t bp, struct whole *guessed) {
    return site_not_guessed(traces, &(struct caller){pc, sp, bp}, guessed);
}

static inline __attribute__((always_inline)) uint32_t site_by_guess(struct traces *traces, uintptr_t pc, uintptr_t sp,
                                                                    uintptr_t bp) {
    const struct caller caller = {pc, sp, bp};
    struct whole *guessed = guess(traces, class_of(&caller), &caller);
    if (__builtin_expect(!whole_begins_at(guessed, &caller), 0))
        return site_begins_else(traces, pc, sp, bp, guessed);
    if (__builtin_expect(whole_differs(guessed) != NULL, 0))
        return site_goes_else(traces, pc, sp, bp, guessed);
    guessed->hits++;
    frames_check_site(guessed->site);
    return guessed->site;
}

/* ---- where a family begins ---- */

static __attribute__((noinline)) uint32_t site_not_of_first(struct traces *traces, uintptr_t pc, struct family *family,
                                                            uintptr_t bp) {
    uintptr_t sp = family->sp;
    family->vain++;
    families_look_first(&traces->families, family);
    return site_by_guess(traces, pc, sp, bp);
}

static __attribute__((noinline)) uint32_t site_new_of_first(struct traces *traces, uintptr_t pc, struct family *family,
                                                            uintptr_t bp, uint32_t number) {
    uintptr_t sp = family->sp;
    uint32_t site = family_site_of_new(&traces->families, family, pc, number);
    return site ? site : site_by_guess(traces, pc, sp, bp);
}

static inline __attribute__((always_inline)) uint32_t site_of_first(struct traces *traces, uintptr_t pc,
                                                                    struct family *family, uintptr_t bp, int is_page) {
    uint32_t number;
    if (__builtin_expect(!family_number(family, pc, is_page, &number), 0))
        return site_not_of_first(traces, pc, family, bp);
    uint32_t site = family_known_site(family, number);
    if (__builtin_expect(!site, 0))
        return site_new_of_first(traces, pc, family, bp, number);
    frames_check_site(site);
    return site;
}

static __attribute__((noinline)) uint32_t site_of_first_runs(struct traces *traces, uintptr_t pc, struct family *family,
                                                             uintptr_t bp) {
    return site_of_first(traces, pc, family, bp, 0);
}

/* The family's sp is the present one. Most often it is a stack that is known, and nothing is called. */
static __attribute__((noinline)) uint32_t site_near_first(struct traces *traces, uintptr_t pc, struct family *family,
                                                          uintptr_t bp) {
    if (__builtin_expect(!family_begins_at(family, bp), 0))
        return site_not_of_first(traces, pc, family, bp);
    return family->runs == 1 ? site_of_first(traces, pc, family, bp, 1) : site_of_first_runs(traces, pc, family, bp);
}

/* ---- */

/* The rest stands elsewhere and is jumped to, so that registers need not be saved for it. */
uint32_t trace_site_above(struct traces **of_thread, uintptr_t pc, uintptr_t sp, uintptr_t bp) {
    struct traces *traces = *of_thread;
    if (__builtin_expect(!traces, 0))
        return site_first(of_thread, pc, sp, bp);
    const struct family_first *first = families_first(&traces->families, sp);
    if (first->sp == sp)
        return site_near_first(traces, pc, first->family, bp);
    return site_by_guess(traces, pc, sp, bp);
}
