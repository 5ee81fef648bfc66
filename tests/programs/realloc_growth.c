/* purpose: a block that realloc grew is one object of its last size, a block that it shrank too
 * expect: lost=2/1010
 */
#include "program.h"

static NOINLINE void blocks_make(void) {
    char *grown = NULL, *shrunk = opaque(malloc(5000));

    for (size_t size = 16; size < 1000; size += 123) {
        grown = opaque(realloc(grown, size));
        memset(grown, 0, size);
    }
    grown = opaque(realloc(grown, 1000));
    memset(grown, 0, 1000);
    shrunk = opaque(realloc(shrunk, 10));
    memset(shrunk, 0, 10);
}

int main(void) {
    blocks_make();
    clobber_stack();
    return 0;
}
