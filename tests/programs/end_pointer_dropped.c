/* purpose: an object of which a pointer just past its end is gone, too, is lost; so is one of which a pointer beyond is left
 * expect: lost=2/128
 */
#include "program.h"

static char *end, *beyond;

static NOINLINE void objects_make(void) {
    end = (char *)NEW_BYTES(64) + 64;
    beyond = (char *)NEW_BYTES(64) + 65;
}

int main(void) {
    objects_make();
    opaque(&end);
    opaque(&beyond);
    end = NULL;
    clobber_stack();
    return 0;
}
