/* A library that calls its own counting functions, by calls that pass through no import (-Bsymbolic); and functions whose
 * beginnings are of all kinds, in assembly. */
#include "inner.h"

#include <stdlib.h>

struct inner *inner_new(void) {
    struct inner *inner = calloc(1, sizeof *inner);
    inner->count = 1;
    return inner;
}
__attribute__((noinline)) struct inner *inner_ref(struct inner *inner) {
    inner->count++;
    return inner;
}
__attribute__((noinline)) void inner_unref(struct inner *inner) {
    if (--inner->count == 0)
        free(inner);
}
void inner_attach(struct inner *inner) {
    inner_ref(inner);
    __asm__ volatile(""); /* no tail call */
}
void inner_detach(struct inner *inner) {
    inner_unref(inner);
    __asm__ volatile("");
}
void inner_watch(struct inner *inner) {
    inner_ref(inner); /* the one that is never given back */
    __asm__ volatile("");
}

#define FUNCTION(name, body)                                                                                           \
    __asm__(".text\n.p2align 4\n.globl " #name "\n.type " #name ", @function\n" #name ":\n" body "\n.size " #name      \
            ", .-" #name "\n")
FUNCTION(begins_with_a_branch, "test %rdi, %rdi\n je 1f\n incl (%rdi)\n mov $1, %eax\n ret\n 1: mov $2, %eax\n ret");
FUNCTION(begins_with_data, "incl inner_calls(%rip)\n incl (%rdi)\n mov inner_calls(%rip), %eax\n ret");
FUNCTION(begins_with_a_mark, "endbr64\n push %rbx\n mov %rdi, %rbx\n incl (%rbx)\n mov (%rbx), %eax\n pop %rbx\n ret");
FUNCTION(begins_with_a_jump, "jmp 1f\n nop\n nop\n nop\n nop\n nop\n 1: incl (%rdi)\n mov $4, %eax\n ret");
FUNCTION(begins_with_a_far_jump, ".byte 0xe9\n .long 1f-.-4\n nop\n 1: incl (%rdi)\n mov $5, %eax\n ret");
FUNCTION(is_a_loop, "mov $3, %ecx\n 1: incl (%rdi)\n dec %ecx\n jnz is_a_loop+5\n mov $6, %eax\n ret");
FUNCTION(loops_to_its_beginning,
         "xor %ecx, %ecx\n 1: incl (%rdi)\n inc %ecx\n cmp $3, %ecx\n jb 1b\n mov $7, %eax\n ret");
FUNCTION(begins_with_a_call, "call 1f\n mov $8, %eax\n ret\n 1: incl (%rdi)\n ret");
FUNCTION(is_too_short, "incl (%rdi)\n ret");
FUNCTION(is_entered_behind, "xor %eax, %eax\n nop\n incl (%rdi)\n mov $10, %eax\n ret");
FUNCTION(enters_behind, ".byte 0xe9\n .long is_entered_behind+2-.-4");
FUNCTION(leaves_registers_alone, "push %rbx\n mov %rdi, %rbx\n incl (%rbx)\n mov (%rbx), %eax\n pop %rbx\n ret");
int inner_calls;

/* As a compiler does that knows both functions: r11 and vectors beyond the arguments' live through the call. */
FUNCTION(keeps_all,
         "sub $8, %rsp\n mov $111, %r11\n mov $222, %r10\n mov $333, %rsi\n mov $444, %r8\n mov $555, %rcx\n"
         " movq %r11, %xmm15\n movq %r10, %xmm9\n movq %rsi, %xmm0\n"
         " call leaves_registers_alone\n"
         " cmp $111, %r11\n jne 1f\n cmp $222, %r10\n jne 1f\n cmp $333, %rsi\n jne 1f\n cmp $444, %r8\n jne 1f\n"
         " cmp $555, %rcx\n jne 1f\n movq %xmm15, %rax\n cmp $111, %rax\n jne 1f\n movq %xmm9, %rax\n"
         " cmp $222, %rax\n jne 1f\n movq %xmm0, %rax\n cmp $333, %rax\n jne 1f\n"
         " mov $1, %eax\n add $8, %rsp\n ret\n 1: xor %eax, %eax\n add $8, %rsp\n ret");
