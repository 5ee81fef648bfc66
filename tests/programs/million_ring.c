/* purpose: a lost ring of a million nodes, linked one way: the smallest cycle in it has a million objects
 * flags: -O2
 * expect: cycle=1000000/16000000
 * cycle_findings: 1
 */
#include "program.h"

struct node {
    struct node *next;
    long value;
};
static struct node *head;

static NOINLINE void ring_make(void) {
    struct node *first = NULL;

    for (long i = 0; i < 1000000; i++) {
        struct node *node = NEW(struct node);

        if (!first)
            first = node;
        node->next = head;
        node->value = i;
        head = node;
    }
    first->next = head;
}

int main(void) {
    ring_make();
    opaque(&head);
    head = NULL;
    clobber_stack();
    return 0;
}
