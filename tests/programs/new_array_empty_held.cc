/* purpose: new T[0] of a T with a destructor is its count alone: the pointer to its elements is its end, and holds it
 * expect: possible=0/0 lost=1/8
 * finding: kind=lost count=1 objects=1 bytes=8
 */
#include "program.h"

struct Item {
    long value = 0;
    ~Item() {
        opaque(this);
    }
};
static Item *held, *dropped;

static NOINLINE void items_make(long count) {
    held = new Item[count];
    dropped = new Item[count];
}

int main() {
    items_make(0);
    opaque(&held);
    opaque(&dropped);
    dropped = nullptr;
    clobber_stack();
    return 0;
}
