/* stub.c - code that stands before functions; x86-64. There is none for other machines: stub_for() refuses.
 *
 * All stubs are there from the start, in our own text: nothing is made executable while the program runs, which hardened
 * systems forbid. A stub loads the address of its entry in stub_calls into r11, which belongs to nobody between a call and
 * the function called, and jumps to the common part.
 *
 * Owns:    the stubs and their entries.
 * Never:   changes what the function or its caller may look at: arguments, results; of a patched one any register.
 * Start:   castaway_stub_enter. Layout of what is kept: struct stub_frame, then at 128 eight vectors of up to 64 bytes. */
#include "stub.h"

#include <errno.h>
#include <stddef.h>

#define FOR_CODE __attribute__((visibility("hidden"), used)) /* the stubs name it */

#if defined(__x86_64__)
enum { STUBS_MAX = 1024, STUB_BYTES = 16 };
_Static_assert(sizeof(struct stub_call) == 64, "the code multiplies by it");
_Static_assert(offsetof(struct stub_call, wants_result) == 8, "the code reads it");
_Static_assert(offsetof(struct stub_frame, kept) == 48 && offsetof(struct stub_frame, result) == 80 &&
                   offsetof(struct stub_frame, frame) == 96,
               "the code writes them");

FOR_CODE struct stub_call castaway_stub_calls[STUBS_MAX];
FOR_CODE uint32_t castaway_stub_vectors; /* parts of XCR0 that hold wide vectors: 0, 4 (256 bits), 0x44 (512 bits) */
FOR_CODE size_t castaway_stub_before(const struct stub_call *call, struct stub_frame *frame);
FOR_CODE void castaway_stub_after(const struct stub_call *call, struct stub_frame *frame);
extern __attribute__((visibility("hidden"))) char castaway_stubs[], castaway_stub_enter_patched[];
static int has_xsave;

/* Vectors that are not in use beyond 128 bits are kept as such: to load all of a wide one makes it count as used, which
 * slows down what follows. Whether they are, the processor says where it has 512 bits; else we look, which is faster. */
__asm__(".macro castaway_vectors_save base\n"
        "    mov castaway_stub_vectors(%rip), %eax\n"
        "    test $0x40, %al\n"
        "    jnz 5f\n"
        "    test $4, %al\n"
        "    jz 1f\n"
        "    vorps %ymm0, %ymm1, %ymm8\n" /* xmm8 and above belong to nobody here */
        "    .irp n, 2,3,4,5,6,7\n"
        "    vorps %ymm\\n, %ymm8, %ymm8\n"
        "    .endr\n"
        "    vextractf128 $1, %ymm8, %xmm8\n"
        "    vptest %xmm8, %xmm8\n"
        "    jnz 2f\n"
        "    vzeroupper\n"
        "    xor %eax, %eax\n"
        "    jmp 1f\n"
        "5:  mov $1, %ecx\n"
        "    xgetbv\n"
        "    and castaway_stub_vectors(%rip), %eax\n"
        "    test $0x40, %al\n"
        "    jnz 3f\n"
        "    test $4, %al\n"
        "    jnz 2f\n"
        "1:  mov %rax, 72(\\base)\n"
        "    .irp n, 0,1,2,3,4,5,6,7\n"
        "    movaps %xmm\\n, 128+64*\\n(\\base)\n"
        "    .endr\n"
        "    jmp 4f\n"
        "2:  mov %rax, 72(\\base)\n"
        "    .irp n, 0,1,2,3,4,5,6,7\n"
        "    vmovdqa %ymm\\n, 128+64*\\n(\\base)\n"
        "    .endr\n"
        "    jmp 4f\n"
        "3:  mov %rax, 72(\\base)\n"
        "    .irp n, 0,1,2,3,4,5,6,7\n"
        "    vmovdqa64 %zmm\\n, 128+64*\\n(\\base)\n"
        "    .endr\n"
        "4:\n"
        ".endm\n"
        ".macro castaway_vectors_restore base\n"
        "    mov 72(\\base), %rax\n"
        "    test $0x40, %al\n"
        "    jnz 3f\n"
        "    test $4, %al\n"
        "    jnz 2f\n"
        "    .irp n, 0,1,2,3,4,5,6,7\n"
        "    movaps 128+64*\\n(\\base), %xmm\\n\n"
        "    .endr\n"
        "    jmp 4f\n"
        "2:  .irp n, 0,1,2,3,4,5,6,7\n"
        "    vmovdqa 128+64*\\n(\\base), %ymm\\n\n"
        "    .endr\n"
        "    jmp 4f\n"
        "3:  .irp n, 0,1,2,3,4,5,6,7\n"
        "    vmovdqa64 128+64*\\n(\\base), %zmm\\n\n"
        "    .endr\n"
        "4:\n"
        ".endm\n");

/* What both entries have in common. The frame is at rbx; `bytes` hold it and what aligns it. */
__asm__(".macro castaway_frame_enter bytes\n"
        "    push %rbp\n"
        "    .cfi_def_cfa_offset 16\n"
        "    .cfi_offset %rbp, -16\n"
        "    mov %rsp, %rbp\n"
        "    .cfi_def_cfa_register %rbp\n"
        "    push %rbx\n"
        "    .cfi_offset %rbx, -24\n"
        "    sub $\\bytes, %rsp\n"
        "    and $-64, %rsp\n"
        "    mov %rsp, %rbx\n"
        "    mov %rdi, 0(%rbx)\n"
        "    mov %rsi, 8(%rbx)\n"
        "    mov %rdx, 16(%rbx)\n"
        "    mov %rcx, 24(%rbx)\n"
        "    mov %r8, 32(%rbx)\n"
        "    mov %r9, 40(%rbx)\n"
        "    mov %rax, 48(%rbx)\n"
        "    mov %r10, 56(%rbx)\n"
        "    mov %r11, 64(%rbx)\n"
        "    mov %rbp, 96(%rbx)\n"
        ".endm\n"
        ".macro castaway_frame_leave\n"
        "    mov -8(%rbp), %rbx\n"
        "    .cfi_restore %rbx\n"
        "    leave\n"
        "    .cfi_def_cfa %rsp, 8\n"
        "    .cfi_restore %rbp\n"
        ".endm\n"
        ".macro castaway_arguments_restore base\n"
        "    mov 0(\\base), %rdi\n"
        "    mov 8(\\base), %rsi\n"
        "    mov 16(\\base), %rdx\n"
        "    mov 24(\\base), %rcx\n"
        "    mov 32(\\base), %r8\n"
        "    mov 40(\\base), %r9\n"
        "    mov 48(\\base), %rax\n"
        "    mov 56(\\base), %r10\n"
        "    mov 64(\\base), %r11\n"
        ".endm\n"
        ".macro castaway_stack_arguments_copy\n" /* rax: their bytes, a multiple of 16 */
        "    mov %rax, %rcx\n"
        "    sub %rax, %rsp\n"
        "    lea 16(%rbp), %rsi\n"
        "    mov %rsp, %rdi\n"
        "    shr $3, %rcx\n"
        "    rep movsq\n"
        ".endm\n");

__asm__(".text\n"
        ".p2align 6\n"
        ".type castaway_stub_enter, @function\n"
        "castaway_stub_enter:\n"
        "    .cfi_startproc\n"
        "    castaway_frame_enter 648\n"
        "    castaway_vectors_save %rbx\n"
        "    mov %r11, %rdi\n"
        "    mov %rbx, %rsi\n"
        "    call castaway_stub_before\n"
        "    mov 64(%rbx), %r11\n"
        "    cmpl $0, 8(%r11)\n"
        "    jne castaway_stub_call\n"
        "    castaway_vectors_restore %rbx\n"
        "    castaway_arguments_restore %rbx\n"
        "    .cfi_remember_state\n"
        "    castaway_frame_leave\n"
        "    jmp *(%r11)\n"
        "    .cfi_restore_state\n"
        "castaway_stub_call:\n"
        "    castaway_stack_arguments_copy\n"
        "    castaway_vectors_restore %rbx\n"
        "    castaway_arguments_restore %rbx\n"
        "    call *(%r11)\n"
        "    mov %rbx, %rsp\n"
        "    mov %rax, 80(%rbx)\n"
        "    mov %rdx, 88(%rbx)\n"
        "    castaway_vectors_save %rbx\n"
        "    mov 64(%rbx), %rdi\n"
        "    mov %rbx, %rsi\n"
        "    call castaway_stub_after\n"
        "    castaway_vectors_restore %rbx\n"
        "    mov 80(%rbx), %rax\n"
        "    mov 88(%rbx), %rdx\n"
        "    castaway_frame_leave\n"
        "    ret\n"
        "    .cfi_endproc\n"
        ".size castaway_stub_enter, .-castaway_stub_enter\n"
        ".p2align 6\n"
        ".hidden castaway_stubs\n"
        ".globl castaway_stubs\n"
        ".type castaway_stubs, @function\n"
        "castaway_stubs:\n"
        "    .cfi_startproc\n"
        ".set castaway_stub_number, 0\n"
        ".rept 1024\n"
        "    .p2align 4\n"
        "    endbr64\n"
        "    lea castaway_stub_calls+64*castaway_stub_number(%rip), %r11\n"
        "    jmp castaway_stub_enter\n"
        ".set castaway_stub_number, castaway_stub_number+1\n"
        ".endr\n"
        "    .cfi_endproc\n"
        ".size castaway_stubs, .-castaway_stubs\n");

/* The same for functions that were changed themselves (patch.c). Their callers may know which registers the function leaves
 * alone, so all are kept: vectors by xsave, whose area is at 128, 2688 bytes with all that 0xe6 asks for (those of 128, 256
 * and 512 bits, and masks). r11 comes 24 bytes below the stack pointer. Source: Intel SDM, vol. 1, 13.4, 13.7 */
__asm__(".macro castaway_all_save base\n"
        "    xor %eax, %eax\n"
        "    .irp n, 0,8,16,24,32,40,48,56\n" /* the header must be zero where it is not written */
        "    mov %rax, 128+512+\\n(\\base)\n"
        "    .endr\n"
        "    mov $0xe6, %eax\n"
        "    xor %edx, %edx\n"
        "    xsave64 128(\\base)\n"
        ".endm\n"
        ".macro castaway_all_restore base\n"
        "    mov $0xe6, %eax\n"
        "    xor %edx, %edx\n"
        "    xrstor64 128(\\base)\n"
        ".endm\n"
        ".text\n"
        ".p2align 6\n"
        ".hidden castaway_stub_enter_patched\n"
        ".globl castaway_stub_enter_patched\n"
        ".type castaway_stub_enter_patched, @function\n"
        "castaway_stub_enter_patched:\n"
        "    .cfi_startproc\n"
        "    endbr64\n"
        "    castaway_frame_enter 2880\n"
        "    castaway_all_save %rbx\n"
        "    mov 64(%rbx), %rdi\n"
        "    mov %rbx, %rsi\n"
        "    call castaway_stub_before\n"
        "    mov 64(%rbx), %r11\n"
        "    mov (%r11), %r10\n"
        "    cmpl $0, 8(%r11)\n"
        "    jne castaway_stub_call_patched\n"
        "    mov %r10, -24(%rbp)\n" /* 32 below the stack pointer as it will be: a signal leaves 128 alone */
        "    castaway_all_restore %rbx\n"
        "    castaway_arguments_restore %rbx\n"
        "    mov -16(%rbp), %r11\n"
        "    .cfi_remember_state\n"
        "    castaway_frame_leave\n"
        "    jmp *-32(%rsp)\n"
        "    .cfi_restore_state\n"
        "castaway_stub_call_patched:\n"
        "    mov %r10, 104(%rbx)\n"
        "    castaway_stack_arguments_copy\n"
        "    castaway_all_restore %rbx\n"
        "    castaway_arguments_restore %rbx\n"
        "    mov -16(%rbp), %r11\n"
        "    call *104(%rbx)\n"
        "    mov %rbx, %rsp\n"
        "    mov %rdi, 0(%rbx)\n"
        "    mov %rsi, 8(%rbx)\n"
        "    mov %rcx, 24(%rbx)\n"
        "    mov %r8, 32(%rbx)\n"
        "    mov %r9, 40(%rbx)\n"
        "    mov %r10, 56(%rbx)\n"
        "    mov %r11, 104(%rbx)\n"
        "    mov %rax, 80(%rbx)\n"
        "    mov %rdx, 88(%rbx)\n"
        "    castaway_all_save %rbx\n"
        "    mov 64(%rbx), %rdi\n"
        "    mov %rbx, %rsi\n"
        "    call castaway_stub_after\n"
        "    castaway_all_restore %rbx\n"
        "    castaway_arguments_restore %rbx\n"
        "    mov 104(%rbx), %r11\n"
        "    mov 80(%rbx), %rax\n"
        "    mov 88(%rbx), %rdx\n"
        "    castaway_frame_leave\n"
        "    ret\n"
        "    .cfi_endproc\n"
        ".size castaway_stub_enter_patched, .-castaway_stub_enter_patched\n");

/* Source: Intel SDM, vol. 1, 13.2 and 13.6: CPUID leaf 1 ECX bit 27 (the system has enabled XCR0), leaf 0xD subleaf 1 EAX
 * bit 2 (XGETBV with ECX = 1, which every processor with 512 bits has). */
void stub_init(void) {
    uint32_t a, b, c, d, low, high;
    __asm__("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(1), "c"(0));
    has_xsave = c >> 27 & 1;
    if (!has_xsave)
        return;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    __asm__("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(0xd), "c"(1));
    castaway_stub_vectors = low & (a >> 2 & 1 ? 0x44 : 4);
}

/* ---- which stub ---- */

static uint32_t used;

/* returns its number; STUBS_MAX: there is no room */
static uint32_t number_of(void *function, uint32_t rule, int wants_result) {
    uint32_t number = 0;
    while (number < used &&
           (castaway_stub_calls[number].function != function || castaway_stub_calls[number].rule != rule))
        number++;
    if (number == used && used < STUBS_MAX) {
        castaway_stub_calls[number] =
            (struct stub_call){.function = function, .wants_result = wants_result != 0, .rule = rule};
        used++;
    }
    return number;
}

void *stub_for(void *function, uint32_t rule, int wants_result) {
    uint32_t number = number_of(function, rule, wants_result);
    return number < STUBS_MAX ? castaway_stubs + (size_t)number * STUB_BYTES : NULL;
}

int stub_can_patch(void) {
    return has_xsave;
}
const void *stub_patched_enter(void) {
    return castaway_stub_enter_patched;
}
const struct stub_call *stub_patched(void *beginning, uint32_t rule, int wants_result) {
    uint32_t number = number_of(beginning, rule, wants_result);
    return number < STUBS_MAX ? &castaway_stub_calls[number] : NULL;
}

int stub_is(uintptr_t address) {
    return address - (uintptr_t)castaway_stubs < (uintptr_t)STUBS_MAX * STUB_BYTES;
}

/* ---- called by the code above ---- */

enum { STACK_BYTES_MAX = 256, PAGE = 4096 };

/* How much to copy is not known: as much as may be there. A stack that ends on this page (a coroutine's) is not left. */
static size_t stack_bytes(uintptr_t lo) {
    uintptr_t page_end = (lo | (PAGE - 1)) + 1;
    if (page_end - lo >= STACK_BYTES_MAX || sys_can_read((const void *)page_end))
        return STACK_BYTES_MAX;
    return (page_end - lo) & ~(size_t)15;
}

size_t castaway_stub_before(const struct stub_call *call, struct stub_frame *frame) {
    stub_before(call, frame);
    return call->wants_result ? stack_bytes((uintptr_t)(frame->frame + 2)) : 0;
}

void castaway_stub_after(const struct stub_call *call, struct stub_frame *frame) {
    stub_after(call, frame);
}

#else

void stub_init(void) {
}
void *stub_for(void *function, uint32_t rule, int wants_result) {
    (void)function, (void)rule, (void)wants_result;
    return NULL;
}
int stub_is(uintptr_t address) {
    (void)address;
    return 0;
}

#endif
