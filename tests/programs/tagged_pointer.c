/* purpose: pointers with tags in their three low bits hold their objects as untagged ones do
 * expect: lost=1/80
 */
#include <stdint.h>
#include "program.h"

static uintptr_t tagged[8];

static NOINLINE void objects_make(void) {
    for (uintptr_t tag = 1; tag < 8; tag++)
        tagged[tag] = (uintptr_t)NEW_BYTES(40) | tag;
    tagged[0] = ~(uintptr_t)NEW_BYTES(80);
}

int main(void) {
    objects_make();
    opaque(tagged);
    clobber_stack();
    return 0;
}
