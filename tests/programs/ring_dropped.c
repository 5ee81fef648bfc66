/* purpose: a doubly linked ring, dropped whole, is a cycle; neighbours point at each other
 * expect: cycle=5/120
 * cycle_findings: 1
 * finding: kind=cycle count=1 objects=5 bytes=120 cycle_length=2 edges=0:0,8:0 frame=ring_insert
 */
#include "program.h"

struct node {
    struct node *next, *previous;
    long value;
};
static struct node *ring;

static NOINLINE void ring_insert(void) {
    struct node *node = NEW(struct node);

    if (!ring) {
        ring = node->next = node->previous = node;
        return;
    }
    node->next = ring;
    node->previous = ring->previous;
    ring->previous->next = node;
    ring->previous = node;
}

int main(void) {
    for (int i = 0; i < 5; i++)
        ring_insert();
    opaque(&ring);
    ring = NULL;
    clobber_stack();
    return 0;
}
