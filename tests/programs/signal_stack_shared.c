/* purpose: threads that have one alternate signal stack in common, which harms nobody as long as one at a time has a signal: they can be stopped all the same, go on after that, and hold what their stacks hold
 * link: -pthread
 * expect: lost=1/80
 */
#include "../../preload/castaway.h"
#include "program.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

enum { THREADS = 16, ROUNDS = 4 };
static char alternate[64 << 10];
static _Atomic int ready, done;

static void *thread_run(void *number) {
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    int *volatile held = NEW_BYTES(64);
    sigaltstack(&stack, NULL);
    *held = *(int *)number;
    for (ready++; !done;)
        usleep(1000);
    if (*held != *(int *)number)
        abort();
    for (ready--;;)
        pause();
    opaque(held);
    return NULL;
}

int main(void) {
    static int numbers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        pthread_t thread;
        numbers[i] = i;
        if (pthread_create(&thread, NULL, thread_run, &numbers[i]))
            return 1;
    }
    while (ready < THREADS)
        usleep(1000);
    clobber_stack();
    for (int i = 0; i < ROUNDS; i++)
        if (castaway_check() != 0)
            return 2;
    done = 1;
    while (ready > 0)
        usleep(1000);
    drop(80);
    clobber_stack();
    return 0;
}
