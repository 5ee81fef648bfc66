/* purpose: a handler on a small signal stack may end the process
 * expect: lost=1/48
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "program.h"

enum { STACK_BYTES = 8192 };

static void on_signal(int number) {
    (void)number;
    _exit(0);
}

static NOINLINE void drop_one(void) {
    NEW_BYTES(48);
}

int main(void) {
    /* the page below takes no byte: an overrun is a crash */
    char *room = mmap(NULL, 2 * STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(room, STACK_BYTES, PROT_NONE);
    sigaltstack(&(stack_t){.ss_sp = room + STACK_BYTES, .ss_size = STACK_BYTES}, NULL);
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_signal, .sa_flags = SA_ONSTACK}, NULL);
    drop_one();
    clobber_stack();
    raise(SIGUSR1);
    return 1;
}
