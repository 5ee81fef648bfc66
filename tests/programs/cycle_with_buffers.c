/* purpose: what hangs from a cycle is lost-indirect, and the finding counts it
 * expect: cycle=2/48 lost_indirect=3/300
 * cycle_findings: 1
 * finding: kind=cycle count=1 objects=2 bytes=48 indirect_objects=3 indirect_bytes=300 edges=8:0,8:0
 */
#include "program.h"

struct peer {
    char *buffer;
    struct peer *other;
    char **more;
};

static NOINLINE void peers_make(void) {
    struct peer *left = NEW(struct peer), *right = NEW(struct peer);

    left->other = right;
    right->other = left;
    left->buffer = NEW_BYTES(100);
    right->buffer = NEW_BYTES(100);
    right->more = NEW_BYTES(100);
    right->more[3] = left->buffer;
}

int main(void) {
    peers_make();
    clobber_stack();
    return 0;
}
