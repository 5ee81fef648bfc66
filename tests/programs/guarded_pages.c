/* purpose: pages without access inside a block, in .bss and in a mapping are passed over; what stands beside them counts
 * expect: lost=1/80
 */
#include <sys/mman.h>
#include "program.h"

enum { PAGE = 4096 };
static char area[4 * PAGE] __attribute__((aligned(PAGE)));
static char *block, *mapped;

static NOINLINE void guard(char *four_pages) {
    *(void **)four_pages = NEW_BYTES(24);
    *(void **)(four_pages + 3 * PAGE) = NEW_BYTES(32);
    if (mprotect(four_pages + PAGE, 2 * PAGE, PROT_NONE))
        abort();
}

int main(void) {
    guard(area);
    if (posix_memalign((void **)&block, PAGE, 4 * PAGE))
        return 1;
    memset(block, 0, 4 * PAGE);
    guard(block);
    mapped = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    guard(mapped);
    NEW_BYTES(80);
    opaque(&mapped);
    clobber_stack();
    mprotect(block + PAGE, 2 * PAGE, PROT_NONE);
    return 0;
}
