/* lookup.c - dlsym: who asks for a function of a new module is about to call it, so the module is looked at before.
 *
 * The real dlsym wants to know who calls it. So it is jumped to, with the caller's own return address.
 *
 * Owns:    nothing.
 * Never:   changes what it does or returns.
 * Start:   castaway_dlsym_next(). */
#include <dlfcn.h>

#include "bind.h"
#include "hooks.h"

#if defined(__x86_64__)
#define DLSYM_VERSION "GLIBC_2.2.5" /* the one that dlsym has had from the beginning, and still has */
__asm__(".text\n"
        ".globl dlsym\n"
        ".type dlsym, @function\n"
        "dlsym:\n"
        "    .cfi_startproc\n"
        "    push %rdi\n"
        "    .cfi_adjust_cfa_offset 8\n"
        "    push %rsi\n"
        "    .cfi_adjust_cfa_offset 8\n"
        "    sub $8, %rsp\n"
        "    .cfi_adjust_cfa_offset 8\n"
        "    call castaway_dlsym_next\n"
        "    add $8, %rsp\n"
        "    .cfi_adjust_cfa_offset -8\n"
        "    pop %rsi\n"
        "    .cfi_adjust_cfa_offset -8\n"
        "    pop %rdi\n"
        "    .cfi_adjust_cfa_offset -8\n"
        "    jmp *%rax\n"
        "    .cfi_endproc\n"
        ".size dlsym, .-dlsym\n");
#elif defined(__aarch64__)
#define DLSYM_VERSION "GLIBC_2.17"
__asm__(".text\n"
        ".globl dlsym\n"
        ".type dlsym, @function\n"
        "dlsym:\n"
        "    .cfi_startproc\n"
        "    stp x0, x1, [sp, #-32]!\n"
        "    .cfi_adjust_cfa_offset 32\n"
        "    str x30, [sp, #16]\n"
        "    .cfi_offset x30, -16\n"
        "    bl castaway_dlsym_next\n"
        "    mov x16, x0\n"
        "    ldr x30, [sp, #16]\n"
        "    .cfi_restore x30\n"
        "    ldp x0, x1, [sp], #32\n"
        "    .cfi_adjust_cfa_offset -32\n"
        "    br x16\n"
        "    .cfi_endproc\n"
        ".size dlsym, .-dlsym\n");
#endif

/* returns  the real dlsym. context: the program's call, or ours */
const void *castaway_dlsym_next(void) __attribute__((visibility("hidden"), used));
const void *castaway_dlsym_next(void) {
    static const void *next_dlsym;
    if (!next_dlsym)
        next_dlsym = dlvsym(RTLD_NEXT, "dlsym", DLSYM_VERSION);
    bind_catch_up();
    return next_dlsym;
}
