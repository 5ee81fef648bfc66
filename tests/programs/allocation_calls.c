/* purpose: every call that allocates makes one object of the size that was asked for
 * expect: lost=10/457
 * finding: kind=lost bytes=11
 * finding: kind=lost bytes=21
 * finding: kind=lost bytes=45
 * finding: kind=lost bytes=100
 * finding: kind=lost bytes=128
 * finding: kind=lost bytes=33
 * finding: kind=lost bytes=50
 * finding: kind=lost bytes=60
 * finding: kind=lost bytes=9
 * finding: kind=lost bytes=0
 */
#include <malloc.h>
#include "program.h"

static NOINLINE void use(void *pointer, size_t size) {
    memset(opaque(pointer), 0, size);
}
static NOINLINE void objects_make(void) {
    void *aligned = NULL;

    use(malloc(11), 11);
    use(calloc(3, 7), 21);
    use(reallocarray(NULL, 5, 9), 45);
    if (posix_memalign(&aligned, 64, 100))
        abort();
    use(aligned, 100);
    aligned = NULL;
    use(aligned_alloc(64, 128), 128);
    use(memalign(32, 33), 33);
    use(valloc(50), 50);
    use(pvalloc(60), 60);
    use(strdup("castaway"), 9);
    use(malloc(0), 0);
}

int main(void) {
    objects_make();
    clobber_stack();
    return 0;
}
