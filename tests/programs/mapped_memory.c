/* purpose: a pointer in memory that the program mapped itself holds its object; after munmap it does not
 * expect: lost=1/88
 */
#include <sys/mman.h>
#include "program.h"

static NOINLINE void **page_map(int flags) {
    void **page = mmap(NULL, 65536, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED)
        abort();
    return page;
}
static NOINLINE void objects_make(void) {
    void **kept = page_map(MAP_PRIVATE), **shared = page_map(MAP_SHARED), **gone = page_map(MAP_PRIVATE);
    void **protected = page_map(MAP_PRIVATE);

    kept[4096] = NEW_BYTES(24);
    shared[1] = NEW_BYTES(40);
    gone[1] = NEW_BYTES(88);
    protected[1] = NEW_BYTES(56);
    mprotect(protected, 65536, PROT_READ);
    munmap(gone, 65536);
}

int main(void) {
    objects_make();
    clobber_stack();
    return 0;
}
