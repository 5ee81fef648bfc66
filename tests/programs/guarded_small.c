/* purpose: small objects in pages without access are passed over; what only they name is lost
 * expect: lost=2/104
 */
#include <stdint.h>
#include <sys/mman.h>
#include "program.h"

enum { PAGE = 4096, OBJECTS = 300 };
static void *objects[OBJECTS], *most_of_a_page;

static NOINLINE void fill(void) {
    for (int i = 0; i < OBJECTS; i++)
        objects[i] = NEW_BYTES(64);
    if (posix_memalign(&most_of_a_page, PAGE, PAGE - 96))
        abort();
    memset(most_of_a_page, 0, PAGE - 96);
    *(void **)most_of_a_page = NEW_BYTES(24);
    NEW_BYTES(80);
}

int main(void) {
    fill();
    char *amid = (char *)(((uintptr_t)objects[OBJECTS / 2] + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
    if (mprotect(amid, PAGE, PROT_NONE) || mprotect(most_of_a_page, PAGE, PROT_NONE))
        return 1;
    clobber_stack();
    return 0;
}
