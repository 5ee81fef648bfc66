/* levels.c - walks that begin anew only where the stack has changed.
 *
 * Owns:    nothing; the levels are the caller's.
 * Never:   guesses: a frame is taken over when the registers that its step depends on and the words that it reads are
 *          the same as when it was walked.
 * Start:   levels_walk(), then follow(). Invariants: README.md, "Stacks". */
#include "levels.h"

#include "contexts.h"

/* Stands for the place in levels->next_at of a step that reads more. Is 0: no frame is, so the short comparison stops. */
static const uint64_t no_address;

static uintptr_t word_at(uintptr_t address) {
    return *(const uintptr_t *)address;
}

/* ---- taking over what is known ---- */

static inline int stands_at(const struct levels *levels, uint32_t level, uintptr_t pc, uintptr_t sp, uintptr_t bp) {
    const struct step *step = &levels->steps[level];
    return step->sp == sp && levels->frames[level] == pc && (!(step->flags & LEVEL_BP_NEEDED) || step->bp == bp);
}

/* Does a level whose step reads several words still lead to the next one? */
static __attribute__((noinline)) int leads_on(const struct levels *levels, uint32_t level) {
    const struct step *step = &levels->steps[level];
    if (step->flags & STEP_CFA_WORD && word_at(step->sp + step->cfa_word) + (uintptr_t)step->cfa_add != step[1].sp)
        return 0;
    if (word_at(step->sp + step->ra) != levels->frames[level + 1])
        return 0;
    return !(step->flags & LEVEL_BP_CHECKED) || word_at(step->sp + step->saved_bp) == step[1].bp;
}

/* How many levels from this one on, itself included, are right, when it is; stops at `wanted`. */
static __attribute__((noinline)) uint32_t run_from(const struct levels *levels, uint32_t level, uint32_t wanted) {
    size_t end = level + (wanted < LEVELS - level ? wanted : LEVELS - level) - 1, at = level;
    while ((at = levels_first_changed(levels->next_at, levels->frames + 1, at, end)) < end &&
           levels->next_at[at] == &no_address && leads_on(levels, (uint32_t)at))
        at++;
    return (uint32_t)at - level + 1;
}

/* ---- what has changed ---- */

/* The first `count` levels from `level` on stay, but not in their place; `at` goes on behind them. */
static void set_aside(struct levels *levels, uint32_t level, uint32_t count, struct cursor *at) {
    struct level *changed = &levels->changes->level[levels->changes->count], *end = changed + count;
    const struct step *step = &levels->steps[level];
    const uint64_t *frame = &levels->frames[level];
    uintptr_t bp = at->bp;
    for (; changed < end; changed++, step++, frame++) {
        changed->pc = *frame;
        changed->step = *step;
        changed->step.bp = bp;
        if (step->flags & STEP_BP_SAVED)
            bp = word_at(step->sp + step->saved_bp);
    }
    levels->changes->count += count;
    *at = (struct cursor){.pc = *frame, .sp = step->sp, .bp = bp, .hi = at->hi};
}

/* The flags of a level's step, by its own ones and the next level's LEVEL_BP_NEEDED. */
#define FLAGS_OF(own, needed)                                                                                          \
    ((own) | ((own)&STEP_BP_USED ? LEVEL_BP_NEEDED : 0) |                                                              \
     ((needed) ? ((own)&STEP_BP_SAVED ? LEVEL_BP_CHECKED : LEVEL_BP_NEEDED) : 0))
#define FLAGS_OF_4(own, needed)                                                                                        \
    FLAGS_OF(own, needed), FLAGS_OF((own) + 1, needed), FLAGS_OF((own) + 2, needed), FLAGS_OF((own) + 3, needed)
static const uint8_t flags_of[] = {FLAGS_OF_4(0, 0), FLAGS_OF_4(4, 0), FLAGS_OF_4(0, 1), FLAGS_OF_4(4, 1)};
_Static_assert(sizeof flags_of == 16 && LEVEL_BP_NEEDED == 8,
               "one for each of a step's own flags, with it and without");

/* Put what has changed before `level`. */
static inline __attribute__((always_inline)) void commit(struct levels *levels, uint32_t level) {
    unsigned flags = level < LEVELS ? levels->steps[level].flags : levels->complete ? 0 : LEVEL_BP_NEEDED;
    uint64_t hash = levels->hash[level];
    uint32_t special = levels->special[level];
    levels->named = levels->named > level ? levels->named : level;
    const struct level *first = levels->changes->level, *changed = first + levels->changes->count;
    struct step *step = &levels->steps[level];
    size_t i = level;
    while (changed > first) {
        changed--, step--, i--;
        uint64_t pc = changed->pc;
        const uint64_t *ra_at = (const uint64_t *)(changed->step.sp + changed->step.ra);
        flags = flags_of[(changed->step.flags & (STEP_FLAGS_OWN - 1)) | (flags & LEVEL_BP_NEEDED)];
        *step = changed->step;
        step->flags = (uint16_t)flags;
        if ((flags & (STEP_CFA_WORD | LEVEL_BP_CHECKED)) | ((uintptr_t)ra_at % sizeof *ra_at)) {
            ra_at = &no_address;
            special++;
        }
        levels->next_at[i] = ra_at;
        levels->special[i] = special;
        levels->frames[i] = pc;
        levels->hash[i] = hash = site_hash_step(hash, pc);
    }
    levels->top = (uint32_t)i;
}

static __attribute__((noinline)) void end_at(struct levels *levels, int complete, int cut) {
    levels->complete = complete;
    levels->cut = cut;
    commit(levels, LEVELS);
}

/* Bring the levels up to date for a walk from `at`, whose stack they are of.
 * limit    frames to walk at most, >= CAPTURE_FRAMES_MAX
 * returns  how many of at most CAPTURE_FRAMES_MAX frames there are; FOLLOW_SHORT: nothing is known beyond the last level; or
 *          LEVELS_ALONE: this stack can't be kept */
enum { FOLLOW_SHORT = 0 };
static inline __attribute__((always_inline)) int follow(struct levels *levels, struct cursor *at, uint32_t limit) {
    const uint32_t max = CAPTURE_FRAMES_MAX;
    const struct known_frames frames = {levels->frames, levels->steps};
    struct changes *changes = levels->changes;
    uint32_t known = levels->epoch ? levels->top : LEVELS;
    changes->count = 0;
    for (;;) {
        while (levels->steps[known].sp < at->sp)
            known++;
        if (stands_at(levels, known, at->pc, at->sp, at->bp)) {
            uint32_t wanted = max - changes->count, run = run_from(levels, known, wanted);
            int to_the_end = known + run == LEVELS;
            if (run == wanted || (to_the_end && levels->complete)) {
                if (known < changes->count)
                    return FOLLOW_SHORT;
                commit(levels, known);
                return (int)(changes->count + run);
            }
            if (to_the_end)
                return FOLLOW_SHORT;
            set_aside(levels, known, run - 1, at);
            known += run;
        }
        uint32_t steps = unwind_steps(at, &changes->level[changes->count], limit - 1 - changes->count, frames, &known);
        changes->count += steps;
        if (steps > 0)
            continue;
        struct level *level = &changes->level[changes->count++];
        level->pc = at->pc;
        if (changes->count == limit) {
            level->step = (struct step){.sp = at->sp, .bp = at->bp};
            break;
        }
        enum unwind_step result = unwind_step(at, &level->step);
        if (result == STEP_END || result == STEP_CUT) {
            end_at(levels, 1, result == STEP_CUT);
            return (int)(changes->count < max ? changes->count : max);
        }
        if (result == STEP_ALONE)
            return LEVELS_ALONE;
    }
    end_at(levels, 0, 0);
    return (int)max;
}

void levels_init(struct levels *levels, struct changes *changes) {
    levels->changes = changes;
    levels->top = LEVELS;
    levels->steps[LEVELS].sp = UNWIND_SP_END;
}

/* The levels end too soon: walk anew, some frames more than those asked for. */
static __attribute__((noinline)) int follow_all(struct levels *levels, const struct caller *caller) {
    struct cursor at = unwind_start(caller);
    levels->epoch = 0;
    return follow(levels, &at, CAPTURE_FRAMES_MAX + LEVELS_SLACK);
}

int levels_walk(struct levels *levels, const struct caller *caller) {
    unsigned epoch = atomic_load_explicit(&unwind_epoch, memory_order_acquire);
    struct cursor at = unwind_start(caller);
    if (__builtin_expect(levels->epoch != epoch || levels->hi != at.hi, 0))
        levels->epoch = 0;
    levels->hi = at.hi;
    int count = follow(levels, &at, CAPTURE_FRAMES_MAX);
    if (__builtin_expect(count == FOLLOW_SHORT, 0))
        count = follow_all(levels, caller);
    levels->epoch = count == LEVELS_ALONE || epoch & 1 ? 0 : epoch;
    return count;
}

static uint32_t unnamed(const struct levels *levels) {
    return levels->named > levels->top ? levels->named - levels->top : 1;
}

/* Its site was not found in the tree. It goes there when it comes a second time: many come once. */
static __attribute__((noinline)) uint32_t site_entered(struct levels *levels, uint32_t count, uint64_t hash) {
    uint32_t top = levels->top, sites = site_count(), site = site_intern_hashed(hash, levels->frames + top, count);
    if (site && site <= sites &&
        contexts_enter(levels->frames + top, levels->hash + top, levels->node + top, unnamed(levels), site) == 0)
        levels->named = top;
    return site;
}

/* Only whole stacks are in the tree: the nodes of others would depend on where they end. */
uint32_t levels_site(struct levels *levels, uint32_t count, uint64_t hash) {
    uint32_t top = levels->top;
    if (__builtin_expect(!levels->complete || top + count != LEVELS, 0))
        return site_intern_hashed(hash, levels->frames + top, count);
    uint32_t site = contexts_site(levels->frames + top, levels->hash + top, levels->node + top, unnamed(levels));
    if (__builtin_expect(!site, 0))
        return site_entered(levels, count, hash);
    levels->named = top;
    return site;
}
