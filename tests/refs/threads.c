/* Four threads take and give back references to the same object, a million times in all; one is left. */
#include "counted.h"

#include <pthread.h>
#include <stddef.h>

enum { THREADS = 4, ROUNDS = 250000 };
static struct counted *shared;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static void *work(void *argument) {
    for (int i = 0; i < ROUNDS / 100; i++) {
        pthread_mutex_lock(&mutex); /* its count is no atomic one */
        for (int j = 0; j < 100; j++) {
            counted_ref(shared);
            counted_unref(shared);
        }
        pthread_mutex_unlock(&mutex);
    }
    return argument;
}

int main(void) {
    pthread_t thread[THREADS];
    shared = counted_new();
    for (int i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, work, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    counted_ref(shared);
    counted_unref(shared);
    shared = NULL;
    return 0;
}
