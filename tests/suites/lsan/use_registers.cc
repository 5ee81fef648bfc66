/* a register of a running thread holds an object: one that calls preserve, and one of vectors
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0 general | leaked=1/1337
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=1 general | clean
 * run: general | clean
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0 vector | leaked=1/1337
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=1 vector | clean
 * run: vector | clean
 */
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <sched.h>
static int ready;
static void *general(void *) {
    void *made = malloc(1337);
    __asm__ volatile("mov %0, %%r14" : : "r"(made) : "r14");
    made = nullptr;
    __asm__ volatile("1: movl $1, %0\n pause\n jmp 1b" : "=m"(ready) : : "r14");
    return nullptr;
}
static void *vector(void *) {
    void *made = malloc(1337);
    __asm__ volatile("movq %0, %%xmm0" : : "r"(made));
    made = nullptr;
    __atomic_store_n(&ready, 1, __ATOMIC_RELEASE);
    for (;;)
        sched_yield();
}
int main(int, char **words) {
    pthread_t thread;
    pthread_create(&thread, nullptr, strcmp(words[1], "vector") ? general : vector, nullptr);
    while (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE))
        sched_yield();
    return 0;
}
