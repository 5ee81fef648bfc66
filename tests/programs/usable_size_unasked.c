/* purpose: what lies behind the bytes that were asked for holds nothing, when the program never learns of them
 * expect: lost=1/40
 * allocators: no
 */
#include "program.h"

static void **block;

int main(void) {
    block = NEW_BYTES(72);
    block[8] = NEW_BYTES(40);
    free(block);
    block = opaque(malloc(64)); /* the same place; the last word is as it was */
    opaque(&block);
    clobber_stack();
    return 0;
}
