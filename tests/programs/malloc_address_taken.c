/* purpose: a program at a fixed address that takes malloc's address has a stub of that name; its allocator is the library's
 * flags: -O0:-fno-pie:-no-pie -O2:-fno-pie:-no-pie -O2
 * no_note: own-malloc
 * expect: lost=1/24
 */
#include "program.h"

static NOINLINE void object_drop(void) {
    void *(*volatile allocate)(size_t) = malloc;

    memset(opaque(allocate(24)), 0, 24);
}

int main(void) {
    object_drop();
    clobber_stack();
    return 0;
}
