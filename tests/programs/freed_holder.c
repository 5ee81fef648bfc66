/* purpose: memory that was freed holds nothing: an object whose only owner was freed is lost
 * expect: lost=1/72
 */
#include "program.h"

struct owner {
    long id[6];
    void *child;
    long more[6];
};

static NOINLINE void owner_make_and_free(void) {
    struct owner *owner = NEW(struct owner);

    owner->child = NEW_BYTES(72);
    free(opaque(owner));
}

int main(void) {
    owner_make_and_free();
    clobber_stack();
    return 0;
}
