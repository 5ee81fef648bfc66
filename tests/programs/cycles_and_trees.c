/* purpose: rings, a tree below a ring, two rings of which one holds the other, a tree whose top is lost
 * expect: cycle=9/144 lost=1/16 lost_indirect=12/192
 * cycle_findings: 3
 */
#include "program.h"

struct node {
    struct node *left, *right;
};

static NOINLINE struct node *node_make(struct node *left, struct node *right) {
    struct node *made = NEW(struct node);

    *made = (struct node){left, right};
    return made;
}
static NOINLINE struct node *ring_make(void) {
    struct node *first = node_make(NULL, NULL), *second = node_make(first, NULL);

    first->left = node_make(second, NULL);
    return first;
}
static NOINLINE struct node *tree_make(void) {
    return node_make(node_make(NULL, NULL), node_make(NULL, NULL));
}
static NOINLINE void graph_make(void) {
    struct node *upper = ring_make(), *lower = ring_make();

    ring_make();
    ring_make()->right = tree_make();
    upper->right = lower;
    node_make(tree_make(), tree_make());
}

int main(void) {
    graph_make();
    clobber_stack();
    return 0;
}
