/* A realloc behind castaway's, as an allocator's that waits for a lock. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <unistd.h>

volatile int realloc_waits, realloc_is_waiting;

void *realloc(void *block, size_t bytes) {
    static void *(*real)(void *, size_t);
    if (!real)
        real = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
    if (realloc_waits)
        for (realloc_is_waiting = 1;;)
            pause();
    return real(block, bytes);
}
