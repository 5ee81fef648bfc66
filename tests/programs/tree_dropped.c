/* purpose: a binary tree with parent pointers, dropped whole, is one cycle group; the smallest cycle in it has two objects
 * expect: cycle=15/480
 * cycle_findings: 1
 * finding: kind=cycle count=1 objects=15 bytes=480 cycle_length=2
 */
#include "program.h"

struct node {
    struct node *left, *right, *parent;
    long key;
};
static struct node *root;

static NOINLINE struct node *tree_make(struct node *parent, int depth) {
    struct node *node = NEW(struct node);

    node->parent = parent;
    node->key = depth;
    if (depth > 1) {
        node->left = tree_make(node, depth - 1);
        node->right = tree_make(node, depth - 1);
    }
    return node;
}

int main(void) {
    root = tree_make(NULL, 4);
    opaque(&root);
    root = NULL;
    clobber_stack();
    return 0;
}
