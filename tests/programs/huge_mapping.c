/* purpose: a mapping of 8 TiB of which two pages were touched is searched at once, and holds what it points at
 * expect: lost=1/24
 */
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#include "program.h"

enum { TIB = 40 };

static NOINLINE void objects_make(char *area) {
    *(void **)(area + (7ul << TIB)) = NEW_BYTES(16);
    *(void **)area = NEW_BYTES(48);
    (void)NEW_BYTES(24);
}

int main(void) {
    char *area = mmap(NULL, 8ul << TIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (area == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    objects_make(area);
    clobber_stack();
    return 0;
}
