/* unwind.h - the return addresses above an allocation, as unwind tables tell them, in a few nanoseconds a frame. */
#ifndef CASTAWAY_PRELOAD_UNWIND_H
#define CASTAWAY_PRELOAD_UNWIND_H

#include "analysis/heap.h"
#include "arch.h"
#include "site.h"

/* How to get from one frame to its caller. Learnt once for every code address, then reused: what the
 * unwind tables say of an address never changes while its module stays.
 *
 *   cfa   the caller's stack pointer:  base register + cfa_offset, or the word stored there, + cfa_add
 *   ra    where the return address is stored, bp where the caller's frame pointer is: relative to the cfa, or for
 *         frames of signals relative to this frame's stack pointer */
struct rule {
    int32_t cfa_offset;
    int16_t cfa_add;
    int16_t ra_offset;
    int16_t bp_offset;
    uint8_t kind;  /* enum rule_kind */
    uint8_t flags; /* RULE_* */
};
enum rule_kind {
    RULE_SLOW,     /* none of these: this stack is walked with all registers */
    RULE_END,      /* outermost frame */
    RULE_SP,       /* cfa = sp + cfa_offset */
    RULE_BP,       /* cfa = bp + cfa_offset */
    RULE_SP_WORD,  /* cfa = *(sp + cfa_offset) + cfa_add */
    RULE_BP_WORD,  /* cfa = *(bp + cfa_offset) + cfa_add */
    RULE_NO_TABLE, /* no unwind data: the frame pointer is followed while it makes sense, as libunwind does */
};
enum {
    RULE_BP_SAVED = 1, /* the caller's bp is stored at bp_offset; else it is unchanged */
    RULE_FROM_SP = 2,  /* ra_offset and bp_offset count from this frame's sp */
    RULE_SIGNAL = 4,   /* a signal frame: the next frame's address is exact */
    RULE_MODULE = 8,   /* of RULE_NO_TABLE: code of a module, which stays while that does */
};

/* Until this was called walks are one frame long. Call once, from the first constructor. */
void unwind_init(void);
int unwind_ready(void);

/* Walk up from `caller`, at most `max` frames, innermost first.
 * returns  frames written, >= 1
 * context  hook, busy */
size_t unwind_capture(struct caller caller, uint64_t *frames, size_t max);

/* Where a walk stands. */
struct cursor {
    uintptr_t pc, sp, bp;
    uintptr_t hi; /* upper end of the stack that sp is on, or of what may be believed to be one; 0: unknown */
    int exact;    /* pc was interrupted there: it is no return address */
};
struct cursor unwind_start(const struct caller *caller);
int unwind_is_own_stack(uintptr_t sp); /* is every page from sp to the end of the thread's own stack there? */
int unwind_is_on_stack(uintptr_t sp, size_t bytes); /* do so many from sp on lie on the thread's own stack? */

/* One step from a frame to its caller's, and the words that it read, so that it can be told later whether it would go the
 * same way. Offsets are bytes up from sp. */
struct step {
    uintptr_t sp, bp;  /* of this frame */
    uint32_t ra;       /* where the return address was */
    uint32_t saved_bp; /* STEP_BP_SAVED: where the caller's bp was; else it is this frame's */
    uint32_t cfa_word; /* STEP_CFA_WORD: where the caller's stack pointer was, less cfa_add */
    int16_t cfa_add;
    uint16_t flags;
};
enum { STEP_BP_USED = 1, STEP_BP_SAVED = 2, STEP_CFA_WORD = 4, STEP_FLAGS_OWN = 8 /* and above: the keeper's */ };
enum unwind_step {
    STEP_ON,
    STEP_END,   /* this was the outermost frame */
    STEP_CUT,   /* or no caller was found, by the registers alone */
    STEP_ALONE, /* the step depends on more than its words, or can't be taken: walk with unwind_capture() */
};
enum unwind_step unwind_step(struct cursor *at, struct step *step); /* sets all fields that its flags name */

/* A frame, and the step from it. */
struct level {
    uint64_t pc;
    struct step step;
};
/* Frames that were walked before, innermost first. */
struct known_frames {
    const uint64_t *pc;
    const struct step *step; /* behind the last one stands one with UNWIND_SP_END */
};
#define UNWIND_SP_END UINTPTR_MAX

/* At least one step, while rules are as nearly all are, until the walk stands at one of the known frames, by its address and
 * stack pointer; as unwind_step() would take them one by one.
 * known    index of the first of these that does not lie below `at`, before and after
 * returns  how many were taken and stand in `levels`, at most max; 0: the next one is not such a step */
uint32_t unwind_steps(struct cursor *at, struct level *levels, uint32_t max, struct known_frames frames,
                      uint32_t *known);

/* A number for the way from a frame with this return address to its caller, the same for all that lead on in the same way;
 * 0: none is known yet, or it takes all registers. */
unsigned unwind_shape(uintptr_t pc);

/* Changes when rules may; never 0. Odd while some module is being closed: another may come to lie in its place at any time,
 * so nothing that is known of addresses holds, but what is on the calling thread's own stack can't go. */
HIDDEN extern _Atomic unsigned unwind_epoch;
void unwind_close_begins(void); /* context: hook, busy, no lock held */
void unwind_close_ends(void);
void unwind_after_fork(void); /* other threads' closes have no end */

/* As unwind_capture(), by the tables alone: no rule is taken from what is known, and none is kept. */
size_t unwind_capture_anew(struct caller caller, uint64_t *frames, size_t max);

void unwind_count_cut(void);
uint64_t unwind_cut(void); /* stacks that ended where no unwind data was found */

/* The walk by the tables alone, with all registers. `from` is a frame that is still live.
 * returns  frames written, the frame of `from` itself first */
size_t unwind_slow(const struct callee_saved *from, uint64_t *frames, size_t max);

/* The registers of the caller of the innermost frame that lies in one of `functions`.
 * returns  0, or -1: there is no such frame */
int unwind_caller_of(const struct callee_saved *from, const struct range *functions, size_t count,
                     struct callee_saved *out);

/* What libc needs to call main, of which `start` is the outermost function, is left out.
 * from     stands in a call
 * returns  0: it is a frame of theirs, so that main has returned; `out` is what called them; or -1 */
int unwind_before_main(const struct callee_saved *from, const struct range *start, struct callee_saved *out);

/* The unwind table's span of the function that contains `pc`; returns 0, or -1 when it has none. */
int unwind_function(uintptr_t pc, uintptr_t *lo, uintptr_t *hi);

void unwind_forget_rules(uintptr_t lo, uintptr_t hi); /* the module in [lo, hi) was closed */

/* All rules, when nothing is recorded any more. context: threads stopped, none of them inside castaway */
void unwind_forget_all(void);

/* ---- between unwind.c and learn.c ---- */
/* Call with the learn lock held. anew: nothing that was read before is believed */
void learn_rule(uintptr_t pc, int exact, struct rule *rule);
void learn_rule_anew(uintptr_t pc, int exact, struct rule *rule);
/* Do handlers of signals return to here? A frame that was only guessed may lead anywhere: code is read in modules alone. */
int learn_returns_from_signal(uintptr_t pc);

#endif
