/* purpose: the argument of a thread belongs to it before it has run, and while it exits in its key's destructor
 * link: -pthread
 * expect: lost=0/0
 */
#include <pthread.h>
#include <unistd.h>
#include "program.h"

static pthread_key_t key;
static _Atomic int ready;

static void on_exit_of_thread(void *value) {
    void *volatile held = value;

    for (ready++;;)
        pause();
    opaque(held);
}
static void *thread_leaves(void *argument) {
    pthread_setspecific(key, argument);
    return NULL;
}
static void *thread_idle(void *argument) {
    void *volatile held = argument;

    for (;;)
        pause();
    return held;
}
static NOINLINE void start(void *(*run)(void *)) {
    pthread_t thread;
    pthread_attr_t detached;

    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &detached, run, NEW_BYTES(72)))
        abort();
}

int main(void) {
    pthread_key_create(&key, on_exit_of_thread);
    start(thread_leaves);
    while (ready < 1)
        usleep(1000);
    for (int i = 0; i < 20; i++)
        start(thread_idle);
    clobber_stack();
    return 0;
}
