/* purpose: a program that asks learns how many objects are lost at that moment
 * expect: lost=2/64
 */
#include "../../preload/castaway.h"
#include "program.h"

static NOINLINE void drop_one(void) {
    NEW_BYTES(32);
}

int main(void) {
    if (castaway_check() != 0)
        return 1;
    drop_one();
    drop_one();
    clobber_stack();
    if (castaway_is_active() && castaway_check() != 2)
        return 2;
    clobber_stack();
    return 0;
}
