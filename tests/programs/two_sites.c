/* purpose: cycles of the same shape from two places are two findings
 * expect: cycle=10/240
 * cycle_findings: 2
 * finding: kind=cycle count=2 objects=4 frame=server_pair
 * finding: kind=cycle count=3 objects=6 frame=client_pair
 */
#include "program.h"

struct peer {
    long value[2];
    struct peer *other;
};

static NOINLINE void server_pair(void) {
    struct peer *left = NEW(struct peer), *right = NEW(struct peer);

    left->other = right;
    right->other = left;
}
static NOINLINE void client_pair(void) {
    struct peer *left = NEW(struct peer), *right = NEW(struct peer);

    right->other = left;
    left->other = right;
}

int main(void) {
    volatile int servers = 2, clients = 3; /* loops that are not unrolled: one call, one stack */

    for (int i = servers; i > 0; i--)
        server_pair();
    for (int i = clients; i > 0; i--)
        client_pair();
    clobber_stack();
    return 0;
}
