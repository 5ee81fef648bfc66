/* purpose: an object that two lost ones point at is counted once
 * expect: lost=2/32 lost_indirect=1/72
 */
#include "program.h"

struct owner {
    long id;
    void *shared;
};

static NOINLINE void owners_make(void) {
    struct owner *a = NEW(struct owner), *b = NEW(struct owner);

    a->shared = b->shared = NEW_BYTES(72);
}

int main(void) {
    owners_make();
    clobber_stack();
    return 0;
}
