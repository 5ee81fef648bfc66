/* purpose: threads that are nearly always inside realloc still hold what their blocks point at
 * expect: lost=0/0 lost_indirect=0/0 cycle=0/0
 * link: -pthread
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
#include "program.h"

enum { THREADS = 4, ITEMS = 1000, SLOTS_MIN = 8000, SLOTS_MAX = 16000 };
static volatile int ready[THREADS];

static void *grow_and_shrink(void *is_ready) {
    void **table = calloc(SLOTS_MAX, sizeof *table);
    for (int i = 0; i < ITEMS; i++)
        table[i] = opaque(malloc(64));
    for (unsigned turn = 0;; turn++) {
        table = realloc(table, (turn & 1 ? SLOTS_MIN : SLOTS_MAX) * sizeof *table);
        *(volatile int *)is_ready = 1;
    }
    return NULL;
}

int main(void) {
    for (int i = 0; i < THREADS; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, grow_and_shrink, (void *)&ready[i]);
    }
    for (int i = 0; i < THREADS; i++)
        while (!ready[i])
            usleep(1000);
    usleep(20000);
    return 0;
}
