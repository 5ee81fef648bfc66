/* purpose: a cycle that only another lost cycle points at is lost-indirect
 * expect: cycle=2/32 lost_indirect=2/64
 * cycle_findings: 1
 * finding: kind=cycle count=1 objects=2 indirect_objects=2 indirect_bytes=64
 */
#include "program.h"

struct upper {
    struct upper *other;
    struct lower *below;
};
struct lower {
    struct lower *other;
    long value[3];
};

static NOINLINE void cycles_make(void) {
    struct upper *a = NEW(struct upper), *b = NEW(struct upper);
    struct lower *c = NEW(struct lower), *d = NEW(struct lower);

    a->other = b;
    b->other = a;
    b->below = c;
    c->other = d;
    d->other = c;
}

int main(void) {
    cycles_make();
    clobber_stack();
    return 0;
}
