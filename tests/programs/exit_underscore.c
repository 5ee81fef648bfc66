/* purpose: _exit() ends the process at once, with its status, flushing nothing; the check is made
 * expect: lost=1/80
 * status: 9
 */
#include <stdio.h>
#include <unistd.h>
#include "program.h"

static NOINLINE void drop_one(void) {
    NEW_BYTES(80);
}

int main(void) {
    drop_one();
    clobber_stack();
    fputs("this is never flushed", stdout);
    _exit(9);
}
