/* purpose: what was asked of a library's operator new, which calls no allocator, says nothing of the next aligned allocation
 * so: operator_new_of_plugin.so.c
 * link: @so@
 * expect: lost=2/704
 * finding: kind=lost objects=1 bytes=640 frame=drop
 * allocators: no
 */
#include <cstdlib>
#include <new>
#include "program.h"

struct alignas(64) Line {
    char bytes[64] = {};
};

static NOINLINE void drop() {
    opaque(new Line);
    opaque(aligned_alloc(64, 640));
}

int main() {
    drop();
    clobber_stack();
    return 0;
}
