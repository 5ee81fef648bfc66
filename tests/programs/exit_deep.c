/* purpose: exit() fifty calls deep, with another status: what the frames above hold is reachable
 * expect: lost=1/40
 * status: 7
 */
#include "program.h"

static NOINLINE void drop_one(void) {
    NEW_BYTES(40);
}
static NOINLINE void go_down(int depth) {
    void *volatile held = NEW_BYTES(24);

    if (depth == 0) {
        drop_one();
        clobber_stack();
        exit(7);
    }
    go_down(depth - 1);
    opaque(held);
}

int main(void) {
    go_down(50);
    return 0;
}
