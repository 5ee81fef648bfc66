/* purpose: two objects that hold each other by std::shared_ptr: the cycle that reference counting can't free
 * expect: cycle=2/80
 * cycle_findings: 1
 * finding: kind=cycle count=1 objects=2 bytes=80 cycle_length=2
 */
#include <memory>
#include "program.h"

struct Node {
    std::shared_ptr<Node> other;
    long value = 0;
};

static NOINLINE void pair_make() {
    auto a = std::make_shared<Node>(), b = std::make_shared<Node>();

    a->other = b;
    b->other = a;
}

int main() {
    pair_make();
    clobber_stack();
    return 0;
}
