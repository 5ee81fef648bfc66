/* purpose: every form of operator new makes one object of the size that was asked for
 * expect: lost=7/442
 * finding: kind=lost bytes=4
 * finding: kind=lost bytes=41
 * finding: kind=lost bytes=32
 * finding: kind=lost bytes=64
 * finding: kind=lost bytes=100
 * finding: kind=lost bytes=101
 */
#include <new>
#include "program.h"

struct Item {
    long value = 0;
    ~Item() {
        opaque(this);
    }
};
struct alignas(64) Line {
    char bytes[64] = {};
};

static NOINLINE void objects_make() {
    opaque(new int(0));
    opaque(new char[41]());
    opaque(new Item[3]);
    opaque(new Line);
    opaque(new (std::nothrow) char[100]());
    /* filled: an allocator's own links may stand in new memory, and look like the program's */
    opaque(memset(::operator new(101, std::align_val_t(64)), 0, 101));
    opaque(memset(::operator new(100, std::align_val_t(64), std::nothrow), 0, 100));
}

int main() {
    objects_make();
    clobber_stack();
    return 0;
}
