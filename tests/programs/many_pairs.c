/* purpose: a hundred thousand cycles of one shape are one finding
 * expect: cycle=200000/6400000
 * cycle_findings: 1
 * finding: kind=cycle count=100000 objects=200000 bytes=6400000 cycle_length=2
 */
#include "program.h"

struct peer {
    long value[3];
    struct peer *other;
};

static NOINLINE void pair_make(void) {
    struct peer *left = NEW(struct peer), *right = NEW(struct peer);

    left->other = right;
    right->other = left;
}

int main(void) {
    for (int i = 0; i < 100000; i++)
        pair_make();
    clobber_stack();
    return 0;
}
