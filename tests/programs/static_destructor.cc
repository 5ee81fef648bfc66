/* purpose: a static object whose destructor leaks
 * expect: lost=1/44
 */
#include "program.h"

struct Registry {
    ~Registry() {
        last_will();
        clobber_stack();
    }
    static NOINLINE void last_will() {
        opaque(new char[44]());
    }
};
static Registry registry;

int main() {
    clobber_stack();
    return 0;
}
