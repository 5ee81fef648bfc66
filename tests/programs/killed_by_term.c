/* purpose: a signal from outside ends a program that waits; what its stack holds is reachable
 * expect: lost=1/40
 * status: 143
 */
#include <signal.h>
#include <unistd.h>
#include "program.h"

static NOINLINE void drop_one(void) {
    NEW_BYTES(40);
}

int main(void) {
    drop_one();
    clobber_stack();
    void *volatile held = NEW_BYTES(56);
    if (fork() == 0) {
        usleep(20000);
        kill(getppid(), SIGTERM);
        _exit(0);
    }
    for (;;)
        pause();
    opaque(held);
}
