/* purpose: pages of large blocks that were never written to are passed over; what stands between them counts, and a dropped
 *          block of such pages is lost as any other
 * expect: lost=2/33554456 lost_indirect=1/56
 */
#include "program.h"

enum { WORDS = (512 << 20) / sizeof(void *) };

static void **held;

static NOINLINE void blocks_make(void) {
    held = opaque(malloc(WORDS * sizeof *held));
    held[1] = NEW_BYTES(16);
    held[WORDS / 2] = NEW_BYTES(48);
    held[WORDS - 1] = NEW_BYTES(80);
    (void)NEW_BYTES(24);
    void **dropped = opaque(malloc(32 << 20));
    dropped[100000] = NEW_BYTES(56);
}

int main(void) {
    blocks_make();
    opaque(&held);
    clobber_stack();
    return 0;
}
