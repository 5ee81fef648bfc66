/* purpose: what only a possible object reaches is possible too
 * expect: possible=3/144
 */
#include "program.h"

struct node {
    struct node *next;
    long value[5];
};
static long *middle;

static NOINLINE void chain_make(void) {
    struct node *a = NEW(struct node), *b = NEW(struct node), *c = NEW(struct node);

    a->next = b;
    b->next = c;
    middle = &a->value[2];
}

int main(void) {
    chain_make();
    opaque(&middle);
    clobber_stack();
    return 0;
}
