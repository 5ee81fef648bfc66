/* purpose: realloc to 0 frees, in glibc: no object is left (other allocators give one of no bytes)
 * expect: lost=0/0
 * allocators: no
 */
#include "program.h"

static NOINLINE void object_make(void) {
    void *gone = opaque(malloc(24));
    size_t zero = (size_t)opaque(NULL);

    opaque(realloc(gone, zero));
}

int main(void) {
    object_make();
    clobber_stack();
    return 0;
}
