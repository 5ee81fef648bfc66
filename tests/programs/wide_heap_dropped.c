/* purpose: blocks all over 300 megabytes, more than a thread keeps the leaves of, are freed, made again and dropped in an order
 *          that jumps from one end to the other
 * flags: -O2
 * expect: lost=100/400000 reachable=79900/319600000
 * finding: kind=lost count=100 objects=100 bytes=400000 frame=fill
 */
#include "program.h"

enum { BLOCKS = 80000, BYTES = 4000, STEP = 7919 };

static void *block[BLOCKS];

static NOINLINE void fill(int i) {
    block[i] = malloc(BYTES);
    opaque(block[i]);
}

int main(void) {
    for (int i = 0; i < BLOCKS; i++)
        fill(i);
    for (int i = 0, at = 0; i < BLOCKS; i++, at = (at + STEP) % BLOCKS) {
        free(block[at]);
        fill(at);
    }
    for (int i = 0; i < BLOCKS; i += BLOCKS / 100)
        block[i] = NULL;
    clobber_stack();
    return 0;
}
