/* purpose: an object with an empty list in it, whose head points at itself (inside the object), is lost, not a cycle
 * expect: lost=1/48
 */
#include "program.h"

struct list {
    struct list *next, *previous;
};
struct owner {
    long id[2];
    struct list items;
    long flags[2];
};

static NOINLINE void owner_make(void) {
    struct owner *owner = NEW(struct owner);

    owner->items.next = owner->items.previous = &owner->items;
}

int main(void) {
    owner_make();
    clobber_stack();
    return 0;
}
