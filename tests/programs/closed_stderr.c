/* purpose: a program that closes stderr before it ends still has its report
 * expect: lost=1/80
 */
#include <stdio.h>
#include "program.h"

static NOINLINE void drop_one(void) {
    NEW_BYTES(80);
}

int main(void) {
    drop_one();
    clobber_stack();
    return fclose(stderr) != 0;
}
