/* purpose: an object with a long std::string and a std::vector in it is lost, their buffers hang from it
 * expect: lost=1/56 lost_indirect=2/141
 */
#include <string>
#include <vector>
#include "program.h"

struct Holder {
    std::string name = std::string(100, 'x');
    std::vector<int> numbers = std::vector<int>(10);
};

static NOINLINE void holder_make() {
    opaque(new Holder);
}

int main() {
    holder_make();
    clobber_stack();
    return 0;
}
