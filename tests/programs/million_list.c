/* purpose: a lost list of a million nodes needs no deep recursion
 * flags: -O2
 * expect: lost=1/16 lost_indirect=999999/15999984
 */
#include "program.h"

struct node {
    struct node *next;
    long value;
};
static struct node *head;

static NOINLINE void list_make(void) {
    for (long i = 0; i < 1000000; i++) {
        struct node *node = NEW(struct node);

        node->next = head;
        node->value = i;
        head = node;
    }
}

int main(void) {
    list_make();
    opaque(&head);
    head = NULL;
    clobber_stack();
    return 0;
}
