/* a thread that goes on for ever on a small stack in the heap when the program ends
 * run: | clean
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <ucontext.h>
static int started;
static void context_run(void) {
    __atomic_store_n(&started, 1, __ATOMIC_RELEASE);
    for (;;)
        ;
}
static void *run(void *unused) {
    ucontext_t context;
    getcontext(&context);
    context.uc_stack.ss_sp = malloc(1 << 12);
    context.uc_stack.ss_size = 1 << 12;
    makecontext(&context, context_run, 0);
    setcontext(&context);
    return unused;
}
int main(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, run, NULL);
    while (!__atomic_load_n(&started, __ATOMIC_ACQUIRE))
        sched_yield();
    return 0;
}
