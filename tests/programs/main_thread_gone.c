/* purpose: the main thread left by pthread_exit(); another one ends the process
 * link: -pthread
 * expect: lost=1/40
 */
#include <pthread.h>
#include <unistd.h>
#include "program.h"

static NOINLINE void drop_one(void) {
    NEW_BYTES(40);
}
static void *thread_run(void *unused) {
    usleep(100000);
    drop_one();
    clobber_stack();
    exit(0);
    return unused;
}

int main(void) {
    pthread_t thread;

    pthread_create(&thread, NULL, thread_run, NULL);
    pthread_detach(thread);
    pthread_exit(NULL);
}
