/* arch_x86_64.h - what arch.h promises, of this machine. */
#ifndef CASTAWAY_PRELOAD_ARCH_X86_64_H
#define CASTAWAY_PRELOAD_ARCH_X86_64_H

#include <emmintrin.h>

struct callee_saved {
    uintptr_t pc, sp;
    uintptr_t bx, bp, r12, r13, r14, r15;
};
/* Each by its DWARF number and its name. Source: System V ABI, AMD64 supplement, figure 3.36 */
#define ARCH_CALLEE_SAVED(X)                                                                                           \
    X(3, bx)                                                                                                           \
    X(6, bp)                                                                                                           \
    X(7, sp)                                                                                                           \
    X(12, r12)                                                                                                         \
    X(13, r13)                                                                                                         \
    X(14, r14)                                                                                                         \
    X(15, r15)                                                                                                         \
    X(16, pc)

#define ARCH_CALLER()                                                                                                  \
    ((struct caller){                                                                                                  \
        .pc = (uintptr_t)__builtin_return_address(0),                                                                  \
        .sp = (uintptr_t)__builtin_frame_address(0) + 2 * sizeof(uintptr_t),                                           \
        .bp = *(const uintptr_t *)__builtin_frame_address(0),                                                          \
    })

/* A frame that the frame pointer points at ends the frame that it is in: the caller's stack begins behind it. */
enum { ARCH_FRAME_ENDS_STACK = 1 };
/* Return addresses are stored as they are, and tables tell the way from a handler to what the signal broke off. */
enum { ARCH_SIGNS_RETURNS = 0, ARCH_TABLES_KNOW_SIGNALS = 1 };
static inline uintptr_t arch_return_address(uintptr_t stored) {
    return stored;
}

struct arch_sum {
    __m128i any, right; /* right: all bits of a half, as long as each was one of its two */
};
static inline __attribute__((always_inline)) __m128i arch_two_words(const uint64_t *low, const uint64_t *high) {
    __m128d first = _mm_load_sd((const void *)low);
    return _mm_castpd_si128(_mm_loadh_pd(first, (const void *)high));
}
/* Add what stands there. The halves of a word may be of different ones. one, two, weight: aligned */
static inline __attribute__((always_inline)) void
arch_sum_add(const uint64_t *const at[ARCH_WORDS], const uint64_t one[ARCH_WORDS], const uint64_t two[ARCH_WORDS],
             const uint64_t weight[ARCH_WORDS], struct arch_sum *sum) {
    __m128i low = arch_two_words(at[0], at[1]), high = arch_two_words(at[2], at[3]);
    __m128i low_two = _mm_cmpeq_epi32(low, *(const __m128i *)two);
    __m128i high_two = _mm_cmpeq_epi32(high, *(const __m128i *)(two + 2));
    low = _mm_or_si128(_mm_cmpeq_epi32(low, *(const __m128i *)one), low_two);
    high = _mm_or_si128(_mm_cmpeq_epi32(high, *(const __m128i *)(one + 2)), high_two);
    sum->any = _mm_or_si128(sum->any, _mm_and_si128(low_two, *(const __m128i *)weight));
    sum->any = _mm_or_si128(sum->any, _mm_and_si128(high_two, *(const __m128i *)(weight + 2)));
    sum->right = _mm_and_si128(sum->right, _mm_and_si128(low, high));
}
/* The same of places that have one word each, which adds nothing. */
static inline __attribute__((always_inline)) void arch_sum_same(const uint64_t *const at[ARCH_WORDS],
                                                                const uint64_t one[ARCH_WORDS], struct arch_sum *sum) {
    __m128i low = _mm_cmpeq_epi32(arch_two_words(at[0], at[1]), *(const __m128i *)one);
    __m128i high = _mm_cmpeq_epi32(arch_two_words(at[2], at[3]), *(const __m128i *)(one + 2));
    sum->right = _mm_and_si128(sum->right, _mm_and_si128(low, high));
}
static inline __attribute__((always_inline)) struct arch_sum arch_sum_none(void) {
    return (struct arch_sum){_mm_setzero_si128(), _mm_set1_epi32(-1)};
}
/* Was each half one of its two? */
static inline __attribute__((always_inline)) int arch_sum_is_right(struct arch_sum sum) {
    return _mm_movemask_epi8(sum.right) == 0xffff;
}
static inline __attribute__((always_inline)) uint32_t arch_sum_of(struct arch_sum sum) {
    __m128i half = _mm_or_si128(sum.any, _mm_shuffle_epi32(sum.any, 0x4e));
    return (uint32_t)_mm_cvtsi128_si32(half) | (uint32_t)((uint64_t)_mm_cvtsi128_si64(half) >> 32);
}

#define ARCH_VDSO_CLOCK "__vdso_clock_gettime"
enum { ARCH_RED_ZONE_BYTES = 128 };
enum { ARCH_SYS_FORK = SYS_fork };
static inline __attribute__((always_inline)) void arch_callee_saved(struct callee_saved *registers) {
    __asm__ volatile("lea 0(%%rip), %%rax\n\t"
                     "mov %%rax, 0(%0)\n\t"
                     "mov %%rsp, 8(%0)\n\t"
                     "mov %%rbx, 16(%0)\n\t"
                     "mov %%rbp, 24(%0)\n\t"
                     "mov %%r12, 32(%0)\n\t"
                     "mov %%r13, 40(%0)\n\t"
                     "mov %%r14, 48(%0)\n\t"
                     "mov %%r15, 56(%0)\n\t"
                     :
                     : "r"(registers)
                     : "rax", "memory");
}
static inline uintptr_t arch_thread_pointer(void) {
    uintptr_t base = 0;
    sys(SYS_arch_prctl, 0x1003 /* ARCH_GET_FS */, &base);
    return base;
}
/* The same for a thread that glibc made, without asking the kernel: its thread block begins with its own address. */
static inline uintptr_t arch_own_thread_pointer(void) {
    uintptr_t base;
    __asm__("mov %%fs:0, %0" : "=r"(base));
    return base;
}
/* Call function(argument) on another stack that ends at `top` (16-byte aligned). */
static inline void arch_call_on_stack(void *top, void (*function)(void *), void *argument) {
    register void *kept __asm__("rbx");
    __asm__ volatile("mov %%rsp, %%rbx\n\t"
                     "mov %[top], %%rsp\n\t"
                     "call *%[function]\n\t"
                     "mov %%rbx, %%rsp\n\t"
                     : "=&r"(kept), "+D"(argument)
                     : [top] "r"(top), [function] "r"(function)
                     : "rax", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory", "cc");
}
/* Start a thread that calls function(argument) on the stack that ends at `top` (16-byte aligned) and ends. `cleared` is for
 * CLONE_CHILD_CLEARTID. returns its id or negative errno */
static inline long arch_clone_thread(long flags, void *top, int *cleared, void (*function)(void *), void *argument) {
    void **stack = (void **)top - 2;
    stack[0] = (void *)function;
    stack[1] = argument;
    long result;
    register int *r10 __asm__("r10") = cleared;
    register long r8 __asm__("r8") = 0;
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "pop %%rax\n\t"
                     "pop %%rdi\n\t"
                     "call *%%rax\n\t"
                     "mov %[exit], %%eax\n\t"
                     "xor %%edi, %%edi\n\t"
                     "syscall\n\t"
                     "1:\n\t"
                     : "=a"(result)
                     : "0"((long)SYS_clone), "D"(flags), "S"(stack), "d"(0), "r"(r10), "r"(r8), [exit] "i"(SYS_exit)
                     : "rcx", "r11", "memory", "cc");
    return result;
}
/* Clear the registers that no caller relies on, so that what a call left in them is not taken for the program's.
 * Source: System V ABI, AMD64 supplement, "Registers"; CPUID leaf 1 for AVX, whose halves pxor would leave */
static inline void arch_clear_scratch(void) {
    uint32_t a = 1, b, c, d;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
    if ((c >> 27 & 3) == 3)
        __asm__ volatile("vzeroall" ::
                             : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
                               "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
    else
        __asm__ volatile(
            "pxor %%xmm0, %%xmm0\n\tpxor %%xmm1, %%xmm1\n\tpxor %%xmm2, %%xmm2\n\tpxor %%xmm3, %%xmm3\n\t"
            "pxor %%xmm4, %%xmm4\n\tpxor %%xmm5, %%xmm5\n\tpxor %%xmm6, %%xmm6\n\tpxor %%xmm7, %%xmm7\n\t" ::
                : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
    __asm__ volatile("xor %%r8d, %%r8d\n\txor %%r9d, %%r9d\n\txor %%r10d, %%r10d\n\txor %%r11d, %%r11d\n\t" ::
                         : "r8", "r9", "r10", "r11");
}
static inline uintptr_t arch_context_sp(const ucontext_t *context) {
    return (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
}
static inline uintptr_t arch_context_pc(const ucontext_t *context) {
    return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
}
/* The registers in a signal frame: general ones, then vectors, how many bytes of which are there.
 * Source: Linux, arch/x86/include/uapi/asm/sigcontext.h */
static inline uintptr_t arch_context_end(const ucontext_t *context) {
    return (uintptr_t)(&context->uc_mcontext + 1);
}
static inline uintptr_t arch_context_vectors(const ucontext_t *context, uint32_t *bytes) {
    const char *state = (const char *)context->uc_mcontext.fpregs;
    *bytes = 0;
    if (state)
        *bytes = *(const uint32_t *)(state + 464) == 0x46505853 ? *(const uint32_t *)(state + 468) : 512;
    return (uintptr_t)state;
}
/* Is this the code that a signal handler returns to? Source: libunwind, x86_64/Gos-linux.c; mov $15,%rax; syscall */
static inline int arch_is_signal_return(uintptr_t pc) {
    return __builtin_memcmp((const void *)pc, "\x48\xc7\xc0\x0f\x00\x00\x00\x0f\x05", 9) == 0;
}
/* Where in the ucontext_t, which its stack pointer points at, a register stands; by DWARF number. */
static inline uintptr_t arch_context_offset(unsigned number) {
    static const uint8_t places[] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
                                     REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
    return offsetof(ucontext_t, uc_mcontext.gregs) + places[number] * sizeof(greg_t);
}

#endif
