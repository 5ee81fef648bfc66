/* levels.c - walks that begin anew only where the stack has changed.
 *
 * Owns:    nothing; the levels are the caller's.
 * Never:   guesses: a frame is taken over when the registers that its step depends on and the words that it reads are
 *          the same as when it was walked.
 * Start:   levels_walk(), then follow(). Invariants: README.md, "Stacks". */
#include "levels.h"

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
    for (uint32_t i = level; i < level + count; i++) {
        struct level *changed = &levels->changes->level[levels->changes->count++];
        *changed = (struct level){levels->frames[i], levels->steps[i]};
        changed->step.bp = at->bp;
        if (changed->step.flags & STEP_BP_SAVED)
            at->bp = word_at(changed->step.sp + changed->step.saved_bp);
    }
    at->pc = levels->frames[level + count];
    at->sp = levels->steps[level + count].sp;
}

/* The flags of a level's step. needed: the next level's LEVEL_BP_NEEDED */
static inline unsigned flags_of(unsigned own, unsigned needed) {
    own &= STEP_FLAGS_OWN - 1;
    if (own & STEP_BP_SAVED)
        own |= needed ? LEVEL_BP_CHECKED : 0;
    else
        own |= needed;
    return own & STEP_BP_USED ? own | LEVEL_BP_NEEDED : own;
}

/* Put what has changed before `level`. */
static void commit(struct levels *levels, uint32_t level) {
    unsigned needed = level < LEVELS     ? levels->steps[level].flags & LEVEL_BP_NEEDED
                      : levels->complete ? 0
                                         : LEVEL_BP_NEEDED;
    uint64_t hash = levels->hash[level];
    uint32_t special = levels->special[level];
    for (uint32_t i = levels->changes->count; i-- > 0;) {
        const struct level *changed = &levels->changes->level[i];
        level--;
        unsigned flags = flags_of(changed->step.flags, needed);
        needed = flags & LEVEL_BP_NEEDED;
        levels->steps[level] = changed->step;
        levels->steps[level].flags = (uint16_t)flags;
        const uint64_t *ra_at = (const uint64_t *)(changed->step.sp + changed->step.ra);
        int is_special = (flags & (STEP_CFA_WORD | LEVEL_BP_CHECKED)) != 0 || (uintptr_t)ra_at % sizeof *ra_at;
        levels->next_at[level] = is_special ? &no_address : ra_at;
        levels->special[level] = special += is_special;
        levels->frames[level] = changed->pc;
        levels->hash[level] = hash = site_hash_step(hash, changed->pc);
    }
    levels->top = level;
}

static void end_at(struct levels *levels, int complete, int cut) {
    levels->complete = complete;
    levels->cut = cut;
    commit(levels, LEVELS);
}

/* Bring the levels up to date for a walk from `at`, whose stack they are of.
 * limit    frames to walk at most, >= max
 * returns  how many of at most `max` frames there are; FOLLOW_SHORT: nothing is known beyond the last level; or
 *          LEVELS_ALONE: this stack can't be kept */
enum { FOLLOW_SHORT = 0 };
static int follow(struct levels *levels, struct cursor at, uint32_t max, uint32_t limit) {
    uint32_t known = levels->epoch ? levels->top : LEVELS;
    levels->changes->count = 0;
    for (;;) {
        while (known < LEVELS && levels->steps[known].sp < at.sp)
            known++;
        if (known < LEVELS && stands_at(levels, known, at.pc, at.sp, at.bp)) {
            uint32_t wanted = max - levels->changes->count, run = run_from(levels, known, wanted);
            int to_the_end = known + run == LEVELS;
            if (run == wanted || (to_the_end && levels->complete)) {
                if (known < levels->changes->count)
                    return FOLLOW_SHORT;
                int count = (int)(levels->changes->count + run);
                commit(levels, known);
                return count;
            }
            if (to_the_end)
                return FOLLOW_SHORT;
            set_aside(levels, known, run - 1, &at);
            known += run;
        }
        struct level *level = &levels->changes->level[levels->changes->count++];
        level->pc = at.pc;
        if (levels->changes->count == limit) {
            level->step = (struct step){.sp = at.sp, .bp = at.bp};
            break;
        }
        enum unwind_step result = unwind_step(&at, &level->step);
        if (result == STEP_END || result == STEP_CUT) {
            end_at(levels, 1, result == STEP_CUT);
            return (int)(levels->changes->count < max ? levels->changes->count : max);
        }
        if (result == STEP_ALONE)
            return LEVELS_ALONE;
    }
    end_at(levels, 0, 0);
    return (int)max;
}

int levels_walk(struct levels *levels, struct caller caller, uint32_t max) {
    unsigned epoch = atomic_load_explicit(&unwind_epoch, memory_order_acquire);
    struct cursor at = unwind_start(caller);
    if (levels->epoch != epoch || levels->hi != at.hi)
        levels->epoch = 0;
    int count = follow(levels, at, max, max);
    if (count == FOLLOW_SHORT) {
        levels->epoch = 0;
        count = follow(levels, at, max, max + LEVELS_SLACK);
    }
    levels->hi = at.hi;
    levels->epoch = count == LEVELS_ALONE || epoch & 1 ? 0 : epoch;
    return count;
}
