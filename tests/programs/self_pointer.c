/* purpose: an object that only points at itself is lost, not a cycle
 * expect: lost=1/32
 */
#include "program.h"

struct node {
    long value[3];
    struct node *self;
};

static NOINLINE void node_make(void) {
    struct node *node = NEW(struct node);

    node->self = node;
}

int main(void) {
    node_make();
    clobber_stack();
    return 0;
}
