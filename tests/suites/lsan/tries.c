/* several tries of one check: the answer is that of the first which finds something
 * run: | leaked=1/1337
 * run: LSAN_OPTIONS=tries=12 | leaked=1/1337
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));
int main(void) {
    fprintf(stderr, "%p\n", malloc(1337));
    if (__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check() != 1)
        return 1;
    _exit(0);
}
