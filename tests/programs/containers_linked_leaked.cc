/* purpose: the nodes of std::list and std::map point back into the object that has the container: together a cycle
 * expect: cycle=7/264
 * cycle_findings: 1
 */
#include <list>
#include <map>
#include "program.h"

struct Holder {
    std::list<int> items = {1, 2, 3};
    std::map<int, int> table = {{1, 1}, {2, 2}, {3, 3}};
};

static NOINLINE void holder_make() {
    opaque(new Holder);
}

int main() {
    static_assert(sizeof(Holder) == 72, "expectation: 72 + 3 * 24 + 3 * 40");
    holder_make();
    clobber_stack();
    return 0;
}
