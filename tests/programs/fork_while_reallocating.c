/* purpose: a child that is forked while another thread is inside realloc waits for no thread that it does not have
 * expect: lost=0/0 lost_indirect=0/0 cycle=0/0
 * child: lost=1/56
 * link: -pthread
 */
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>
#include "program.h"

enum { BYTES_MIN = 64000, BYTES_MAX = 128000 };
static volatile int ready;

static void *grow_and_shrink(void *block) {
    for (unsigned turn = 0;; turn++) {
        block = realloc(block, turn & 1 ? BYTES_MIN : BYTES_MAX);
        ready = 1;
    }
    return block;
}

static NOINLINE void drop(size_t size) {
    NEW_BYTES(size);
}

int main(void) {
    int status = 0;
    pthread_t thread;
    pthread_create(&thread, NULL, grow_and_shrink, NULL);
    while (!ready)
        usleep(1000);
    pid_t child = fork();
    if (child == 0) {
        drop(56);
        clobber_stack();
        exit(0);
    }
    while (waitpid(child, &status, 0) < 0)
        ;
    return status != 0;
}
