/* purpose: a pointer that only a general or a vector register of a running thread holds keeps its object, and no longer
 * link: -pthread
 * expect: lost=1/80
 */
#include <pthread.h>
#include <unistd.h>
#include "program.h"

static _Atomic int ready;

/* Both objects are made here, and kept in the named registers only, for ever. */
#if defined(__x86_64__)
static void *thread_general(void *unused) {
    register void *kept __asm__("r12") = NEW_BYTES(40);

    __asm__ volatile("" : "+r"(kept));
    clobber_stack();
    __asm__ volatile("lock addl $1, %0\n1: pause\n jmp 1b" : "+m"(ready) : "r"(kept) : "rax", "rcx", "rdx", "memory");
    return unused;
}
static void *thread_vector(void *unused) {
    void *made = NEW_BYTES(48);

    __asm__ volatile("movq %0, %%xmm5\n\t"
                     "xor %0, %0\n\t"
                     : "+r"(made)
                     :
                     : "xmm5");
    opaque(&made);
    /* clear what malloc left in other registers */
    __asm__ volatile("xor %%eax, %%eax\n xor %%ecx, %%ecx\n xor %%edx, %%edx\n xor %%esi, %%esi\n xor %%edi, %%edi\n"
                     "pxor %%xmm0, %%xmm0\n lock addl $1, %0\n1: pause\n jmp 1b"
                     : "+m"(ready)
                     :
                     : "rax", "rcx", "rdx", "rsi", "rdi", "xmm0", "memory");
    return unused;
}
#else
static void *thread_general(void *unused) {
    void *volatile kept = NEW_BYTES(40);

    for (ready++;;)
        pause();
    return opaque(kept ? unused : NULL);
}
#define thread_vector thread_general
#endif
static void *thread_dropped(void *unused) {
    NEW_BYTES(80);
    clobber_stack();
    for (ready++;;)
        pause();
    return unused;
}

int main(void) {
    void *(*const run[])(void *) = {thread_general, thread_vector, thread_dropped};

    for (int i = 0; i < 3; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, run[i], NULL))
            return 1;
        pthread_detach(thread);
    }
    while (ready < 3)
        usleep(1000);
    clobber_stack();
    return 0;
}
