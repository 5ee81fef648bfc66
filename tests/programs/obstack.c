/* purpose: obstacks: the newest chunk is held by the obstack, older ones by the next newer; one that is gone loses all
 * expect: lost=1/4064 lost_indirect=3/12192
 */
#include <obstack.h>
#include "program.h"

#define obstack_chunk_alloc malloc
#define obstack_chunk_free free

static struct obstack held;

static NOINLINE void fill(struct obstack *obstack) {
    obstack_init(obstack);
    for (int i = 0; i < 500; i++)
        obstack_copy(obstack, "a text of some length", 22);
}
static NOINLINE void make(void) {
    struct obstack gone;

    fill(&held);
    fill(&gone);
}

int main(void) {
    make();
    clobber_stack();
    return 0;
}
