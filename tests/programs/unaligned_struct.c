/* purpose: a pointer at an odd address (a packed structure on the heap) is not searched: what only it holds is lost
 * expect: lost=1/40
 */
#include "program.h"

struct __attribute__((packed)) packed {
    char tag;
    void *pointer;
};
static struct packed *holder;

static NOINLINE void objects_make(void) {
    holder = NEW(struct packed);
    holder->pointer = NEW_BYTES(40);
}

int main(void) {
    objects_make();
    opaque(&holder);
    clobber_stack();
    return 0;
}
