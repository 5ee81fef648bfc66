/* purpose: a thread that has never allocated asks for scans while another does nothing but to free
 * flags: -O2:-pthread
 * expect: lost=1/48
 */
#include <pthread.h>
#include <stdatomic.h>

#include "../../preload/castaway.h"
#include "program.h"

enum { BLOCKS = 2000000, SCANS = 20, BYTES = 24 };

static void *block[BLOCKS];
static _Atomic int is_freeing, failed;

static void *ask(void *nothing) {
    while (!is_freeing) {
    }
    for (int i = 0; i < SCANS; i++)
        failed |= castaway_collect(0) < 0;
    return nothing;
}

static NOINLINE void lose(void) {
    opaque(malloc(48));
}

int main(void) {
    pthread_t thread;

    for (int i = 0; i < BLOCKS; i++)
        block[i] = malloc(BYTES);
    lose();
    castaway_collect(2);
    pthread_create(&thread, NULL, ask, NULL);
    is_freeing = 1;
    for (int i = 0; i < BLOCKS; i++)
        free(block[i]);
    for (int i = 0; i < BLOCKS; i++)
        block[i] = NULL;
    pthread_join(thread, NULL);
    clobber_stack();
    return failed;
}
