/* purpose: new[] of objects with a destructor returns a pointer 8 bytes into the allocation: a known-good shape
 * expect: possible=0/0 lost=0/0
 */
#include "program.h"

struct Item {
    long value = 0;
    ~Item() {
        opaque(this);
    }
};
static Item *items;

static NOINLINE void items_make() {
    items = new Item[5];
}

int main() {
    items_make();
    opaque(&items);
    clobber_stack();
    return 0;
}
