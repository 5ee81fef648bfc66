/* purpose: the stack goes through a function of libc that calls back
 * expect: lost=1/48
 * finding: kind=lost bytes=48 frame=compare frame=main
 */
#include "program.h"

static int done;

static NOINLINE int compare(const void *a, const void *b) {
    if (!done++)
        NEW_BYTES(48);
    return *(const int *)a - *(const int *)b;
}

int main(void) {
    int numbers[] = {3, 1, 2};

    qsort(numbers, 3, sizeof *numbers, compare);
    clobber_stack();
    return numbers[0] != 1;
}
