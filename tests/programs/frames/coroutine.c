/* On a coroutine's stack that lies within its maker's frame: its outermost frame, of which the table says so, has the maker's
 * frame pointer, which leads on into the maker's stack, where no walk may follow it. In a handler, and without one. */
#include "frames.h"

#include <signal.h>

/* The entry stands where a coroutine begins: above it there is no caller. */
void call_on_stack(void *top, void (*function)(void));
#if defined(__x86_64__)
__asm__(".text\n"
        ".type coroutine_entry, @function\n"
        "coroutine_entry: .cfi_startproc\n"
        ".cfi_undefined rip\n"
        "call *%rsi\n"
        "mov %rbx, %rsp\n"
        "pop %rbx\n"
        "ret\n"
        ".cfi_endproc\n"
        ".size coroutine_entry, . - coroutine_entry\n"
        ".globl call_on_stack\n"
        ".type call_on_stack, @function\n"
        "call_on_stack: .cfi_startproc\n"
        "push %rbx\n"
        "mov %rsp, %rbx\n"
        "mov %rdi, %rsp\n"
        "jmp coroutine_entry\n"
        ".cfi_endproc\n"
        ".size call_on_stack, . - call_on_stack\n");
#else
void call_on_stack(void *top, void (*function)(void)) {
    (void)top;
    function();
}
#endif

static void on_signal(int number) {
    (void)number;
    DROP_RECORDED(1001);
    __asm__ volatile("");
}
static NOINLINE void run(void) {
    raise(SIGUSR1);
    DROP_RECORDED(1002);
    __asm__ volatile("");
}

/* Its size is not known before, so the frame needs its pointer whatever the compiler is told. */
static NOINLINE void make(size_t size) {
    char stack[size];
    memset(stack, 0, size);
    call_on_stack((void *)((uintptr_t)(stack + size) / 16 * 16), run);
    memset(stack, 0, size);
}

int main(void) {
    struct sigaction action = {.sa_handler = on_signal};
    volatile size_t size = 65536;
    sigaction(SIGUSR1, &action, NULL);
    make(size);
    clobber_stack();
    return 0;
}
