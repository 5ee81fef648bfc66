/* purpose: a singly linked list whose head is gone: the first node is lost, the others hang from it
 * expect: lost=1/24 lost_indirect=9/216
 * finding: kind=lost count=1 objects=1 bytes=24 indirect_objects=9 indirect_bytes=216 frame=list_push
 */
#include "program.h"

struct node {
    struct node *next;
    long value[2];
};

static NOINLINE struct node *list_push(struct node *head, long value) {
    struct node *node = NEW(struct node);

    node->next = head;
    node->value[0] = value;
    return node;
}

static NOINLINE void list_make(void) {
    struct node *head = NULL;

    for (long i = 0; i < 10; i++)
        head = list_push(head, i);
    opaque(head);
}

int main(void) {
    list_make();
    clobber_stack();
    return 0;
}
