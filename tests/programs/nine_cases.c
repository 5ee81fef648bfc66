/* purpose: the nine ways in which a root may lead to a block by way of another: by starts, through middles, or not at all
 * expect: lost=3/48 lost_indirect=2/32 possible=6/96
 */
#include "program.h"

struct block {
    void *to;
    void *rest;
};
static void *root[10];

static void *middle(void *start) {
    return (void **)start + 1;
}
static NOINLINE void *holder_of(void *to) {
    struct block *made = NEW(struct block);

    made->to = to;
    return made;
}
static NOINLINE void blocks_make(void) {
    root[1] = holder_of(NULL);
    root[2] = holder_of(holder_of(NULL));
    holder_of(NULL);
    holder_of(holder_of(NULL));
    root[5] = middle(holder_of(NULL));
    root[6] = holder_of(middle(holder_of(NULL)));
    root[7] = middle(holder_of(holder_of(NULL)));
    root[8] = middle(holder_of(middle(holder_of(NULL))));
    holder_of(middle(holder_of(NULL)));
}

int main(void) {
    blocks_make();
    opaque(root);
    clobber_stack();
    return 0;
}
