/* purpose: a tree with parent pointers is no leak while its root is held, nor while only one of its leaves is
 * expect: reachable=30/960
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
    struct node *leaf = tree_make(NULL, 4);

    while (leaf->right)
        leaf = leaf->right;
    static struct node *held_leaf;
    held_leaf = leaf;
    leaf = NULL;
    opaque(&held_leaf);
    opaque(&root);
    clobber_stack();
    return 0;
}
