/* purpose: memory that the program takes from the break itself holds what it points at, until it is given back
 * allocators: no
 * expect: lost=2/96
 */
#define _GNU_SOURCE
#include <unistd.h>
#include "program.h"

static NOINLINE void take(void) {
    void **first = sbrk(4096), **second = sbrk(4096);

    first[1] = NEW_BYTES(40);
    second[511] = NEW_BYTES(41);
    first[2] = NULL;
}
static NOINLINE void take_above_heap(void) {
    void *volatile block = malloc(100000); /* the heap goes on above what was taken */
    void **later = sbrk(0);

    free(block);
    if (brk(later + 1000))
        abort();
    later[999] = NEW_BYTES(42);
}
/* The break comes down again, to where it was, and up again: the kernel hands out cleared memory. */
static NOINLINE void give_back(void) {
    void **area = sbrk(8192);

    area[3] = NEW_BYTES(47);
    area[1000] = NEW_BYTES(49);
    if (sbrk(-8192) == (void *)-1)
        abort();
}

int main(void) {
    free(malloc(10));
    take();
    take_above_heap();
    give_back();
    clobber_stack();
    return 0;
}
