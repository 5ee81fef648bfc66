/* purpose: threads that allocate and free without a pause while the process ends
 * link: -pthread
 * expect: lost=1/24
 */
#include <pthread.h>
#include "program.h"

static pthread_barrier_t ready;

static void *thread_run(void *unused) {
    pthread_barrier_wait(&ready);
    for (size_t size = 1;; size = size % 500 + 1) {
        void *volatile held = opaque(malloc(size));

        free(held);
    }
    return unused;
}
static NOINLINE void drop_one(void) {
    NEW_BYTES(24);
}

int main(void) {
    pthread_t thread;

    pthread_barrier_init(&ready, NULL, 4);
    for (int i = 0; i < 3; i++)
        pthread_create(&thread, NULL, thread_run, NULL);
    pthread_barrier_wait(&ready);
    drop_one();
    clobber_stack();
    return 0;
}
