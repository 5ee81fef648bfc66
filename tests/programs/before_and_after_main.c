/* purpose: leaks of a constructor, of a destructor and of an atexit handler count
 * expect: lost=3/120
 * finding: kind=lost bytes=24 frame=before_main
 * finding: kind=lost bytes=40 frame=at_exit
 * finding: kind=lost bytes=56 frame=after_main
 */
#include "program.h"

static NOINLINE void drop(size_t size) {
    NEW_BYTES(size);
    clobber_stack();
}
static __attribute__((constructor)) void before_main(void) {
    drop(24);
    clobber_stack();
}
static void at_exit(void) {
    drop(40);
    clobber_stack();
}
static __attribute__((destructor)) void after_main(void) {
    drop(56);
    clobber_stack();
}

int main(void) {
    atexit(at_exit);
    clobber_stack();
    return 0;
}
