/* a leaf and a subtree that are cut off
 * run: | lost=2/32 indirect=2/32 leaked=4/64 cycle=0/0 possible=0/0
 */
#include <stdlib.h>
struct node {
    struct node *left, *right;
};
struct node *tree;
static struct node *node_make(void) {
    struct node *made = malloc(sizeof *made);
    made->left = made->right = NULL;
    return made;
}
void all(void);
void all(void) {
    tree = node_make();
    tree->left = node_make();
    tree->right = node_make();
    tree->left->left = node_make();
    tree->left->right = node_make();
    tree->right->left = node_make();
    tree->right->right = node_make();
    tree->left->left = NULL;
    tree->right = NULL;
}
int main(void) {
    all();
    return 0;
}
