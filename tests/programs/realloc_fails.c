/* purpose: a realloc that fails leaves the object as it was; allocations that fail are no objects
 * expect: lost=1/33
 */
#include <errno.h>
#include <stdio.h>
#include "program.h"

static NOINLINE void object_make(void) {
    char *block = NEW_BYTES(33);
    size_t huge = (size_t)opaque((void *)((~(size_t)0 >> 1) - 4096));

    errno = 0;
    if (opaque(realloc(block, huge)) || errno != ENOMEM)
        puts("realloc");
    errno = 0;
    if (opaque(malloc(huge)) || errno != ENOMEM)
        puts("malloc");
    errno = 0;
    if (opaque(calloc(huge, 16)) || errno != ENOMEM)
        puts("calloc");
    errno = 0;
    if (opaque(reallocarray(NULL, huge, 16)) || errno != ENOMEM)
        puts("reallocarray");
    void *aligned = NULL;
    if (posix_memalign(&aligned, 3, 16) != EINVAL)
        puts("posix_memalign");
}

int main(void) {
    object_make();
    clobber_stack();
    return 0;
}
