/* purpose: a frame without unwind data, whose frame pointer leads to an address where no code is, ends the stack and does no harm
 *
 * no rule fits this stack: by_rbx tells where its caller's stack is by a register that no rule knows.
 * flags: -O0 -O2 -O2:-fomit-frame-pointer
 * expect: lost=1/48
 * finding: kind=lost bytes=48 frame=dropping frame=by_rbx frame=without_data
 */
#include "program.h"

#if defined(__x86_64__)
void without_data(void (*callback)(void));

/* The two frames that rbp leads to: one that goes on to a second, whose return address lies nowhere either. */
__asm__(".text\n\t"
        ".type by_rbx, @function\n"
        "by_rbx:\n\t"
        ".cfi_startproc\n\t"
        "push %rbx\n\t"
        ".cfi_def_cfa_offset 16\n\t"
        ".cfi_offset rbx, -16\n\t"
        "mov %rsp, %rbx\n\t"
        ".cfi_def_cfa rbx, 16\n\t"
        "sub $64, %rsp\n\t"
        "call *%rdi\n\t"
        "mov %rbx, %rsp\n\t"
        ".cfi_def_cfa rsp, 16\n\t"
        "pop %rbx\n\t"
        ".cfi_def_cfa_offset 8\n\t"
        "ret\n\t"
        ".cfi_endproc\n\t"
        ".size by_rbx, . - by_rbx\n\t"
        ".globl without_data\n\t"
        ".type without_data, @function\n"
        "without_data:\n\t"
        "push %rbp\n\t"
        "sub $32, %rsp\n\t"
        "lea 16(%rsp), %rax\n\t"
        "mov %rax, (%rsp)\n\t"
        "movabs $0x500000000000, %rax\n\t"
        "mov %rax, 8(%rsp)\n\t"
        "movq $0x10, 16(%rsp)\n\t"
        "mov %rax, 24(%rsp)\n\t"
        "mov %rsp, %rbp\n\t"
        "call by_rbx\n\t"
        "add $32, %rsp\n\t"
        "pop %rbp\n\t"
        "ret\n\t"
        ".size without_data, . - without_data\n");
#else
static NOINLINE void by_rbx(void (*callback)(void)) {
    callback();
    __asm__ volatile(""); /* no tail call */
}
static NOINLINE void without_data(void (*callback)(void)) {
    by_rbx(callback);
    __asm__ volatile("");
}
#endif

static NOINLINE void dropping(void) {
    NEW_BYTES(48);
    __asm__ volatile("");
}

int main(void) {
    without_data(dropping);
    clobber_stack();
    return 0;
}
