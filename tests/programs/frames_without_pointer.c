/* purpose: the stack goes through a shared library without frame pointers and back into the program
 * so: frames_without_pointer.so.c
 * flags: -O0 -O2 -O2:-fomit-frame-pointer
 * so_flags: -O2 -fomit-frame-pointer
 * link: @so@
 * expect: lost=1/48
 * finding: kind=lost bytes=48 frame=callback frame=library_inner frame=library_outer frame=main
 */
#include "program.h"

int library_outer(int (*callback)(int), int depth);

static NOINLINE int callback(int value) {
    NEW_BYTES(48);
    return value + 1;
}

int main(void) {
    int sum = library_outer(callback, 5);

    clobber_stack();
    return sum != 16;
}
