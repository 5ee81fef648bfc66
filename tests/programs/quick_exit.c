/* purpose: quick_exit is an end like any other
 * expect: lost=1/77
 */
#include <stdlib.h>
#include "program.h"

static NOINLINE void drop_one(void) {
    NEW_BYTES(77);
}

int main(void) {
    drop_one();
    clobber_stack();
    quick_exit(0);
}
