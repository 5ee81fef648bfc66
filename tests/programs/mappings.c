/* purpose: private and shared file mappings hold, after mremap the new place does; after munmap nothing does
 * expect: lost=2/80
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include "program.h"

enum { BYTES = 8192 };

static NOINLINE void **map(int flags, int file) {
    void **memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, flags, file, 0);

    if (memory == MAP_FAILED)
        abort();
    return memory;
}
static NOINLINE void objects_make(int file) {
    void **private = map(MAP_PRIVATE, file), **shared = map(MAP_SHARED, file);
    void **moved = map(MAP_PRIVATE | MAP_ANONYMOUS, -1), **cut = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);

    private[700] = NEW_BYTES(24);
    shared[3] = NEW_BYTES(32);
    moved[1] = NEW_BYTES(48);
    moved = mremap(moved, BYTES, BYTES * 256, MREMAP_MAYMOVE);
    cut[600] = NEW_BYTES(40);
    cut = mremap(cut, BYTES, BYTES / 2, 0);
    if (moved == MAP_FAILED || cut == MAP_FAILED)
        abort();
    void **gone = map(MAP_SHARED | MAP_ANONYMOUS, -1);
    gone[5] = NEW_BYTES(40);
    munmap(gone, BYTES);
}

int main(void) {
    FILE *file = tmpfile();

    if (!file || ftruncate(fileno(file), BYTES))
        return 1;
    objects_make(fileno(file));
    clobber_stack();
    return 0;
}
