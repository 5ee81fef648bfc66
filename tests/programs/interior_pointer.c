/* purpose: an object that only a pointer into its middle reaches is possible
 * expect: possible=1/64
 */
#include "program.h"

static char *middle;

static NOINLINE void object_make(void) {
    char *start = NEW_BYTES(64);

    middle = start + 20;
}

int main(void) {
    object_make();
    opaque(&middle);
    clobber_stack();
    return 0;
}
