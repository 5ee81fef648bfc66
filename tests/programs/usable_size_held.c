/* purpose: a program that asks how large its block really is may keep pointers in all of it
 * expect: lost=1/80
 */
#include <malloc.h>

#include "program.h"

static void **block, **mapped;

/* Allocators round differently: a block that has room for a pointer beyond the end. */
static NOINLINE void **roomy(size_t size) {
    for (;; size += sizeof(void *)) {
        void **candidate = NEW_BYTES(size);
        if (malloc_usable_size(candidate) >= size + sizeof(void *))
            return candidate;
        free(candidate);
    }
}
static NOINLINE void fill(void **objects, size_t size) {
    objects[malloc_usable_size(objects) / sizeof(void *) - 1] = NEW_BYTES(size);
}

int main(void) {
    block = roomy(64);
    fill(block, 40);
    mapped = roomy((1 << 20) - 24);
    fill(mapped, 56);
    drop(80);
    opaque(&block);
    opaque(&mapped);
    clobber_stack();
    return 0;
}
