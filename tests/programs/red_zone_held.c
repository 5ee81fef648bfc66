/* purpose: a pointer that only the red zone below a running leaf function's stack pointer holds keeps its object
 * link: -pthread
 * expect: lost=1/80
 */
#include <pthread.h>
#include <unistd.h>
#include "program.h"

static _Atomic int ready;

static NOINLINE void drop_one(void) {
    NEW_BYTES(80);
}
static void *thread_run(void *unused) {
    drop_one();
    clobber_stack();
    void *kept = NEW_BYTES(40);
#if defined(__x86_64__)
    __asm__ volatile("mov %1, -64(%%rsp)\n xor %1, %1\n xor %%eax, %%eax\n xor %%ecx, %%ecx\n xor %%edx, %%edx\n"
                     "pxor %%xmm0, %%xmm0\n xor %%esi, %%esi\n xor %%edi, %%edi\n lock addl $1, %0\n1: pause\n jmp 1b"
                     : "+m"(ready), "+b"(kept)
                     :
                     : "rax", "rcx", "rdx", "rsi", "rdi", "xmm0", "memory");
#else
    for (ready++; opaque(kept);)
        pause();
#endif
    return unused;
}

int main(void) {
    pthread_t thread;

    if (pthread_create(&thread, NULL, thread_run, NULL))
        return 1;
    while (ready < 1)
        usleep(1000);
    clobber_stack();
    return 0;
}
