/* purpose: std::shared_ptr from new: object and control block are two allocations, and all four are on the cycle
 * expect: cycle=4/96
 * cycle_findings: 1
 */
#include <memory>
#include "program.h"

struct Node {
    std::shared_ptr<Node> other;
    long value = 0;
};

static NOINLINE void pair_make() {
    std::shared_ptr<Node> a(new Node), b(new Node);

    a->other = b;
    b->other = a;
}

int main() {
    pair_make();
    clobber_stack();
    return 0;
}
