/* purpose: the stack of a thread that never allocated and is gone holds nothing, though glibc keeps it for reuse
 * link: -pthread
 * expect: lost=1/40
 */
#include <pthread.h>
#include "program.h"

static void *thread_run(void *argument) {
    void *volatile left = argument;

    return opaque(left);
}
static NOINLINE void hand_over(void) {
    pthread_t thread;

    if (pthread_create(&thread, NULL, thread_run, NEW_BYTES(40)))
        abort();
    pthread_join(thread, NULL);
}

int main(void) {
    hand_over();
    clobber_stack();
    return 0;
}
