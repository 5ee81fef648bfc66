/* purpose: values of pthread_setspecific are held while their thread lives, beyond the 32 keys that stand in the thread itself
 * link: -pthread
 * expect: lost=0/0
 */
#include <pthread.h>
#include <unistd.h>
#include "program.h"

enum { KEYS = 40 };
static pthread_key_t key[KEYS];
static pthread_barrier_t ready;

static NOINLINE void values_set(size_t size) {
    for (int i = 0; i < KEYS; i++)
        pthread_setspecific(key[i], NEW_BYTES(size));
}
static void *thread_run(void *unused) {
    values_set(56);
    clobber_stack();
    pthread_barrier_wait(&ready);
    for (;;)
        pause();
    return unused;
}

int main(void) {
    pthread_t thread;

    for (int i = 0; i < KEYS; i++)
        pthread_key_create(&key[i], NULL);
    pthread_barrier_init(&ready, NULL, 2);
    values_set(24);
    pthread_create(&thread, NULL, thread_run, NULL);
    pthread_barrier_wait(&ready);
    clobber_stack();
    return 0;
}
