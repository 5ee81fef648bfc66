/* purpose: a frame whose unwind table says that the return address lies far above it, beyond the stack, ends the stack and does no harm
 *
 * the thread's stack is one of the program's own, and nothing can be read behind it.
 * flags: -O0 -O2 -O2:-fomit-frame-pointer
 * expect: lost=1/48
 * finding: kind=lost bytes=48 frame=dropping frame=told_wrong
 */
#include "program.h"

#include <pthread.h>
#include <sys/mman.h>

#if defined(__x86_64__)
void told_wrong(void (*callback)(void));

__asm__(".text\n\t"
        ".globl told_wrong\n\t"
        ".type told_wrong, @function\n"
        "told_wrong:\n\t"
        ".cfi_startproc\n\t"
        "sub $8, %rsp\n\t"
        ".cfi_def_cfa_offset 16\n\t"
        ".cfi_offset rip, 32760\n\t"
        "call *%rdi\n\t"
        "add $8, %rsp\n\t"
        "ret\n\t"
        ".cfi_endproc\n\t"
        ".size told_wrong, . - told_wrong\n");
#else
static NOINLINE void told_wrong(void (*callback)(void)) {
    callback();
    __asm__ volatile(""); /* no tail call */
}
#endif

static NOINLINE void dropping(void) {
    NEW_BYTES(48);
    __asm__ volatile("");
}

static void *run(void *unused) {
    told_wrong(dropping);
    clobber_stack();
    return unused;
}

int main(void) {
    enum { STACK_BYTES = 256 << 10, BEHIND_BYTES = 128 << 10 };
    pthread_attr_t attributes;
    pthread_t thread;
    char *stack = mmap(NULL, STACK_BYTES + BEHIND_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED || mprotect(stack + STACK_BYTES, BEHIND_BYTES, PROT_NONE) != 0)
        return 1;
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, stack, STACK_BYTES);
    if (pthread_create(&thread, &attributes, run, NULL) != 0)
        return 1;
    pthread_join(thread, NULL);
    return 0;
}
