/* purpose: a program that asks LeakSanitizer's way and is clean goes on, and what it drops then is its own affair
 * expect: lost=0/0
 */
#include "program.h"

void __lsan_do_leak_check(void) __attribute__((weak));

static NOINLINE void drop_one(void) {
    NEW_BYTES(32);
}

int main(void) {
    if (__lsan_do_leak_check)
        __lsan_do_leak_check();
    drop_one();
    clobber_stack();
    return 0;
}
