/* purpose: a program that aborts dies of its signal under castaway too, and has its report
 * expect: lost=1/10
 * status: 134
 */
#include "program.h"

static NOINLINE void drop_one(void) {
    NEW_BYTES(10);
}

int main(void) {
    drop_one();
    clobber_stack();
    abort();
}
