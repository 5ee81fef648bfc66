/* arch.h - machine facts of registers and stacks: x86-64, and aarch64. */
#ifndef CASTAWAY_PRELOAD_ARCH_H
#define CASTAWAY_PRELOAD_ARCH_H

#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

#include "sys.h"

/* A variable of ours, declared so that it is reached without a look into a table of addresses. */
#define HIDDEN __attribute__((visibility("hidden")))

/* The caller of the function that ARCH_CALLER() stands in, as it will be after the return. The function keeps a frame
 * pointer then. */
struct caller {
    uintptr_t pc, sp, bp;
};

/* Four words at a time, each of which is one of two. A weight is two numbers of 32 bits, for the halves of a word; a sum has
 * those of all halves that were the second one's. */
enum { ARCH_WORDS = 4, ARCH_WORDS_ALIGNMENT = 16 };

/* Its pc, read from the frame where this stands: no register is needed for it until then. */
#define ARCH_CALLER_AGAIN()                                                                                            \
    __extension__({                                                                                                    \
        const uintptr_t *frame = __builtin_frame_address(0);                                                           \
        __asm__("" : "+r"(frame));                                                                                     \
        arch_return_address(frame[1]);                                                                                 \
    })

/* Each brings the same: struct callee_saved, which is what a walk needs to begin in the middle of a call chain, struct
 * arch_sum, ARCH_* and arch_*(). */
#if defined(__x86_64__)
#include "arch_x86_64.h"
#else
#include "arch_aarch64.h"
#endif

#endif
