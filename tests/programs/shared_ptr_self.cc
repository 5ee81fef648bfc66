/* purpose: an object whose std::shared_ptr points at itself is a cycle of one; one that main holds too is none
 * expect: cycle=3/96
 * cycle_findings: 1
 * finding: kind=cycle count=3 objects=3 cycle_length=1
 */
#include <memory>
#include "program.h"

struct Node {
    std::shared_ptr<Node> self;
};
static std::shared_ptr<Node> held;

static NOINLINE void node_make() {
    auto node = std::make_shared<Node>();
    node->self = node;
}

int main() {
    for (int i = 0; i < 3; i++)
        node_make();
    held = std::make_shared<Node>();
    held->self = held;
    clobber_stack();
    return 0;
}
