/* purpose: leaks of a constructor, of a destructor and of an atexit handler count
 * expect: lost=3/120
 * finding: kind=lost bytes=24 frame=before_main
 * finding: kind=lost bytes=40 frame=at_exit
 * finding: kind=lost bytes=56 frame=after_main
 */
#include "program.h"

static void drop_and_clobber(size_t size) {
    drop(size);
    clobber_stack();
}
static __attribute__((constructor)) void before_main(void) {
    drop_and_clobber(24);
    clobber_stack();
}
static void at_exit(void) {
    drop_and_clobber(40);
    clobber_stack();
}
static __attribute__((destructor)) void after_main(void) {
    drop_and_clobber(56);
    clobber_stack();
}

int main(void) {
    atexit(at_exit);
    clobber_stack();
    return 0;
}
