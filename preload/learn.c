/* learn.c - what the unwind tables know of a code address.
 *
 * cfi.c steps in *any* address space. A rule is learnt by letting it make one step in an imaginary one: the stack pointer
 * and the frame pointer hold two far-apart made-up values, and every word of the imaginary stack reads as a value that
 * names its own address. Where the step ends up tells which register the caller's stack pointer was computed from and
 * which words were read. (Of nearly all rows that can be seen without a step.) Steps on the real stack are the walk of the
 * stacks that rules can't express.
 *
 * Owns:    nothing.
 * Never:   takes the loader's lock: unwind tables are found by _dl_find_object; reads unasked what is not on the stack.
 * Start:   learn_rule(). Runs under the learn lock. */
#include "unwind.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "cfi_cache.h"
#include "module.h"
#include "thread.h"

enum { WINDOW_BYTES = 1 << 28, WINDOW_SHIFT = 16, WORD_SHIFT = 56 };
#define STACK_BYTES_MAX (1ul << 30)
#define IMAGINARY_SP 0x6a0000000000ull
#define IMAGINARY_BP 0x6b0000000000ull

/* A word of the imaginary stack names its place: tag, which base, distance from it (plus WINDOW_BYTES), and 16 low bits
 * of room for a constant that the rule adds. A word read *through* such a value keeps all bits but the tag. */
enum { TAG_WORD = 0x5a, TAG_WORD_OF_WORD = 0x5b };
#define BASE_BIT (1ull << 55)
#define BELOW_TAG ((1ull << WORD_SHIFT) - 1)

static int near(uintptr_t address, uintptr_t base) {
    return address - (base - WINDOW_BYTES) < 2ull * WINDOW_BYTES;
}
static int has_tag(uintptr_t word, unsigned tag) {
    return word >> WORD_SHIFT == tag;
}
static uintptr_t name_word(uintptr_t address) {
    int by_sp = near(address, IMAGINARY_SP);
    uintptr_t distance = address - (by_sp ? IMAGINARY_SP : IMAGINARY_BP) + WINDOW_BYTES;
    return (uintptr_t)TAG_WORD << WORD_SHIFT | (by_sp ? 0 : BASE_BIT) | distance << WINDOW_SHIFT;
}
/* Distance of a named word's place from its base. */
static intptr_t named_distance(uintptr_t word) {
    uintptr_t rounded = word + (1u << (WINDOW_SHIFT - 1));
    return (intptr_t)((rounded & (BASE_BIT - 1)) >> WINDOW_SHIFT) - WINDOW_BYTES;
}

/* ---- what a step reads ---- */

/* A word that may not be there: on a stack whose end is not known, or where a table leads. The kernel says whether it is:
 * it reads the new mask before it finds that there is no such way to set it. (A call that every filter of system calls
 * allows, unlike those made for this.) */
static int read_checked(uintptr_t address, uintptr_t *word) {
    enum { NO_WAY = -1, MASK_BYTES = sizeof *word };
    if (sys(SYS_rt_sigprocmask, NO_WAY, address, NULL, MASK_BYTES) != -EINVAL)
        return -1;
    memcpy(word, (const void *)address, sizeof *word);
    return 0;
}

static int read_imaginary(void *unused, uintptr_t address, uintptr_t *word) {
    (void)unused;
    if (near(address, IMAGINARY_SP) || near(address, IMAGINARY_BP))
        *word = name_word(address);
    else if (has_tag(address, TAG_WORD))
        *word = (uintptr_t)TAG_WORD_OF_WORD << WORD_SHIFT | (address & BELOW_TAG);
    else
        return read_checked(address, word);
    return 0;
}

/* A coroutine's stack may lie not far below the thread's own, with pages between that can't be read. What was found out is
 * kept, so each page is asked for once. */
int unwind_is_own_stack(uintptr_t sp) {
    enum { PAGE_BYTES = 4096 };
    struct thread_state *state = thread_self;
    uintptr_t at = sp & ~(uintptr_t)(PAGE_BYTES - 1), unused;
    if (!state || sp >= state->stack_hi || state->stack_hi - sp >= STACK_BYTES_MAX)
        return 0;
    struct range *other = &state->not_stack;
    for (; at < state->stack_lo; at += PAGE_BYTES)
        if (at - other->lo < other->hi - other->lo || read_checked(at, &unused) != 0) {
            *other = (struct range){sp & ~(uintptr_t)(PAGE_BYTES - 1), at < other->hi ? other->hi : at + PAGE_BYTES};
            return 0;
        }
    if (sp < state->stack_lo)
        state->stack_lo = sp & ~(uintptr_t)(PAGE_BYTES - 1);
    return 1;
}

/* The thread's own stack from some frame up. */
struct stack_part {
    uintptr_t lo, hi; /* read directly; hi 0: unknown, the kernel is asked */
};

static int read_real(void *context, uintptr_t address, uintptr_t *word) {
    const struct stack_part *stack = context;
    if (address < stack->lo || address >= stack->hi || stack->hi - address < sizeof *word)
        return read_checked(address, word);
    memcpy(word, (const void *)address, sizeof *word);
    return 0;
}

/* ---- rules ---- */

static int fits_int16(intptr_t value) {
    return value == (int16_t)value;
}

/* The rule for the caller's stack pointer. returns 0, or -1: none of the known shapes */
static int cfa_rule(uintptr_t cfa, struct rule *rule) {
    if (near(cfa, IMAGINARY_SP) || near(cfa, IMAGINARY_BP)) {
        int by_sp = near(cfa, IMAGINARY_SP);
        rule->kind = by_sp ? RULE_SP : RULE_BP;
        rule->cfa_offset = (int32_t)(cfa - (by_sp ? IMAGINARY_SP : IMAGINARY_BP));
        return 0;
    }
    if (!has_tag(cfa, TAG_WORD))
        return -1;
    rule->kind = cfa & BASE_BIT ? RULE_BP_WORD : RULE_SP_WORD;
    rule->cfa_offset = (int32_t)named_distance(cfa);
    rule->cfa_add = (int16_t)(cfa & 0xffff);
    return 0;
}

/* Where `word` was read, relative to the cfa or to sp (*from_sp). returns 0, or -1: neither, or too far */
static int word_place(uintptr_t word, uintptr_t cfa, intptr_t *offset, int *from_sp) {
    *from_sp = 0;
    if (has_tag(word, TAG_WORD_OF_WORD))
        *offset = (intptr_t)(word & BELOW_TAG) - (intptr_t)(cfa & BELOW_TAG);
    else if (!has_tag(word, TAG_WORD))
        return -1;
    else {
        uintptr_t base = word & BASE_BIT ? IMAGINARY_BP : IMAGINARY_SP;
        *offset = named_distance(word);
        if (near(cfa, base))
            *offset -= (intptr_t)(cfa - base);
        else if (base == IMAGINARY_SP)
            *from_sp = 1;
        else
            return -1;
    }
    return fits_int16(*offset) ? 0 : -1;
}

/* Does a frame's word lie in the frame, or in the red zone below it? The fast walk reads it unasked. A table that says
 * otherwise is broken; its steps are done with all registers, each word of them asked for. */
static int is_in_frame(const struct rule *rule, intptr_t offset) {
    int by_word = rule->kind == RULE_SP_WORD || rule->kind == RULE_BP_WORD; /* then its size is not known */
    return offset < 0 && (by_word || offset >= -(intptr_t)rule->cfa_offset - ARCH_RED_ZONE_BYTES);
}

/* Is what the caller's address was read from another word than that? A rule takes one for the other, as do those who keep
 * stacks. Code that is compiled to sign what it stores does not where the processor can't. */
static int signs_returns(const struct cfi_frame *caller) {
    const uintptr_t signature = 1ul << 54;
    return caller->is_signed && arch_return_address(signature) != signature;
}

/* Fill in what one step shows. returns 0, or -1: not expressible */
static int rule_from_step(const struct cfi_frame *caller, struct rule *rule) {
    uintptr_t cfa = caller->reg[CFI_SP], bp = caller->reg[CFI_BP];
    intptr_t offset;
    int pc_from_sp, bp_from_sp;
    if (cfa_rule(cfa, rule) != 0 || signs_returns(caller) || word_place(caller->pc, cfa, &offset, &pc_from_sp) != 0)
        return -1;
    rule->ra_offset = (int16_t)offset;
    /* Only the kernel lays out a frame whose return address is not next to the caller's stack. */
    if (pc_from_sp)
        rule->flags |= RULE_FROM_SP | RULE_SIGNAL;
    else if (!is_in_frame(rule, offset))
        return -1;
    if (bp == IMAGINARY_BP)
        return 0;
    if (caller->unknown >> CFI_BP & 1 || word_place(bp, cfa, &offset, &bp_from_sp) != 0 || bp_from_sp != pc_from_sp ||
        (!pc_from_sp && !is_in_frame(rule, offset)))
        return -1;
    rule->bp_offset = (int16_t)offset;
    rule->flags |= RULE_BP_SAVED;
    return 0;
}

/* The same of a row as nearly all are, which need not be tried out: the caller's stack pointer lies a constant away from sp
 * or bp, and what is kept is kept in the frame. returns 0, or -1: another one */
static int rule_from_row(const struct machine *machine, struct rule *rule) {
    const struct row *row = &machine->row;
    const struct place *cfa = &row->cfa, *pc = &row->reg[machine->description.return_column], *bp = &row->reg[CFI_BP];
    if (machine->description.is_signal || cfa->where != REGISTER || (cfa->value != CFI_SP && cfa->value != CFI_BP) ||
        row->cfa_offset < 0 || row->cfa_offset >= WINDOW_BYTES / 2 || pc->where != AT || bp->where == UNKNOWN ||
        row->reg[CFI_SP].where != SAME || row->elsewhere || row->is_signed || !fits_int16(pc->value) ||
        !fits_int16(bp->value))
        return -1;
    struct rule found = {.kind = cfa->value == CFI_SP ? RULE_SP : RULE_BP, .cfa_offset = (int32_t)row->cfa_offset};
    if (!is_in_frame(&found, pc->value) || (bp->where == AT && !is_in_frame(&found, bp->value)))
        return -1;
    found.ra_offset = (int16_t)pc->value;
    if (bp->where == AT) {
        found.bp_offset = (int16_t)bp->value;
        found.flags = RULE_BP_SAVED;
    }
    *rule = found;
    return 0;
}

/* Is the way on from here told by the code, not by a table? */
static int is_signal_return(uintptr_t pc, int exact) {
    return !ARCH_TABLES_KNOW_SIGNALS && !exact && learn_returns_from_signal(pc);
}

static struct cfi_frame imaginary_frame(uintptr_t pc, int exact) {
    struct cfi_frame frame = {.pc = pc, .exact = exact};
    frame.reg[CFI_SP] = IMAGINARY_SP;
    frame.reg[CFI_BP] = IMAGINARY_BP;
    frame.reg[CFI_PC] = pc - !exact;
    return frame;
}

static struct rule without_table(uintptr_t pc, int exact) {
    struct dl_find_object found;
    int in_module = _dl_find_object((void *)pc, &found) == 0;
    return (struct rule){.kind = exact && in_module ? RULE_SLOW : RULE_NO_TABLE,
                         .flags = !exact && in_module ? RULE_MODULE : 0};
}

/* The rule of a step from that frame, which led to `caller`: *rule is RULE_SLOW until a better one is found. */
static void conclude(enum cfi_step step, const struct cfi_frame *caller, uintptr_t pc, int exact, struct rule *rule) {
    struct rule learnt = {.kind = RULE_SLOW};
    switch (step) {
    case CFI_CALLER:
        if (rule_from_step(caller, &learnt) == 0)
            *rule = learnt;
        break;
    case CFI_END:
        rule->kind = RULE_END;
        break;
    case CFI_NO_TABLE:
        *rule = without_table(pc, exact);
        break;
    case CFI_FAILED:
        break;
    }
}

void learn_rule(uintptr_t pc, int exact, struct rule *rule) {
    const struct machine *machine;
    *rule = (struct rule){.kind = RULE_SLOW};
    if (is_signal_return(pc, exact))
        return;
    enum cfi_step step = cfi_cache_row(pc - !exact, &machine);
    if (step == CFI_CALLER && rule_from_row(machine, rule) == 0)
        return;
    struct cfi_frame frame = imaginary_frame(pc, exact);
    if (step == CFI_CALLER)
        step = cfi_apply(machine, &frame, read_imaginary, NULL);
    conclude(step, &frame, pc, exact, rule);
}

void learn_rule_anew(uintptr_t pc, int exact, struct rule *rule) {
    struct cfi_frame frame = imaginary_frame(pc, exact);
    *rule = (struct rule){.kind = RULE_SLOW};
    if (!is_signal_return(pc, exact))
        conclude(cfi_step(&frame, read_imaginary, NULL), &frame, pc, exact, rule);
}

/* ---- the walk of the stacks that rules can't express ---- */

static struct stack_part own_stack(const struct callee_saved *from) {
    return (struct stack_part){.lo = from->sp, .hi = unwind_is_own_stack(from->sp) ? thread_self->stack_hi : 0};
}

int learn_returns_from_signal(uintptr_t pc) {
    uintptr_t lo, hi;
    module_span((const void *)pc, &lo, &hi);
    return hi - pc > 16 && pc - lo < hi - lo && arch_is_signal_return(pc);
}

/* A handler's caller that no table describes (libc's has one): the registers stand where the kernel put them.
 * returns 0, or -1 */
static int step_from_signal(struct cfi_frame *frame, struct stack_part *stack) {
    struct cfi_frame interrupted = {.exact = 1};
    for (unsigned i = 0; i < CFI_REGISTERS; i++)
        if (read_real(stack, frame->reg[CFI_SP] + arch_context_offset(i), &interrupted.reg[i]) != 0)
            return -1;
    interrupted.pc = interrupted.reg[CFI_PC];
    *frame = interrupted;
    return 0;
}

/* No unwind data: as step_guess() of unwind.c. returns 0, or -1 */
static int step_by_frame_pointer(struct cfi_frame *frame, struct stack_part *stack) {
    enum { GUESS_BYTES_MAX = 0x4000 };
    uintptr_t at = frame->reg[CFI_BP], bp, pc;
    if (!ARCH_FRAME_ENDS_STACK || at < frame->reg[CFI_SP] || at - frame->reg[CFI_SP] > GUESS_BYTES_MAX || at & 7 ||
        read_real(stack, at, &bp) != 0 || read_real(stack, at + sizeof at, &pc) != 0)
        return -1;
    frame->reg[CFI_SP] = at + 2 * sizeof at;
    frame->reg[CFI_BP] = bp;
    frame->pc = pc;
    frame->exact = 0;
    return 0;
}

/* returns 0, or -1: there is no caller, or none that can be found */
static int step_real(struct cfi_frame *frame, struct stack_part *stack) {
    if (is_signal_return(frame->pc, frame->exact))
        return step_from_signal(frame, stack);
    enum cfi_step step = cfi_step(frame, read_real, stack);
    if (step != CFI_NO_TABLE)
        return step == CFI_CALLER ? 0 : -1;
    return learn_returns_from_signal(frame->pc) ? step_from_signal(frame, stack) : step_by_frame_pointer(frame, stack);
}

/* By DWARF number: what is callee-saved, and where it stands in such a struct. */
static const struct {
    uint8_t number, offset;
} saved[] = {
#define X(number, name) {(number), offsetof(struct callee_saved, name)},
    ARCH_CALLEE_SAVED(X)
#undef X
};
enum { SAVED = sizeof saved / sizeof saved[0] };
enum { START_FRAMES = 2 }; /* of libc, between _start and main */

static struct cfi_frame frame_of(const struct callee_saved *from) {
    struct cfi_frame frame = {.pc = from->pc, .exact = 1, .unknown = (1ull << CFI_REGISTERS) - 1};
    for (size_t i = 0; i < SAVED; i++) {
        memcpy(&frame.reg[saved[i].number], (const char *)from + saved[i].offset, sizeof(uintptr_t));
        frame.unknown &= ~(1ull << saved[i].number);
    }
    return frame;
}

static void registers_of(const struct cfi_frame *frame, struct callee_saved *out) {
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < SAVED; i++)
        memcpy((char *)out + saved[i].offset, &frame->reg[saved[i].number], sizeof(uintptr_t));
    out->pc = frame->pc;
}

size_t unwind_slow(const struct callee_saved *from, uint64_t *frames, size_t max) {
    struct stack_part stack = own_stack(from);
    struct cfi_frame frame = frame_of(from);
    size_t count = 0;
    while (frame.pc && count < max) {
        frames[count] = frame.pc | (count && frame.exact ? FRAME_EXACT : 0);
        if (++count < max && step_real(&frame, &stack) != 0)
            break;
    }
    return count;
}

static int in_ranges(uintptr_t address, const struct range *ranges, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (address - ranges[i].lo < ranges[i].hi - ranges[i].lo)
            return 1;
    return 0;
}

int unwind_caller_of(const struct callee_saved *from, const struct range *functions, size_t count,
                     struct callee_saved *out) {
    struct stack_part stack = own_stack(from);
    struct cfi_frame frame = frame_of(from);
    for (int depth = 0; depth < CAPTURE_FRAMES_MAX && frame.pc; depth++) {
        int inside = in_ranges(frame.pc - (depth > 0), functions, count);
        if (step_real(&frame, &stack) != 0)
            return -1;
        if (inside) {
            registers_of(&frame, out);
            return 0;
        }
    }
    return -1;
}

int unwind_before_main(const struct callee_saved *from, const struct range *start, struct callee_saved *out) {
    uintptr_t lo, hi;
    module_span((const void *)start->lo, &lo, &hi);
    struct stack_part stack = own_stack(from);
    struct cfi_frame frame = frame_of(from);
    frame.exact = 0;
    for (int depth = 0; depth < START_FRAMES && frame.pc - 1 - lo < hi - lo; depth++) {
        int is_start = in_ranges(frame.pc - 1, start, 1);
        if (step_real(&frame, &stack) != 0)
            return -1;
        if (is_start) {
            registers_of(&frame, out);
            return 0;
        }
    }
    return -1;
}

int unwind_function(uintptr_t pc, uintptr_t *lo, uintptr_t *hi) {
    return cfi_function(pc, lo, hi);
}
