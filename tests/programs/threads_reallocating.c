/* purpose: a thread that is stopped inside realloc still holds what its block points at
 * expect: lost=0/0 lost_indirect=0/0 cycle=0/0
 * link: -pthread
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
#include "program.h"

enum { ITEMS = 1000, SLOTS_MIN = 8000, SLOTS_MAX = 16000 };
static volatile int ready;

static void *grow_and_shrink(void *unused) {
    (void)unused;
    void **table = calloc(SLOTS_MAX, sizeof *table);
    for (int i = 0; i < ITEMS; i++)
        table[i] = opaque(malloc(64));
    for (unsigned turn = 0;; turn++) {
        table = realloc(table, (turn & 1 ? SLOTS_MIN : SLOTS_MAX) * sizeof *table);
        ready = 1;
    }
    return NULL;
}

int main(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, grow_and_shrink, NULL);
    while (!ready)
        usleep(1000);
    usleep(20000);
    return 0;
}
