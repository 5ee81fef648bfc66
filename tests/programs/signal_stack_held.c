/* purpose: a block that only the kernel points at, as the thread's alternate signal stack, is no leak
 * expect: lost=0/0
 */
#include <signal.h>
#include "program.h"

static NOINLINE void stack_set(void) {
    stack_t stack = {.ss_sp = opaque(malloc(65536)), .ss_size = 65536};

    sigaltstack(&stack, NULL);
    memset(&stack, 0, sizeof stack);
    opaque(&stack);
}

int main(void) {
    stack_set();
    clobber_stack();
    return 0;
}
