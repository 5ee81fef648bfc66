/* purpose: pointers left in frames that have returned hide no leak, at exit() inside a function and at main's return
 * expect: lost=12/480
 */
#include "program.h"

static NOINLINE void deep(int depth) {
    void *volatile slots[32];

    for (int i = 0; i < 32; i++)
        slots[i] = NULL;
    if (depth > 0)
        deep(depth - 1);
    slots[depth] = NEW_BYTES(40);
    opaque((void *)slots);
}
static NOINLINE void leave(void) {
    exit(0);
}

int main(void) {
    deep(11);
    leave();
}
