/* stub.h - small pieces of code that stand before functions of the program's, each for one function.
 *
 * A stub keeps every register in which an argument or a result can lie: the general ones, those of vectors as wide as the
 * processor has them in use, the count of vectors that a variadic call passes, the static chain. What a function has on
 * the stack stays where it is: the stub jumps to it. Only where the result is wanted it calls it, with a copy of the
 * stack's arguments below its own frame; unwinding passes through. */
#ifndef CASTAWAY_PRELOAD_STUB_H
#define CASTAWAY_PRELOAD_STUB_H

#include "arch.h"

enum { STUB_ARGUMENTS = 6 };

/* One of stub_calls. The code in stub.c knows its layout and its size. */
struct stub_call {
    void *function;        /* that it stands before; NULL: free */
    uint32_t wants_result; /* stub_after() is to be called */
    uint32_t rule;         /* the owner's */
    char unused[48];
};

/* Registers as the caller left them, where the stub's code puts them. */
struct stub_frame {
    uintptr_t argument[STUB_ARGUMENTS]; /* those that are integers or pointers */
    uintptr_t kept[4];                  /* vector count, static chain, call, vector state */
    uintptr_t result[2];
    const uintptr_t *frame; /* saved frame pointer, return address, stack arguments */
};
static inline struct caller stub_caller(const struct stub_frame *frame) {
    return (struct caller){.pc = frame->frame[1], .sp = (uintptr_t)(frame->frame + 2), .bp = frame->frame[0]};
}

/* Learn what the processor has. Call before the first stub is handed out. */
void stub_init(void);

/* The stub before `function` for `rule`, made if there is none. returns NULL: there is no room, or no code for this
 * machine. context: no two at a time */
void *stub_for(void *function, uint32_t rule, int wants_result);
int stub_is(uintptr_t address); /* is it one of ours? */

/* For functions that are changed themselves: what is called instead of `beginning`, where the function's first instructions
 * stand now; NULL: there is no room. The changed function jumps to stub_patched_enter() with the call in r11, and with r11 as
 * it was 24 bytes below the stack pointer. */
int stub_can_patch(void);
const void *stub_patched_enter(void);
const struct stub_call *stub_patched(void *beginning, uint32_t rule, int wants_result);

/* What the owner does when a stub is called; both keep errno. context: the program's call, any thread */
void stub_before(const struct stub_call *call, const struct stub_frame *frame);
void stub_after(const struct stub_call *call, const struct stub_frame *frame);

#endif
