/* purpose: a block of 32 MiB of integers, dropped, with no pointer in it; and one that is the only holder of another object
 * expect: lost=1/33554432
 */
#include "program.h"

static void **held;

static NOINLINE void blocks_make(void) {
    long *numbers = opaque(malloc(32 << 20));

    for (long i = 0; i < (32 << 20) / 8; i++)
        numbers[i] = i;
    held = opaque(malloc(32 << 20));
    memset(held, 0, 32 << 20);
    held[(32 << 20) / 8 - 1] = NEW_BYTES(24);
}

int main(void) {
    blocks_make();
    opaque(&held);
    clobber_stack();
    return 0;
}
