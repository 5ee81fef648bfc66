/* purpose: exit() called by a thread that is not the main one, which waits
 * link: -pthread
 * expect: lost=1/40
 * status: 3
 */
#include <pthread.h>
#include "program.h"

static NOINLINE void drop_one(void) {
    NEW_BYTES(40);
}
static void *thread_run(void *unused) {
    drop_one();
    clobber_stack();
    exit(3);
    return unused;
}

int main(void) {
    void *volatile held = NEW_BYTES(72);
    pthread_t thread;

    pthread_create(&thread, NULL, thread_run, NULL);
    pthread_join(thread, NULL);
    opaque(held);
    return 0;
}
