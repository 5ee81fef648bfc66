/* purpose: a word at the very end of the address space, first in an object, is taken for no class: the search survives it
 * expect: lost=1/16
 */
#include "program.h"

struct Shape {
    virtual ~Shape() {
    }
};
static Shape *shape;
static long *offset, *lost;

static NOINLINE void objects_make() {
    shape = static_cast<Shape *>(opaque(new Shape));
    offset = static_cast<long *>(NEW_BYTES(24));
    offset[0] = -8;
    offset[1] = -16;
    lost = static_cast<long *>(NEW_BYTES(16));
    lost[0] = -8;
}

int main() {
    objects_make();
    lost = nullptr;
    opaque(&shape);
    opaque(&offset);
    opaque(&lost);
    clobber_stack();
    return 0;
}
