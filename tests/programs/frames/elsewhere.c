/* On another stack, of which unwind tables say how it goes on in the thread's own: a step that is longer than any frame; and
 * one that leads down. */
#include "frames.h"

#include <pthread.h>
#include <sys/mman.h>

enum { STACK_BYTES = 1 << 16 };

void call_there(void *top, void (*function)(void));
#if defined(__x86_64__)
__asm__(".text\n"
        ".type call_there, @function\n"
        ".globl call_there\n"
        "call_there: .cfi_startproc\n"
        "push %rbp\n"
        ".cfi_def_cfa_offset 16\n"
        ".cfi_offset rbp, -16\n"
        "mov %rsp, %rbp\n"
        ".cfi_def_cfa rbp, 16\n"
        "mov %rdi, %rsp\n"
        "call *%rsi\n"
        "mov %rbp, %rsp\n"
        "pop %rbp\n"
        ".cfi_def_cfa rsp, 8\n"
        "ret\n"
        ".cfi_endproc\n"
        ".size call_there, . - call_there\n");
#else
void call_there(void *top, void (*function)(void)) {
    (void)top;
    function();
}
#endif

static NOINLINE void below(void) {
    DROP_RECORDED(1001);
    __asm__ volatile("");
}
static NOINLINE void above(void) {
    DROP_RECORDED(1002);
    __asm__ volatile("");
}

static void *run(void *stack) {
    call_there((char *)stack + STACK_BYTES, above);
    clobber_stack();
    return NULL;
}

int main(void) {
    char stack[STACK_BYTES] __attribute__((aligned(16)));
    pthread_t thread;
    char *low = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    call_there(low + STACK_BYTES, below);
    pthread_create(&thread, NULL, run, stack);
    pthread_join(thread, NULL);
    munmap(low, STACK_BYTES);
    memset(stack, 0, sizeof stack);
    clobber_stack();
    return 0;
}
