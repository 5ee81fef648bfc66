/* purpose: with std::weak_ptr for the way back there is no cycle, and no leak
 * expect:
 */
#include <memory>
#include "program.h"

struct Node {
    std::shared_ptr<Node> child;
    std::weak_ptr<Node> parent;
};

static NOINLINE void pair_make() {
    auto parent = std::make_shared<Node>(), child = std::make_shared<Node>();

    parent->child = child;
    child->parent = parent;
}

int main() {
    pair_make();
    clobber_stack();
    return 0;
}
