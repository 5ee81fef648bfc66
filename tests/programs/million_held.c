/* purpose: a list of a million nodes that is held is marked without deep recursion
 * flags: -O2
 * expect: reachable=1000000/16000000
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
    clobber_stack();
    return 0;
}
