/* purpose: at the end a thread stands in a realloc that never returns: what its block holds is not lost, and all is judged
 * so: thread_left_in_realloc.so.c
 * link: -Wl,--no-as-needed @so@ -pthread
 * expect: lost=1/24
 * no_note: scan-failed
 * allocators: no
 */
#include <pthread.h>
#include <unistd.h>
#include "program.h"

enum { ITEMS = 100 };
extern volatile int realloc_waits, realloc_is_waiting;
static void **volatile table;

static void *grow(void *unused) {
    table = realloc((void *)table, 2 * ITEMS * sizeof *table);
    return unused;
}

int main(void) {
    pthread_t thread;
    table = malloc(ITEMS * sizeof *table);
    for (int i = 0; i < ITEMS; i++)
        table[i] = NEW_BYTES(40);
    realloc_waits = 1;
    pthread_create(&thread, NULL, grow, NULL);
    while (!realloc_is_waiting)
        usleep(1000);
    NEW_BYTES(24);
    clobber_stack();
    return 0;
}
