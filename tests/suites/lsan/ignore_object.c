/* what is ignored holds what it points at; an address that is no object's does no harm
 * run: LSAN_OPTIONS=use_stacks=0:use_registers=0:use_tls=0 | leaked=1/1337
 */
#include <stdio.h>
#include <stdlib.h>
void __lsan_ignore_object(const void *object) __attribute__((weak));
int main(void) {
    void **ignored = malloc(sizeof *ignored);
    *ignored = malloc(666);
    void *volatile lost = malloc(1337);
    fprintf(stderr, "%p %p\n", (void *)ignored, lost);
    if (__lsan_ignore_object) {
        __lsan_ignore_object(ignored);
        __lsan_ignore_object(ignored);
        __lsan_ignore_object(NULL);
        __lsan_ignore_object((void *)0x1000);
        __lsan_ignore_object(&lost);
    }
    return 0;
}
