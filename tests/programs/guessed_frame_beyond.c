/* purpose: on a coroutine's stack in a thread, a frame without unwind data, whose frame pointer leads just beyond that stack, where nothing can be read, ends the stack and does no harm
 *
 * flags: -O0 -O2 -O2:-fomit-frame-pointer
 * link: -pthread
 * expect: lost=2/96
 * finding: kind=lost count=2 frame=dropping
 */
#include "program.h"

#include <pthread.h>
#include <sys/mman.h>

enum { STACK_BYTES = 1 << 16, ALL_BYTES = 1 << 26 /* no gap is so large, so that it lies below the thread's stack */ };

#if defined(__x86_64__)
void switch_to(char *top, char *frame_pointer, void (*callback)(void));
__asm__(".text\n\t"
        ".globl switch_to\n\t"
        ".type switch_to, @function\n"
        "switch_to:\n\t"
        "push %rbp\n\t"
        "push %rbx\n\t"
        "mov %rsp, %rbx\n\t"
        "mov %rdi, %rsp\n\t"
        "mov %rsi, %rbp\n\t"
        "call *%rdx\n\t"
        "mov %rbx, %rsp\n\t"
        "pop %rbx\n\t"
        "pop %rbp\n\t"
        "ret\n\t"
        ".size switch_to, . - switch_to\n");
#else
static NOINLINE void switch_to(char *top, char *frame_pointer, void (*callback)(void)) {
    (void)top;
    (void)frame_pointer;
    callback();
    __asm__ volatile(""); /* no tail call */
}
#endif

static NOINLINE void dropping(void) {
    NEW_BYTES(48);
    __asm__ volatile("");
}

static void *run(void *unused) {
    char *all = mmap(NULL, ALL_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    char *stack = all + ALL_BYTES / 2, *top = stack + STACK_BYTES;
    mprotect(stack, STACK_BYTES, PROT_READ | PROT_WRITE);
    switch_to(top - 64, top + 16, dropping);
    switch_to(top - 64, top - 8, dropping);
    munmap(all, ALL_BYTES);
    clobber_stack();
    return unused;
}

int main(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, run, NULL);
    pthread_join(thread, NULL);
    clobber_stack();
    return 0;
}
