/* purpose: malloc(0) makes an object of no bytes: lost when dropped, reachable while a pointer to it is there
 * expect: lost=1/0 reachable=1/0
 */
#include "program.h"

static void *held;

static NOINLINE void objects_make(void) {
    opaque(malloc(0));
    held = opaque(malloc(0));
}

int main(void) {
    objects_make();
    opaque(&held);
    clobber_stack();
    return 0;
}
