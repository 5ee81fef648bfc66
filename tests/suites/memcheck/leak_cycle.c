/* six rings of three, of which two hold one another and one more holds another
 * run: | leaked=18/288 cycle=15/240 indirect=3/48 status=23
 */
#include <stdlib.h>
struct node {
    struct node *left, *right;
};
struct node *node_make(struct node *left, struct node *right);
struct node *node_make(struct node *left, struct node *right) {
    struct node *made = malloc(sizeof *made);
    made->left = left;
    made->right = right;
    return made;
}
static struct node *ring_make(void) {
    register struct node *a = node_make(NULL, NULL), *b = node_make(a, NULL), *c = node_make(b, NULL);
    a->left = c;
    return a;
}
int main(void) {
    struct node *volatile one, *volatile two;
    one = ring_make();
    two = ring_make();
    one = two = NULL;
    one = ring_make();
    two = ring_make();
    if (one < two)
        two->right = one;
    else
        one->right = two;
    one = two = NULL;
    one = ring_make();
    two = ring_make();
    one->right = two;
    two->right = one;
    one = two = NULL;
    return 0;
}
