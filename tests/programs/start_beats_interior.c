/* purpose: an object reached by an interior pointer, and elsewhere by one to its start, is reachable
 * expect: reachable=3/144
 */
#include "program.h"

struct node {
    struct node *next;
    long value[5];
};
static long *middle;
static struct node *holder;

static NOINLINE void chain_make(void) {
    struct node *a = NEW(struct node), *b = NEW(struct node);

    a->next = b;
    middle = &a->value[2];
    holder = NEW(struct node);
    holder->next = a;
}

int main(void) {
    chain_make();
    opaque(&middle);
    opaque(&holder);
    clobber_stack();
    return 0;
}
