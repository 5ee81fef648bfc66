/* purpose: an object that only a pointer just past its end reaches, as a downward growing stack's may be, is possible
 * expect: possible=3/2096
 * allocators: no
 */
#include "program.h"

enum { COUNT = 3 };
static const size_t sizes[COUNT] = {24, 64, 2008};
static char *end[COUNT];

static NOINLINE void objects_make(void) {
    for (int i = 0; i < COUNT; i++)
        end[i] = (char *)NEW_BYTES(sizes[i]) + sizes[i];
}

int main(void) {
    objects_make();
    opaque(end);
    clobber_stack();
    return 0;
}
