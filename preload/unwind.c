/* unwind.c - the fast walk.
 *
 * Owns:    the rule table (code address -> rule), read without locks.
 * Never:   takes the loader's lock; reads outside the thread's stack on a guess.
 * Start:   unwind_capture(). */
#include "unwind.h"

#include <string.h>

#include "cfi_cache.h"
#include "frames_check.h"
#include "lock.h"
#include "pages.h"
#include "thread.h"

enum {
    RULES_MIN = 1 << 9,
    SHAPE_BITS = 15,
    SHAPE_PLACES_MIN = 1 << 9,
    SHAPES_MAX = 1 << SHAPE_BITS, /* different rules; a program has some hundreds. beyond, all registers are needed */
    GUESS_BYTES_MAX = 0x4000,     /* how far up a frame pointer that is only guessed may point */
    FRAME_BYTES_MAX = 64 << 20,   /* a frame larger than this is a wrong rule */
};

/* Many addresses share a rule, and walks wait for memory above all: so a slot is one word, a key and the number of a rule.
 * Equal rules are one. */
_Static_assert(sizeof(struct rule) == 12, "rules have no padding: they are compared as bytes");
static struct rule shapes[SHAPES_MAX]; /* [0]: RULE_SLOW */
static uint32_t shape_count = 1;
/* A hash table of numbers in shapes[], of which so many places are in use; 0: empty. A program needs few of them. */
static uint16_t shape_places[2 * SHAPES_MAX];
static uint32_t shape_capacity = SHAPE_PLACES_MIN;

/* A forgotten rule's slot is not used again (a walk may be reading it); it goes when the table is made anew. */
#define SLOT_FORGOTTEN (1ull << SHAPE_BITS) /* its key is no address */
struct rules {
    size_t capacity, count;
    _Atomic uint64_t slot[]; /* key << SHAPE_BITS | number in shapes[]; 0: empty */
};

static struct rules *_Atomic rules;
static _Atomic uint64_t cut;
static int ready;

/* Of address | FRAME_EXACT. One of 48 bits and the flag goes into a slot, so no other is ever equal to what stands there. */
static inline uint64_t key_of(uint64_t frame) {
    return frame << 1 | frame >> 63;
}
static inline uintptr_t slot_address(uint64_t slot) {
    return (uintptr_t)(slot >> (SHAPE_BITS + 1));
}

static inline size_t rule_hash(uint64_t key) {
    return (size_t)((key * 0x9E3779B97F4A7C15ull) >> 24);
}

static inline __attribute__((always_inline)) const struct rule *rule_find(struct rules *table, uint64_t frame) {
    if (__builtin_expect(!table, 0))
        return NULL;
    uint64_t key = key_of(frame);
    size_t mask = table->capacity - 1;
    for (size_t at = rule_hash(key) & mask;; at = (at + 1) & mask) {
        uint64_t slot = atomic_load_explicit(&table->slot[at], memory_order_acquire);
        if (__builtin_expect(slot >> SHAPE_BITS == key, 1))
            return &shapes[slot & (SHAPES_MAX - 1)];
        if (!slot)
            return NULL;
    }
}

static struct rules *rules_make(size_t capacity) {
    struct rules *table = pages_alloc_dense(sizeof *table + capacity * sizeof table->slot[0]);
    if (table)
        table->capacity = capacity;
    return table;
}

static void slot_store(struct rules *table, uint64_t slot) {
    size_t at = rule_hash(slot >> SHAPE_BITS) & (table->capacity - 1);
    while (atomic_load_explicit(&table->slot[at], memory_order_relaxed))
        at = (at + 1) & (table->capacity - 1);
    atomic_store_explicit(&table->slot[at], slot, memory_order_release);
    table->count++;
}

/* A table with room for one more; the old one stays for walks under way. */
static struct rules *rules_room_locked(void) {
    struct rules *table = atomic_load_explicit(&rules, memory_order_relaxed);
    if (table && table->count + 1 < table->capacity / 2)
        return table;
    size_t live = 0;
    for (size_t i = 0; table && i < table->capacity; i++)
        live += atomic_load_explicit(&table->slot[i], memory_order_relaxed) > SLOT_FORGOTTEN;
    size_t capacity = !table ? RULES_MIN : live < table->capacity / 4 ? table->capacity : table->capacity * 2;
    struct rules *larger = rules_make(capacity);
    if (!larger)
        return NULL;
    if (table) /* slots will stand all over it */
        pages_populate(larger, sizeof *larger + capacity * sizeof larger->slot[0]);
    for (size_t i = 0; table && i < table->capacity; i++) {
        uint64_t slot = atomic_load_explicit(&table->slot[i], memory_order_relaxed);
        if (slot > SLOT_FORGOTTEN)
            slot_store(larger, slot);
    }
    atomic_store_explicit(&rules, larger, memory_order_release);
    return larger;
}

/* Where the number of this rule stands in shape_places[], or would. */
static uint16_t *shape_place_locked(const struct rule *rule) {
    uint64_t low;
    uint32_t high;
    memcpy(&low, rule, sizeof low);
    memcpy(&high, (const char *)rule + sizeof low, sizeof high);
    size_t mask = shape_capacity - 1, at = rule_hash(low ^ (uint64_t)high << 29) & mask;
    while (shape_places[at] && memcmp(&shapes[shape_places[at]], rule, sizeof *rule) != 0)
        at = (at + 1) & mask;
    return &shape_places[at];
}

static void shapes_spread_locked(void) {
    memset(shape_places, 0, shape_capacity * sizeof *shape_places);
    shape_capacity *= 2;
    for (uint32_t number = 1; number < shape_count; number++)
        *shape_place_locked(&shapes[number]) = (uint16_t)number;
}

/* The number of this rule in shapes[]. */
static uint32_t shape_locked(const struct rule *rule) {
    if (rule->kind == RULE_SLOW)
        return 0;
    uint16_t *place = shape_place_locked(rule), known = *place;
    if (known)
        return known;
    if (shape_count == SHAPES_MAX)
        return 0;
    shapes[shape_count] = *rule;
    *place = (uint16_t)shape_count;
    if (++shape_count > shape_capacity / 2 && shape_count < SHAPES_MAX)
        shapes_spread_locked();
    return shape_count - 1;
}

/* Code without a table may be replaced at any time (a JIT's), so nothing is remembered of it. But below all constructors
 * stands the loader's first code, which has none either. */
static int may_be_kept(const struct rule *rule) {
    return rule->kind != RULE_NO_TABLE || rule->flags & RULE_MODULE;
}

static void rule_keep_locked(uint64_t frame, const struct rule *rule) {
    uint64_t key = key_of(frame);
    if (!may_be_kept(rule) || key > UINT64_MAX >> SHAPE_BITS)
        return;
    struct rules *table = rules_room_locked();
    if (table)
        slot_store(table, key << SHAPE_BITS | shape_locked(rule));
}

static __attribute__((noinline)) struct rule rule_learn(uint64_t frame) {
    struct rule rule = {.kind = RULE_SLOW};
    lock_take(LOCK_LEARN);
    const struct rule *known = rule_find(atomic_load_explicit(&rules, memory_order_relaxed), frame);
    if (known)
        rule = *known;
    else {
        learn_rule((uintptr_t)(frame & ~FRAME_EXACT), (frame & FRAME_EXACT) != 0, &rule);
        rule_keep_locked(frame, &rule);
    }
    lock_release(LOCK_LEARN);
    return rule;
}

static uintptr_t word_at(uintptr_t address) {
    return *(const uintptr_t *)address;
}

static uintptr_t stack_hi(uintptr_t sp) {
    struct thread_state *state = thread_self;
    uintptr_t hi = state ? state->stack_hi : 0;
    return hi > sp && hi - sp < FRAME_BYTES_MAX * 16ull ? hi + 64 : 0;
}

/* Does the frame pointer point a little up, as a frame's does? */
static inline int may_be_frame(const struct cursor *at) {
    return at->bp >= at->sp && at->bp - at->sp <= GUESS_BYTES_MAX && !(at->bp & 7);
}

/* No unwind data: follow the frame pointer if it points a little up this very stack, as libunwind does (x86_64/Gstep.c).
 * libunwind then leaves the stack pointer 16 bytes up, which sends frames without a frame pointer astray; it lies behind
 * the return address. Where that is not so, there is no caller. */
static inline int step_guess(struct cursor *at, struct step *step) {
    uintptr_t frame = at->bp;
    *step = (struct step){.sp = at->sp, .bp = at->bp, .flags = STEP_BP_USED};
    if (!ARCH_FRAME_ENDS_STACK || !at->hi || !may_be_frame(at) || frame + 16 > at->hi || !unwind_is_own_stack(at->sp))
        return 0;
    step->ra = (uint32_t)(frame + 8 - at->sp);
    step->saved_bp = (uint32_t)(frame - at->sp);
    step->flags |= STEP_BP_SAVED;
    at->pc = word_at(frame + 8);
    at->bp = word_at(frame);
    at->sp = frame + 16;
    at->exact = 0;
    return at->pc != 0;
}

static inline __attribute__((always_inline)) int step_rule(struct cursor *at, const struct rule *rule,
                                                           struct step *step) {
    int by_bp = rule->kind == RULE_BP || rule->kind == RULE_BP_WORD;
    uintptr_t cfa = (by_bp ? at->bp : at->sp) + (uintptr_t)rule->cfa_offset;
    step->sp = at->sp;
    step->bp = at->bp;
    step->flags = by_bp ? STEP_BP_USED : 0;
    if (rule->kind == RULE_SP_WORD || rule->kind == RULE_BP_WORD) {
        if (cfa - at->sp > FRAME_BYTES_MAX || cfa & 7 || (at->hi && cfa + sizeof cfa > at->hi))
            return 0;
        step->cfa_word = (uint32_t)(cfa - at->sp);
        step->cfa_add = rule->cfa_add;
        step->flags |= STEP_CFA_WORD;
        cfa = word_at(cfa) + (uintptr_t)rule->cfa_add;
    }
    int is_signal = (rule->flags & RULE_SIGNAL) != 0;
    if (!is_signal && (cfa <= at->sp || cfa - at->sp > FRAME_BYTES_MAX || (at->hi && cfa > at->hi)))
        return 0;
    uintptr_t base = rule->flags & RULE_FROM_SP ? at->sp : cfa;
    step->ra = (uint32_t)(base + (uintptr_t)rule->ra_offset - at->sp);
    uintptr_t pc = word_at(base + (uintptr_t)rule->ra_offset);
    if (rule->flags & RULE_BP_SAVED) {
        step->saved_bp = (uint32_t)(base + (uintptr_t)rule->bp_offset - at->sp);
        step->flags |= STEP_BP_SAVED;
        at->bp = word_at(base + (uintptr_t)rule->bp_offset);
    }
    if (is_signal)
        at->hi = stack_hi(cfa);
    at->pc = pc;
    at->sp = cfa;
    at->exact = is_signal;
    return pc != 0;
}

int unwind_is_on_stack(uintptr_t sp, size_t bytes) {
    uintptr_t hi = stack_hi(sp);
    return hi && bytes <= hi - sp;
}

struct cursor unwind_start(const struct caller *caller) {
    return (struct cursor){.pc = caller->pc, .sp = caller->sp, .bp = caller->bp, .hi = stack_hi(caller->sp)};
}

static size_t capture_slow(uint64_t *frames, size_t max, uintptr_t first_pc) {
    enum { OWN_FRAMES = 8 };
    uint64_t walked[CAPTURE_FRAMES_MAX + OWN_FRAMES];
    struct callee_saved here;
    arch_callee_saved(&here);
    lock_take(LOCK_LEARN);
    size_t count = unwind_slow(&here, walked, max + OWN_FRAMES), skip = 0;
    lock_release(LOCK_LEARN);
    while (skip < count && walked[skip] != first_pc)
        skip++;
    if (skip == count)
        return 0;
    count = count - skip < max ? count - skip : max;
    memcpy(frames, walked + skip, count * sizeof *frames);
    return count;
}

static __attribute__((noinline)) struct rule rule_anew(const struct cursor *at) {
    struct rule rule = {.kind = RULE_SLOW};
    lock_take(LOCK_LEARN);
    learn_rule_anew(at->pc, at->exact, &rule);
    lock_release(LOCK_LEARN);
    return rule;
}

/* The rule for where the walk stands, learnt if need be: then it is in *learnt. */
static inline __attribute__((always_inline)) const struct rule *rule_at(const struct cursor *at, struct rule *learnt) {
    uint64_t frame = at->pc | (at->exact ? FRAME_EXACT : 0);
    const struct rule *rule = rule_find(atomic_load_explicit(&rules, memory_order_acquire), frame);
    if (__builtin_expect(rule != NULL, 1))
        return rule;
    *learnt = rule_learn(frame);
    return learnt;
}

/* A zero frame pointer marks the end of the chain (System V ABI, 3.4.1) where there is no table to say so. */
static inline int is_end(const struct cursor *at, const struct rule *rule) {
    return rule->kind == RULE_END || (rule->kind == RULE_NO_TABLE && at->bp == 0);
}

/* Where a step by `rule` can't be taken the stack may go on: on another one, by a table that says so; or on one of which it is
 * not known what of it is there. Then each word has to be asked for. */
static int leads_elsewhere(const struct cursor *at, const struct rule *rule) {
    return at->pc && (rule->kind != RULE_NO_TABLE || (may_be_frame(at) && !unwind_is_own_stack(at->sp)));
}

/* One step by `rule`, which is not RULE_SLOW. returns whether there is a caller */
static inline __attribute__((always_inline)) int step_on(struct cursor *at, const struct rule *rule,
                                                         struct step *step) {
    return __builtin_expect(rule->kind == RULE_NO_TABLE, 0) ? step_guess(at, step) : step_rule(at, rule, step);
}

/* Is it a rule as nearly all are: the caller's stack pointer lies a constant away from sp or bp? */
static inline __attribute__((always_inline)) int is_plain(const struct rule *rule) {
    return ((rule->kind ^ RULE_SP) & ~STEP_BP_USED) == 0 && (rule->flags & ~RULE_BP_SAVED) == 0;
}
_Static_assert(RULE_BP == (RULE_SP | STEP_BP_USED), "plain rules' kinds differ in one bit");

/* Where a walk by plain rules stands: in registers, all of it. */
struct plain_walk {
    struct rules *table;
    uintptr_t pc, sp, bp;
    uintptr_t hi;
};
static inline __attribute__((always_inline)) struct plain_walk plain_begin(const struct cursor *at) {
    return (struct plain_walk){.table = atomic_load_explicit(&rules, memory_order_acquire),
                               .pc = at->pc,
                               .sp = at->sp,
                               .bp = at->bp,
                               .hi = at->hi ? at->hi : UINTPTR_MAX};
}
static inline __attribute__((always_inline)) void plain_end(const struct plain_walk *walk, struct cursor *at) {
    at->pc = walk->pc;
    at->sp = walk->sp;
    at->bp = walk->bp;
}

/* A step. step: NULL, or where to put it
 * returns  0: the rule is not plain, or not known, or does not fit this stack; then nothing is changed */
static inline __attribute__((always_inline)) int plain_step(struct plain_walk *walk, struct step *step) {
    const struct rule *rule = rule_find(walk->table, walk->pc);
    if (__builtin_expect(!rule || !is_plain(rule), 0))
        return 0;
    uintptr_t sp = walk->sp, bp = walk->bp;
    uintptr_t cfa = (rule->kind == RULE_SP ? sp : bp) + (uintptr_t)rule->cfa_offset;
    if (__builtin_expect(cfa - sp - 1 >= FRAME_BYTES_MAX || cfa > walk->hi, 0))
        return 0;
    uintptr_t ra_at = cfa + (uintptr_t)rule->ra_offset, pc = word_at(ra_at);
    if (__builtin_expect(!pc, 0))
        return 0;
    if (step) {
        step->sp = sp;
        step->bp = bp;
        step->ra = (uint32_t)(ra_at - sp);
        step->flags = (uint16_t)((rule->kind & STEP_BP_USED) | rule->flags * (STEP_BP_SAVED / RULE_BP_SAVED));
    }
    if (rule->flags) {
        uintptr_t bp_at = cfa + (uintptr_t)rule->bp_offset;
        walk->bp = word_at(bp_at);
        if (step)
            step->saved_bp = (uint32_t)(bp_at - sp);
    }
    walk->pc = pc;
    walk->sp = cfa;
    return 1;
}

/* Frames that have a plain rule, as far as they go.
 * returns  how many return addresses were written, at most max */
static inline __attribute__((always_inline)) size_t walk_plain(struct cursor *at, uint64_t *frames, size_t max) {
    struct plain_walk walk = plain_begin(at);
    size_t count = 0;
    if (at->exact)
        return 0;
    while (count < max && plain_step(&walk, NULL))
        frames[count++] = walk.pc;
    plain_end(&walk, at);
    return count;
}

uint32_t unwind_steps(struct cursor *at, struct level *levels, uint32_t max, struct known_frames frames,
                      uint32_t *known) {
    struct plain_walk walk = plain_begin(at);
    const struct step *next = frames.step + *known;
    struct level *level = levels, *end = levels + max;
    if (at->exact)
        return 0;
    while (level < end) {
        level->pc = walk.pc;
        if (!plain_step(&walk, &level->step))
            break;
        level++;
        while (next->sp < walk.sp)
            next++;
        if (next->sp == walk.sp && frames.pc[next - frames.step] == walk.pc)
            break;
    }
    *known = (uint32_t)(next - frames.step);
    plain_end(&walk, at);
    return (uint32_t)(level - levels);
}

/* anew: known at compile time */
static inline __attribute__((always_inline)) size_t capture(struct caller caller, uint64_t *frames, size_t max,
                                                            int anew) {
    struct cursor at = unwind_start(&caller);
    struct rule learnt;
    size_t count = 0;
    frames[count++] = at.pc;
    while (count < max && ready) {
        if (!anew)
            count += walk_plain(&at, frames + count, max - count);
        if (count == max)
            break;
        if (anew)
            learnt = rule_anew(&at);
        const struct rule *rule = anew ? &learnt : rule_at(&at, &learnt);
        if (is_end(&at, rule))
            break;
        if (__builtin_expect(rule->kind == RULE_SLOW, 0)) {
            size_t slow = capture_slow(frames, max, caller.pc);
            return slow ? slow : count;
        }
        struct step step; /* not looked at */
        if (!step_on(&at, rule, &step)) {
            size_t more = leads_elsewhere(&at, rule) ? capture_slow(frames, max, caller.pc) : 0;
            if (more <= count)
                unwind_count_cut();
            return more > count ? more : count;
        }
        frames[count++] = at.pc | (at.exact ? FRAME_EXACT : 0);
    }
    return count;
}

size_t unwind_capture(struct caller caller, uint64_t *frames, size_t max) {
    return capture(caller, frames, max, 0);
}

size_t unwind_capture_anew(struct caller caller, uint64_t *frames, size_t max) {
    return capture(caller, frames, max, 1);
}

/* Code without a table may be replaced at any time, but not while it stands on the stack that is compared. */
enum unwind_step unwind_step(struct cursor *at, struct step *step) {
    struct rule learnt;
    if (!ready)
        return STEP_ALONE;
    const struct rule *rule = rule_at(at, &learnt);
    if (is_end(at, rule)) {
        *step = (struct step){.sp = at->sp, .bp = at->bp, .flags = rule->kind == RULE_NO_TABLE ? STEP_BP_USED : 0};
        return STEP_END;
    }
    if (rule->kind == RULE_SLOW || rule->flags & (RULE_SIGNAL | RULE_FROM_SP))
        return STEP_ALONE;
    if (step_on(at, rule, step))
        return STEP_ON;
    int is_cut = rule->kind == RULE_NO_TABLE && !(step->flags & STEP_BP_SAVED) && !leads_elsewhere(at, rule);
    return is_cut ? STEP_CUT : STEP_ALONE;
}

unsigned unwind_shape(uintptr_t pc) {
    const struct rule *rule = rule_find(atomic_load_explicit(&rules, memory_order_acquire), pc);
    return rule && rule->kind != RULE_NO_TABLE ? (unsigned)(rule - shapes) : 0;
}

_Atomic unsigned unwind_epoch = 2;
static unsigned closes;              /* under way */
static __thread unsigned own_closes; /* of this thread */

static void epoch_next_locked(void) {
    unsigned epoch = atomic_load_explicit(&unwind_epoch, memory_order_relaxed) + 1;
    epoch += (epoch & 1) != (closes > 0);
    atomic_store(&unwind_epoch, epoch ? epoch : 2);
}

void unwind_close_begins(void) {
    lock_take(LOCK_LEARN);
    own_closes++;
    if (closes++ == 0)
        epoch_next_locked();
    lock_release(LOCK_LEARN);
}

void unwind_close_ends(void) {
    lock_take(LOCK_LEARN);
    own_closes--;
    if (--closes == 0)
        epoch_next_locked();
    lock_release(LOCK_LEARN);
}

void unwind_after_fork(void) {
    closes = own_closes;
    epoch_next_locked();
}

void unwind_count_cut(void) {
    atomic_fetch_add_explicit(&cut, 1, memory_order_relaxed);
}

uint64_t unwind_cut(void) {
    return atomic_load_explicit(&cut, memory_order_relaxed);
}

void unwind_init(void) {
    frames_check_init();
    ready = 1;
}

int unwind_ready(void) {
    return ready;
}

void unwind_forget_rules(uintptr_t lo, uintptr_t hi) {
    lock_take(LOCK_LEARN);
    struct rules *table = atomic_load_explicit(&rules, memory_order_relaxed);
    for (size_t i = 0; table && i < table->capacity; i++) {
        uint64_t slot = atomic_load_explicit(&table->slot[i], memory_order_relaxed);
        if (slot > SLOT_FORGOTTEN && slot_address(slot) - lo < hi - lo)
            atomic_store_explicit(&table->slot[i], SLOT_FORGOTTEN, memory_order_relaxed);
    }
    cfi_cache_forget();
    /* Last: what a walk under way keeps that still found one of them is of the old epoch. */
    epoch_next_locked();
    lock_release(LOCK_LEARN);
}

void unwind_forget_all(void) {
    atomic_store(&rules, NULL);
}
