/* purpose: a ring that hangs from a lost head is lost-indirect, not a cycle of its own
 * expect: lost=1/48 lost_indirect=4/64
 * finding: kind=lost count=1 objects=1 bytes=48 indirect_objects=4 indirect_bytes=64
 */
#include "program.h"

struct node {
    struct node *next, *previous;
};
struct head {
    long count;
    struct node *ring;
    char name[32];
};
static struct head *head;

static NOINLINE void head_make(void) {
    head = NEW(struct head);
    for (int i = 0; i < 4; i++) {
        struct node *node = NEW(struct node);

        if (!head->ring)
            head->ring = node->next = node->previous = node;
        node->next = head->ring;
        node->previous = head->ring->previous;
        node->previous->next = node;
        node->next->previous = node;
    }
}

int main(void) {
    head_make();
    opaque(&head);
    head = NULL;
    clobber_stack();
    return 0;
}
