/* purpose: thread-local variables hold what they point at while their thread lives; those of a thread that ended do not
 * link: -pthread
 * expect: lost=1/88
 */
#include <pthread.h>
#include <unistd.h>
#include "program.h"

static __thread void *local;
static pthread_barrier_t ready;

static NOINLINE void local_set(size_t size) {
    local = NEW_BYTES(size);
    opaque(&local);
}
static void *thread_stays(void *unused) {
    local_set(56);
    clobber_stack();
    pthread_barrier_wait(&ready);
    for (;;)
        pause();
    return unused;
}
static void *thread_ends(void *unused) {
    local_set(88);
    clobber_stack();
    return unused;
}

int main(void) {
    pthread_t thread;

    pthread_barrier_init(&ready, NULL, 2);
    pthread_create(&thread, NULL, thread_ends, NULL);
    pthread_join(thread, NULL);
    local_set(24);
    pthread_create(&thread, NULL, thread_stays, NULL);
    pthread_barrier_wait(&ready);
    clobber_stack();
    return 0;
}
