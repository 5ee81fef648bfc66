/* purpose: an object whose owner was skipped by longjmp is lost
 * expect: lost=1/48
 */
#include <setjmp.h>
#include "program.h"

static jmp_buf back;

static NOINLINE void owner_run(void) {
    void *volatile owned = NEW_BYTES(48);

    longjmp(back, 1);
    free(owned);
}

int main(void) {
    if (!setjmp(back))
        owner_run();
    clobber_stack();
    return 0;
}
