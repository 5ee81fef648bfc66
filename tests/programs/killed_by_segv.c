/* purpose: a crash in a thread, with a pointer that only a register and the red zone hold, is reported and ends as it would
 * link: -pthread
 * expect: lost=1/40
 * status: 139
 */
#include <pthread.h>
#include "program.h"

static int *volatile nowhere;

static NOINLINE void drop_one(void) {
    NEW_BYTES(40);
}
static void *thread_run(void *unused) {
    drop_one();
    clobber_stack();
    void *held = NEW_BYTES(56);
#if defined(__x86_64__)
    __asm__ volatile("movl $1, (%1)" : : "r"(held), "r"(nowhere) : "memory");
#else
    __asm__ volatile("str wzr, [%1]" : : "r"(held), "r"(nowhere) : "memory");
#endif
    return unused;
}

int main(void) {
    pthread_t thread;

    if (pthread_create(&thread, NULL, thread_run, NULL))
        return 1;
    pthread_join(thread, NULL);
    return 0;
}
