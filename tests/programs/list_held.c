/* purpose: a list that a static variable still holds is no leak
 * expect: reachable=10/160
 */
#include "program.h"

struct node {
    struct node *next;
    long value;
};
static struct node *head;

static NOINLINE void list_make(void) {
    for (long i = 0; i < 10; i++) {
        struct node *node = NEW(struct node);

        node->next = head;
        node->value = i;
        head = node;
    }
}

int main(void) {
    list_make();
    clobber_stack();
    opaque(&head);
    return 0;
}
