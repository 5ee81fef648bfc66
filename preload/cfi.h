/* cfi.h - from a frame to its caller, as unwind tables tell it, in any address space. */
#ifndef CASTAWAY_PRELOAD_CFI_H
#define CASTAWAY_PRELOAD_CFI_H

#include <stdint.h>

/* Registers by their DWARF numbers. Source: System V ABI, AMD64 supplement, figure 3.36; DWARF for the Arm 64-bit
 * architecture, 4.1 */
#if defined(__x86_64__)
enum { CFI_BP = 6, CFI_SP = 7, CFI_PC = 16, CFI_REGISTERS = 17 };
#else
enum { CFI_BP = 29, CFI_SP = 31, CFI_PC = 32, CFI_REGISTERS = 33 };
#endif

struct cfi_frame {
    uintptr_t pc;
    uintptr_t reg[CFI_REGISTERS]; /* 0 where it is not known */
    uint64_t unknown;             /* a bit for each register */
    int exact;                    /* pc was interrupted there: it is no return address */
    int is_signed;                /* pc was, where it was stored (arch_return_address()) */
};

/* A word of the address space. returns 0, or -1: there is none */
typedef int cfi_read_cb(void *context, uintptr_t address, uintptr_t *word);

enum cfi_step {
    CFI_CALLER,   /* the frame is the caller's now */
    CFI_END,      /* there is none */
    CFI_NO_TABLE, /* nothing is said of this code */
    CFI_FAILED,   /* what is said can't be read or followed; the frame is as it was */
};

/* One step. Tables are read where they are mapped: no lock is taken, and they stay for as long as their module does.
 * context  any: no memory is asked for */
enum cfi_step cfi_step(struct cfi_frame *frame, cfi_read_cb *read, void *context);

/* The code of the function that contains `pc`, by the table. returns 0, or -1: nothing is said of it */
int cfi_function(uintptr_t pc, uintptr_t *lo, uintptr_t *hi);

#endif
