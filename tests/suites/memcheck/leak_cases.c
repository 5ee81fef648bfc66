/* the nine ways to a block by way of another, in blocks that are not cleared, with nothing done about what stays on stacks
 * run: | definite=3/48 indirect=2/32 possible=6/96 leaked=5/80
 */
#include <stdlib.h>
struct node {
    struct node *next;
};
static struct node *node_make(struct node *next) {
    struct node *made = malloc(2 * sizeof *made);
    made->next = next;
    return made;
}
struct node *p1, *p2, *p3, *p4, *p5, *p6, *p7, *p8, *p9;
void all(void);
void all(void) {
    p1 = node_make(NULL);
    p2 = node_make(node_make(NULL));
    (void)node_make(NULL);
    (void)node_make(node_make(NULL));
    p5 = node_make(NULL) + 1;
    p6 = node_make(node_make(NULL));
    p6->next++;
    p7 = node_make(node_make(NULL)) + 1;
    p8 = node_make(node_make(NULL));
    p8->next++;
    p8++;
    p9 = node_make(node_make(NULL));
    p9->next++;
    p9 = NULL;
}
int main(void) {
    all();
    return 0;
}
