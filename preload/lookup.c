/* lookup.c - dlsym and dlopen, which want to know who calls them.
 *
 * So what is to be done comes before, and the real one is jumped to, with the caller's own return address. dlsym: who asks
 * for a function of a new module is about to call it, so the module is looked at. dlopen: what the loader maps does not
 * pass through us, so it is made sure that there is memory (give_way.h).
 *
 * Owns:    nothing.
 * Never:   changes what they do or return.
 * Start:   castaway_dlsym_next(), castaway_dlopen_next(). */
#include <dlfcn.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "bind.h"
#include "give_way.h"
#include "hooks.h"
#include "limits.h"
#include "sys.h"

/* NAME calls castaway_NAME_next with the same arguments, and jumps to what that returns. */
#if defined(__x86_64__)
#define DLSYM_VERSION "GLIBC_2.2.5" /* the one that dlsym has had from the beginning, and still has */
#define JUMP(name)                                                                                                     \
    __asm__(".text\n"                                                                                                  \
            ".globl " name "\n"                                                                                        \
            ".type " name ", @function\n" name ":\n"                                                                   \
            "    .cfi_startproc\n"                                                                                     \
            "    push %rdi\n"                                                                                          \
            "    .cfi_adjust_cfa_offset 8\n"                                                                           \
            "    push %rsi\n"                                                                                          \
            "    .cfi_adjust_cfa_offset 8\n"                                                                           \
            "    sub $8, %rsp\n"                                                                                       \
            "    .cfi_adjust_cfa_offset 8\n"                                                                           \
            "    call castaway_" name "_next\n"                                                                        \
            "    add $8, %rsp\n"                                                                                       \
            "    .cfi_adjust_cfa_offset -8\n"                                                                          \
            "    pop %rsi\n"                                                                                           \
            "    .cfi_adjust_cfa_offset -8\n"                                                                          \
            "    pop %rdi\n"                                                                                           \
            "    .cfi_adjust_cfa_offset -8\n"                                                                          \
            "    jmp *%rax\n"                                                                                          \
            "    .cfi_endproc\n"                                                                                       \
            ".size " name ", .-" name "\n")
#elif defined(__aarch64__)
#define DLSYM_VERSION "GLIBC_2.17"
#define JUMP(name)                                                                                                     \
    __asm__(".text\n"                                                                                                  \
            ".globl " name "\n"                                                                                        \
            ".type " name ", @function\n" name ":\n"                                                                   \
            "    .cfi_startproc\n"                                                                                     \
            "    stp x0, x1, [sp, #-32]!\n"                                                                            \
            "    .cfi_adjust_cfa_offset 32\n"                                                                          \
            "    str x30, [sp, #16]\n"                                                                                 \
            "    .cfi_offset x30, -16\n"                                                                               \
            "    bl castaway_" name "_next\n"                                                                          \
            "    mov x16, x0\n"                                                                                        \
            "    ldr x30, [sp, #16]\n"                                                                                 \
            "    .cfi_restore x30\n"                                                                                   \
            "    ldp x0, x1, [sp], #32\n"                                                                              \
            "    .cfi_adjust_cfa_offset -32\n"                                                                         \
            "    br x16\n"                                                                                             \
            "    .cfi_endproc\n"                                                                                       \
            ".size " name ", .-" name "\n")
#endif
JUMP("dlsym");
JUMP("dlopen");

/* returns  the real dlsym. context: the program's call, or ours */
const void *castaway_dlsym_next(void) __attribute__((visibility("hidden"), used));
const void *castaway_dlsym_next(void) {
    static const void *next_dlsym;
    if (!next_dlsym)
        next_dlsym = dlvsym(RTLD_NEXT, "dlsym", DLSYM_VERSION);
    bind_catch_up();
    return next_dlsym;
}

/* What it takes besides, for what it needs, is not known before. */
enum { DEPENDENCIES_BYTES = 16 << 20 };

/* What it takes to open `path`, or more; 0: nothing is opened */
static size_t bytes_to_open(const char *path) {
    struct stat file = {0};
    if (!path)
        return 0;
    if (strchr(path, '/') && sys(SYS_newfstatat, AT_FDCWD, path, &file, 0) != 0)
        return 0;
    return (size_t)file.st_size + DEPENDENCIES_BYTES;
}

/* returns  the real dlopen. context: the program's call, or ours */
const void *castaway_dlopen_next(const char *path) __attribute__((visibility("hidden"), used));
const void *castaway_dlopen_next(const char *path) {
    static const void *next_dlopen;
    if (!next_dlopen)
        next_dlopen = dlsym(RTLD_NEXT, "dlopen");
    if (limits_are_tight())
        give_way_for(bytes_to_open(path));
    return next_dlopen;
}
