/* purpose: pointers in the last bytes of an object hold; numbers that look like addresses do no harm
 * expect: lost=1/80
 */
#include <stdint.h>
#include "program.h"

static void **last, **filled;

static NOINLINE void objects_make(void) {
    last = NEW_BYTES(4096 + 8);
    last[512] = NEW_BYTES(40);
    last = opaque(last);
    NEW_BYTES(80);
}
/* Addresses of every mapping's edge, of nothing, of the kernel. */
static NOINLINE void numbers_make(void) {
    filled = NEW_BYTES(8 * 4096);
    for (uintptr_t i = 0; i < 4096; i++)
        filled[i] = (void *)(i << 52 | i << 36 | 0xfff);
    filled[0] = (void *)-1;
    filled[1] = (void *)((uintptr_t)1 << 47);
    filled[2] = (void *)(((uintptr_t)1 << 47) - 1);
}

int main(void) {
    objects_make();
    numbers_make();
    opaque(&last);
    opaque(&filled);
    clobber_stack();
    return 0;
}
