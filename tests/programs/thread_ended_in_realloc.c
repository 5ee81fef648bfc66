/* purpose: threads that a signal handler ended inside realloc are not waited for at the end
 * expect: lost=1/24
 * no_note: scan-failed
 * link: -pthread
 * allocators: no
 */
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
#include "program.h"

enum { THREADS = 8, BYTES_MIN = 32 << 20, BYTES_MAX = 64 << 20 /* mapped: no lock of the allocator's is held */ };
static volatile int ready;
static void *volatile block[THREADS];

static void end_thread(int signal) {
    (void)signal;
    pthread_exit(NULL);
}

/* In its place, so that the pointer never changes. */
static void *shrink_and_grow(void *number) {
    int own = (int)(long)number;
    ready = 1;
    for (unsigned turn = 0;; turn++)
        block[own] = realloc(block[own], turn & 1 ? BYTES_MAX : BYTES_MIN);
    return NULL;
}

int main(void) {
    signal(SIGUSR1, end_thread);
    for (long i = 0; i < THREADS; i++) {
        pthread_t thread;
        block[i] = opaque(malloc(BYTES_MAX));
        ready = 0;
        pthread_create(&thread, NULL, shrink_and_grow, (void *)i);
        while (!ready)
            usleep(1000);
        usleep(2000);
        pthread_kill(thread, SIGUSR1);
        pthread_join(thread, NULL);
    }
    NEW_BYTES(24);
    clobber_stack();
    return 0;
}
