/* purpose: a cancelled thread loses what no cleanup handler gives back, wherever the cancellation meets it
 * link: -pthread
 * expect: lost=3/273
 */
#include <pthread.h>
#include <unistd.h>
#include "program.h"

static int ready;

static void *sleeps(void *unused) {
    void *cleaned = NEW_BYTES(90);
    void *volatile lost = NEW_BYTES(91);

    pthread_cleanup_push(free, cleaned);
    __atomic_store_n(&ready, 1, __ATOMIC_RELEASE);
    while (lost)
        pause();
    pthread_cleanup_pop(1);
    return unused;
}
static void *spins(void *unused) {
    void *volatile lost = NEW_BYTES(91);

    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    __atomic_store_n(&ready, 1, __ATOMIC_RELEASE);
    while (lost)
        ;
    return unused;
}
static void *allocates(void *unused) {
    void *volatile lost = NEW_BYTES(91);

    __atomic_store_n(&ready, 1, __ATOMIC_RELEASE);
    while (lost) {
        free(opaque(malloc(100)));
        pthread_testcancel();
    }
    return unused;
}
static NOINLINE void cancel(void *(*body)(void *)) {
    pthread_t thread;

    __atomic_store_n(&ready, 0, __ATOMIC_RELEASE);
    if (pthread_create(&thread, NULL, body, NULL))
        abort();
    while (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE))
        usleep(100);
    pthread_cancel(thread);
    pthread_join(thread, NULL);
}

int main(void) {
    cancel(sleeps);
    cancel(spins);
    cancel(allocates);
    clobber_stack();
    return 0;
}
