/* purpose: a child that is forked while another thread is inside realloc waits for no thread that it does not have
 * expect: lost=0/0 lost_indirect=0/0 cycle=0/0
 * child: lost=1/56
 * link: -pthread
 */
#include <pthread.h>
#include <unistd.h>
#include "child.h"

enum { BYTES_MIN = 64000, BYTES_MAX = 128000 };
static volatile int ready;

static void *grow_and_shrink(void *block) {
    for (unsigned turn = 0;; turn++) {
        block = realloc(block, turn & 1 ? BYTES_MIN : BYTES_MAX);
        ready = 1;
    }
    return block;
}

int main(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, grow_and_shrink, NULL);
    while (!ready)
        usleep(1000);
    return child_drops(56) != 0;
}
