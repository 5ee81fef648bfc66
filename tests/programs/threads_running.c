/* purpose: four threads still run at exit: what their stacks hold is reachable, what they dropped is lost
 * link: -pthread
 * expect: lost=4/160
 * finding: kind=lost count=4 objects=4 bytes=160
 */
#include <pthread.h>
#include <unistd.h>
#include "program.h"

static pthread_barrier_t ready;

static NOINLINE void drop_one(void) {
    NEW_BYTES(40);
}
static void *thread_run(void *unused) {
    void *volatile held = NULL; /* in this frame only */

    drop_one();
    clobber_stack();
    held = NEW_BYTES(56);
    pthread_barrier_wait(&ready);
    for (;;)
        pause();
    opaque(held);
    return unused;
}

int main(void) {
    pthread_t thread;

    pthread_barrier_init(&ready, NULL, 5);
    for (int i = 0; i < 4; i++)
        pthread_create(&thread, NULL, thread_run, NULL);
    pthread_barrier_wait(&ready);
    clobber_stack();
    return 0;
}
