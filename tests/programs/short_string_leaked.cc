/* purpose: a short std::string points into itself (its buffer is inside): lost, not a cycle
 * expect: lost=1/32
 */
#include <string>
#include "program.h"

static NOINLINE void string_make() {
    opaque(new std::string("short"));
}

int main() {
    string_make();
    clobber_stack();
    return 0;
}
