/* purpose: castaway.h: what is ignored counts as reachable, with all that hangs from it; what is not is lost
 * expect: lost=2/66
 */
#include "../../preload/castaway.h"
#include "program.h"

static NOINLINE void ignore_one(void) {
    void **holder = NEW_BYTES(40);

    holder[1] = NEW_BYTES(24);
    castaway_ignore((char *)holder + 8);
}
static NOINLINE void disable_twice(void) {
    castaway_disable();
    castaway_disable();
    NEW_BYTES(100);
    castaway_enable();
    NEW_BYTES(101);
    castaway_enable();
    NEW_BYTES(33);
    castaway_enable();
    NEW_BYTES(33);
}

int main(void) {
    ignore_one();
    disable_twice();
    castaway_ignore(NULL);
    castaway_ignore(&main);
    clobber_stack();
    return 0;
}
