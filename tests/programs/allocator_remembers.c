/* purpose: what an allocator's thread-local data remembers of addresses holds nothing, wherever on a page these data begin
 * so: allocator_remembers.so.c
 * link: -Wl,--no-as-needed @so@
 * expect: lost=3/72
 * allocators: no
 */
#include "program.h"

static void *kept;

int main(void) {
    for (int i = 0; i < 3; i++)
        NEW_BYTES(24);
    kept = NEW_BYTES(40);
    opaque(&kept);
    clobber_stack();
    return 0;
}
