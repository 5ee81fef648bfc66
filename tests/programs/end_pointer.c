/* purpose: a pointer just past an object's end does not hold it
 * expect: lost=1/64
 */
#include "program.h"

static char *end;

static NOINLINE void object_make(void) {
    char *start = NEW_BYTES(64);

    end = start + 64;
}

int main(void) {
    object_make();
    opaque(&end);
    clobber_stack();
    return 0;
}
