/* arch_aarch64.h - what arch.h promises, of this machine. */
#ifndef CASTAWAY_PRELOAD_ARCH_AARCH64_H
#define CASTAWAY_PRELOAD_ARCH_AARCH64_H

struct callee_saved {
    uintptr_t pc, sp;
    uintptr_t x19, x20, x21, x22, x23, x24, x25, x26, x27, x28, x29, x30;
};
/* Each by its DWARF number and its name. Source: DWARF for the Arm 64-bit architecture, 4.1 */
#define ARCH_CALLEE_SAVED(X)                                                                                           \
    X(19, x19)                                                                                                         \
    X(20, x20)                                                                                                         \
    X(21, x21)                                                                                                         \
    X(22, x22)                                                                                                         \
    X(23, x23)                                                                                                         \
    X(24, x24)                                                                                                         \
    X(25, x25)                                                                                                         \
    X(26, x26)                                                                                                         \
    X(27, x27)                                                                                                         \
    X(28, x28)                                                                                                         \
    X(29, x29)                                                                                                         \
    X(30, x30)                                                                                                         \
    X(31, sp)                                                                                                          \
    X(32, pc)

/* A frame record, {frame pointer, return address} of the caller, stands anywhere in a frame, most often at its lower end. */
#define ARCH_CALLER()                                                                                                  \
    ((struct caller){                                                                                                  \
        .pc = (uintptr_t)__builtin_return_address(0),                                                                  \
        .sp = (uintptr_t)__builtin_dwarf_cfa(),                                                                        \
        .bp = *(const uintptr_t *)__builtin_frame_address(0),                                                          \
    })

/* So where the caller's stack begins, it does not tell. */
enum { ARCH_FRAME_ENDS_STACK = 0 };
/* The kernel has a table for the code that a handler returns to, but it leads past the function that the signal broke off,
 * and tells no stack pointer. Source: Linux, arch/arm64/kernel/vdso/sigreturn.S */
enum { ARCH_SIGNS_RETURNS = 1, ARCH_TABLES_KNOW_SIGNALS = 0 };

/* The address that was signed (-mbranch-protection) before it was stored, or `stored`, if it was not. The instruction
 * does nothing where processors don't sign. */
static inline uintptr_t arch_return_address(uintptr_t stored) {
    register uintptr_t x30 __asm__("x30") = stored;
    __asm__("hint #7" : "+r"(x30)); /* xpaclri */
    return x30;
}

struct arch_sum {
    uint64_t any;
    int is_wrong;
};
static inline void arch_sum_add(const uint64_t *const at[ARCH_WORDS], const uint64_t one[ARCH_WORDS],
                                const uint64_t two[ARCH_WORDS], const uint64_t weight[ARCH_WORDS],
                                struct arch_sum *sum) {
    for (unsigned i = 0; i < ARCH_WORDS; i++) {
        uint64_t now = *at[i];
        sum->is_wrong |= (now != one[i]) & (now != two[i]);
        sum->any |= now == two[i] ? weight[i] : 0;
    }
}
static inline void arch_sum_same(const uint64_t *const at[ARCH_WORDS], const uint64_t one[ARCH_WORDS],
                                 struct arch_sum *sum) {
    for (unsigned i = 0; i < ARCH_WORDS; i++)
        sum->is_wrong |= *at[i] != one[i];
}
static inline struct arch_sum arch_sum_none(void) {
    return (struct arch_sum){0};
}
static inline int arch_sum_is_right(struct arch_sum sum) {
    return !sum.is_wrong;
}
static inline uint32_t arch_sum_of(struct arch_sum sum) {
    return (uint32_t)sum.any | (uint32_t)(sum.any >> 32);
}

#define ARCH_VDSO_CLOCK "__kernel_clock_gettime"
enum { ARCH_SYS_FORK = -1 /* there is none */ };
enum { ARCH_RED_ZONE_BYTES = 0 };
static inline __attribute__((always_inline)) void arch_callee_saved(struct callee_saved *registers) {
    __asm__ volatile("adr x9, .\n\t"
                     "mov x10, sp\n\t"
                     "stp x9, x10, [%0]\n\t"
                     "stp x19, x20, [%0, #16]\n\t"
                     "stp x21, x22, [%0, #32]\n\t"
                     "stp x23, x24, [%0, #48]\n\t"
                     "stp x25, x26, [%0, #64]\n\t"
                     "stp x27, x28, [%0, #80]\n\t"
                     "stp x29, x30, [%0, #96]\n\t"
                     :
                     : "r"(registers)
                     : "x9", "x10", "memory");
}
static inline uintptr_t arch_thread_pointer(void) {
    return (uintptr_t)__builtin_thread_pointer();
}
static inline uintptr_t arch_own_thread_pointer(void) {
    return (uintptr_t)__builtin_thread_pointer();
}
#define ARCH_SCRATCH_VECTORS                                                                                           \
    "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24",     \
        "v25", "v26", "v27", "v28", "v29", "v30", "v31"
/* Call function(argument) on another stack that ends at `top` (16-byte aligned). */
static inline void arch_call_on_stack(void *top, void (*function)(void *), void *argument) {
    register void *kept __asm__("x19");
    register void *x0 __asm__("x0") = argument;
    __asm__ volatile("mov %[kept], sp\n\t"
                     "mov sp, %[top]\n\t"
                     "blr %[function]\n\t"
                     "mov sp, %[kept]\n\t"
                     : [kept] "=&r"(kept), "+r"(x0)
                     : [top] "r"(top), [function] "r"(function)
                     : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
                       "x16", "x17", "x18", "x30", ARCH_SCRATCH_VECTORS, "memory", "cc");
}
/* Start a thread that calls function(argument) on the stack that ends at `top` (16-byte aligned) and ends. `cleared` is for
 * CLONE_CHILD_CLEARTID. returns its id or negative errno */
static inline long arch_clone_thread(long flags, void *top, int *cleared, void (*function)(void *), void *argument) {
    void **stack = (void **)top - 2;
    stack[0] = (void *)function;
    stack[1] = argument;
    register long x8 __asm__("x8") = SYS_clone;
    register long x0 __asm__("x0") = flags;
    register void **x1 __asm__("x1") = stack;
    register long x2 __asm__("x2") = 0;
    register long x3 __asm__("x3") = 0;
    register int *x4 __asm__("x4") = cleared;
    __asm__ volatile("svc 0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, xzr\n\t"
                     "ldp x1, x0, [sp], #16\n\t"
                     "blr x1\n\t"
                     "mov x8, %[exit]\n\t"
                     "mov x0, xzr\n\t"
                     "svc 0\n\t"
                     "1:\n\t"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), [exit] "i"(SYS_exit)
                     : "memory", "cc");
    return x0;
}
/* Clear the registers that no caller relies on, so that what a call left in them is not taken for the program's.
 * Source: Procedure Call Standard for the Arm 64-bit Architecture, 6.1 */
static inline void arch_clear_scratch(void) {
    __asm__ volatile(
        ".irp n, 0,1,2,3,4,5,6,7,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n\tmovi v\\n\\().2d, #0\n\t.endr\n\t"
        ".irp n, 9,10,11,12,13,14,15,16,17,18\n\tmov x\\n, xzr\n\t.endr\n\t" ::
            : "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", ARCH_SCRATCH_VECTORS);
}
static inline uintptr_t arch_context_sp(const ucontext_t *context) {
    return (uintptr_t)context->uc_mcontext.sp;
}
static inline uintptr_t arch_context_pc(const ucontext_t *context) {
    return (uintptr_t)context->uc_mcontext.pc;
}
/* The registers in a signal frame: general ones, and records of others behind them, {what, bytes, ...}, up to one of nothing;
 * then those for which there was no room. Source: Linux, arch/arm64/include/uapi/asm/sigcontext.h */
static inline const uint32_t *arch_context_record(const ucontext_t *context, uint32_t what) {
    const char *at = (const char *)context->uc_mcontext.__reserved, *end = at + sizeof context->uc_mcontext.__reserved;
    const uint32_t *record = (const uint32_t *)at;
    while (record[0] != what && record[0] && record[1] >= 16 && record[1] <= end - at - 16) {
        at += record[1];
        record = (const uint32_t *)at;
    }
    return record;
}
static inline uintptr_t arch_context_end(const ucontext_t *context) {
    return (uintptr_t)arch_context_record(context, 0);
}
static inline uintptr_t arch_context_vectors(const ucontext_t *context, uint32_t *bytes) {
    enum { EXTRA = 0x45585401 };
    const uint32_t *record = arch_context_record(context, EXTRA);
    int is_there = record[0] == EXTRA && record[1] >= 24;
    *bytes = is_there ? record[4] : 0;
    return is_there ? *(const uint64_t *)(const void *)(record + 2) : 0;
}
/* Is this the code that a signal handler returns to? mov x8, #139; svc #0. Source: as above */
static inline int arch_is_signal_return(uintptr_t pc) {
    return __builtin_memcmp((const void *)pc, "\x68\x11\x80\xd2\x01\x00\x00\xd4", 8) == 0;
}
/* Where above the stack pointer of that code a register stands; by DWARF number: x0 to x30, sp and pc in a row.
 * Source: Linux, arch/arm64/kernel/signal.c, struct rt_sigframe; include/uapi/asm/sigcontext.h */
static inline uintptr_t arch_context_offset(unsigned number) {
    return sizeof(siginfo_t) + offsetof(ucontext_t, uc_mcontext.regs) + number * sizeof(uint64_t);
}

#endif
