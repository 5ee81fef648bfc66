/* purpose: behind a filter that kills for nearly every system call, calls that need none: a library that is open, memory that is refused
 * expect: any
 * status: 7
 */
#include <dlfcn.h>
#include <stdint.h>
#include "filter.h"
#include "program.h"

int main(void) {
    opaque(dlopen("libc.so.6", RTLD_NOW));
    if (filter_all_but(SYS_exit_group))
        return 1;
    if (!dlopen("libc.so.6", RTLD_NOW) || opaque(malloc(SIZE_MAX - 100)) || opaque(realloc(NULL, SIZE_MAX - 100)))
        return 2;
    return 7;
}
