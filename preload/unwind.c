/* unwind.c - the fast walk.
 *
 * Owns:    the rule table (code address -> rule), read without locks.
 * Never:   takes the loader's lock; reads outside the thread's stack on a guess.
 * Start:   unwind_capture(). */
#include "unwind.h"

#include <string.h>

#include "cfi.h"
#include "frames_check.h"
#include "lock.h"
#include "pages.h"
#include "thread.h"

enum {
    RULES_MIN = 1 << 12,
    SHAPE_BITS = 15,
    SHAPES_MAX = 1 << SHAPE_BITS, /* different rules; a program has some hundreds. beyond, all registers are needed */
    GUESS_BYTES_MAX = 0x4000,     /* how far up a frame pointer that is only guessed may point */
    FRAME_BYTES_MAX = 64 << 20,   /* a frame larger than this is a wrong rule */
};

/* Many addresses share a rule, and walks wait for memory above all: so a slot is one word, a key and the number of a rule.
 * Equal rules are one. */
_Static_assert(sizeof(struct rule) == 12, "rules have no padding: they are compared as bytes");
static struct rule shapes[SHAPES_MAX] = {{.kind = RULE_SLOW}};
static uint16_t shape_places[2 * SHAPES_MAX]; /* hash table of numbers in shapes[]; 0: empty */
static uint32_t shape_count = 1;

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
    struct rules *table = pages_alloc_table(sizeof *table + capacity * sizeof table->slot[0]);
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
    for (size_t i = 0; table && i < table->capacity; i++) {
        uint64_t slot = atomic_load_explicit(&table->slot[i], memory_order_relaxed);
        if (slot > SLOT_FORGOTTEN)
            slot_store(larger, slot);
    }
    atomic_store_explicit(&rules, larger, memory_order_release);
    return larger;
}

/* The number of this rule in shapes[]. */
static uint32_t shape_locked(const struct rule *rule) {
    enum { MASK = sizeof shape_places / sizeof shape_places[0] - 1 };
    if (rule->kind == RULE_SLOW)
        return 0;
    uint64_t low;
    uint32_t high;
    memcpy(&low, rule, sizeof low);
    memcpy(&high, (const char *)rule + sizeof low, sizeof high);
    size_t at = rule_hash(low ^ (uint64_t)high << 29) & MASK;
    for (; shape_places[at]; at = (at + 1) & MASK)
        if (memcmp(&shapes[shape_places[at]], rule, sizeof *rule) == 0)
            return shape_places[at];
    if (shape_count == SHAPES_MAX)
        return 0;
    shapes[shape_count] = *rule;
    shape_places[at] = (uint16_t)shape_count;
    return shape_count++;
}

/* Code without a table may be replaced at any time (a JIT's), so nothing is remembered of it. */
static void rule_keep_locked(uint64_t frame, const struct rule *rule) {
    uint64_t key = key_of(frame);
    if (rule->kind == RULE_NO_TABLE || key > UINT64_MAX >> SHAPE_BITS)
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

/* No unwind data: follow the frame pointer if it points a little up this very stack, as libunwind does (x86_64/Gstep.c).
 * libunwind then leaves the stack pointer 16 bytes up, which sends frames without a frame pointer astray; it lies behind
 * the return address. */
static inline int step_guess(struct cursor *at, struct step *step) {
    uintptr_t frame = at->bp;
    *step = (struct step){.sp = at->sp, .bp = at->bp, .flags = STEP_BP_USED};
    if (!at->hi || frame < at->sp || frame - at->sp > GUESS_BYTES_MAX || frame + 16 > at->hi || frame & 7)
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

struct cursor unwind_start(struct caller caller) {
    return (struct cursor){.pc = caller.pc, .sp = caller.sp, .bp = caller.bp, .hi = stack_hi(caller.sp)};
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

/* One step by `rule`, which is not RULE_SLOW. returns whether there is a caller */
static inline __attribute__((always_inline)) int step_on(struct cursor *at, const struct rule *rule,
                                                         struct step *step) {
    return __builtin_expect(rule->kind == RULE_NO_TABLE, 0) ? step_guess(at, step) : step_rule(at, rule, step);
}

/* Is it a rule as nearly all are: the caller's stack pointer lies a constant away from sp or bp? */
static inline __attribute__((always_inline)) int is_plain(const struct rule *rule) {
    return rule && (rule->kind == RULE_SP || rule->kind == RULE_BP) && !(rule->flags & ~RULE_BP_SAVED);
}

/* Frames that have a plain rule, as far as they go.
 * returns  how many return addresses were written, at most max */
static inline __attribute__((always_inline)) size_t walk_plain(struct cursor *at, uint64_t *frames, size_t max) {
    const uintptr_t hi = at->hi ? at->hi : UINTPTR_MAX;
    struct rules *table = atomic_load_explicit(&rules, memory_order_acquire);
    uintptr_t pc = at->pc, sp = at->sp, bp = at->bp;
    size_t count = 0;
    for (; count < max && !at->exact; count++) {
        const struct rule *rule = rule_find(table, pc);
        if (!is_plain(rule))
            break;
        uintptr_t cfa = (rule->kind == RULE_SP ? sp : bp) + (uintptr_t)rule->cfa_offset;
        if (cfa - sp - 1 >= FRAME_BYTES_MAX || cfa > hi)
            break;
        uintptr_t next = word_at(cfa + (uintptr_t)rule->ra_offset);
        if (!next)
            break;
        if (rule->flags)
            bp = word_at(cfa + (uintptr_t)rule->bp_offset);
        sp = cfa;
        frames[count] = pc = next;
    }
    *at = (struct cursor){.pc = pc, .sp = sp, .bp = bp, .hi = at->hi, .exact = at->exact};
    return count;
}

/* anew: known at compile time */
static inline __attribute__((always_inline)) size_t capture(struct caller caller, uint64_t *frames, size_t max,
                                                            int anew) {
    struct cursor at = unwind_start(caller);
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
            unwind_count_cut();
            break;
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

/* A step by a plain rule. returns 0: it is none */
static inline __attribute__((always_inline)) int step_plain(struct cursor *at, const struct rule *rule,
                                                            struct step *step) {
    uintptr_t sp = at->sp, bp = at->bp;
    if (!is_plain(rule))
        return 0;
    int by_bp = rule->kind == RULE_BP;
    uintptr_t cfa = (by_bp ? bp : sp) + (uintptr_t)rule->cfa_offset;
    if (cfa - sp - 1 >= FRAME_BYTES_MAX || (at->hi && cfa > at->hi))
        return 0;
    uintptr_t ra_at = cfa + (uintptr_t)rule->ra_offset, pc = word_at(ra_at), bp_at = cfa + (uintptr_t)rule->bp_offset;
    if (!pc)
        return 0;
    *step = (struct step){.sp = sp, .bp = bp, .ra = (uint32_t)(ra_at - sp), .flags = by_bp ? STEP_BP_USED : 0};
    if (rule->flags) {
        step->saved_bp = (uint32_t)(bp_at - sp);
        step->flags |= STEP_BP_SAVED;
        at->bp = word_at(bp_at);
    }
    at->pc = pc;
    at->sp = cfa;
    return 1;
}

/* Code without a table may be replaced at any time, but not while it stands on the stack that is compared. */
enum unwind_step unwind_step(struct cursor *at, struct step *step) {
    struct rule learnt;
    if (!at->exact && step_plain(at, rule_find(atomic_load_explicit(&rules, memory_order_acquire), at->pc), step))
        return STEP_ON;
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
    return rule->kind == RULE_NO_TABLE && !(step->flags & STEP_BP_SAVED) ? STEP_CUT : STEP_ALONE;
}

unsigned unwind_shape(uintptr_t pc) {
    const struct rule *rule = rule_find(atomic_load_explicit(&rules, memory_order_acquire), pc);
    return rule ? (unsigned)(rule - shapes) : 0;
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
    cfi_forget();
    /* Last: what a walk under way keeps that still found one of them is of the old epoch. */
    epoch_next_locked();
    lock_release(LOCK_LEARN);
}

void unwind_forget_all(void) {
    atomic_store(&rules, NULL);
}
