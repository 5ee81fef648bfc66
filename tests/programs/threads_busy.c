/* purpose: four threads that never stop computing at exit: what their registers and stacks hold is reachable
 * link: -pthread
 * expect: lost=1/24
 */
#include <pthread.h>
#include "program.h"

static pthread_barrier_t ready;

static void *thread_run(void *unused) {
    volatile long *held = NEW_BYTES(56);

    pthread_barrier_wait(&ready);
    for (;;)
        (*held)++;
    return unused;
}
static NOINLINE void drop_one(void) {
    NEW_BYTES(24);
}

int main(void) {
    pthread_t thread;

    pthread_barrier_init(&ready, NULL, 5);
    for (int i = 0; i < 4; i++)
        pthread_create(&thread, NULL, thread_run, NULL);
    pthread_barrier_wait(&ready);
    drop_one();
    clobber_stack();
    return 0;
}
