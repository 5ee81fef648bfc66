/* purpose: an allocation in a signal handler, on the alternate stack: the stack goes through the signal frame
 * expect: lost=1/48
 * finding: kind=lost bytes=48 frame=on_signal frame=main
 */
#include <signal.h>
#include "program.h"

static char alternate[65536];

static NOINLINE void drop_one(void) {
    NEW_BYTES(48);
}
static void on_signal(int number) {
    (void)number;
    drop_one();
    __asm__ volatile("");
}

int main(void) {
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};

    sigaltstack(&stack, NULL);
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    memset(alternate, 0, sizeof alternate);
    clobber_stack();
    return 0;
}
