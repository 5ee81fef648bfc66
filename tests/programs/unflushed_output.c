/* purpose: output that stdio still holds when main returns reaches its reader although castaway ends with another status
 * expect: lost=1/24
 */
#include <stdio.h>
#include "program.h"

static NOINLINE void drop_one(void) {
    NEW_BYTES(24);
}

int main(void) {
    static char buffer[65536];

    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    for (int i = 0; i < 5000; i++)
        printf("line %d\n", i);
    drop_one();
    clobber_stack();
    return 0;
}
