/* a block of no bytes, held while a check is made
 * run: | clean
 */
#include <stdlib.h>
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));
int main(void) {
    void *volatile block = malloc(0);
    if (__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check())
        return 1;
    free(block);
    return 0;
}
