/* purpose: a program whose own dlsym() allocates, and whose first call that castaway stands in front of is none that does: what
 *          it allocates is recorded all the same, from the constructors on
 * expect: lost=1/40
 * link: -rdynamic
 * allocators: no
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/mman.h>
#include "program.h"

#ifdef __aarch64__
#define VERSION "GLIBC_2.17"
#else
#define VERSION "GLIBC_2.2.5"
#endif

/* With a version, the next one is libc's, whoever else defines it. */
void *dlsym(void *handle, const char *name) {
    void *(*next)(void *, const char *) = NULL;
    free(opaque(malloc(24)));
    if (handle == RTLD_NEXT)
        return dlvsym(handle, name, VERSION);
    *(void **)&next = dlvsym(RTLD_NEXT, "dlsym", VERSION);
    return next(handle, name);
}

static void before_all(void) {
    mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
__attribute__((section(".preinit_array"), used)) static void (*const first)(void) = before_all;

int main(void) {
    drop(40);
    clobber_stack();
    return 0;
}
