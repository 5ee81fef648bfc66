/* memory_limit.c - see the header.
 *
 * Source: setrlimit(2): RLIMIT_AS, RLIMIT_DATA. */
#include "memory_limit.h"

#include <sys/mman.h>
#include <sys/resource.h>

static const __rlimit_resource_t resources[] = {RLIMIT_AS, RLIMIT_DATA};
enum { RESOURCES = sizeof resources / sizeof *resources };

void memory_limit_raise(void) {
    const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
    for (size_t i = 0; i < RESOURCES; i++) {
        struct rlimit limit;
        if (!setrlimit(resources[i], &none) || getrlimit(resources[i], &limit))
            continue;
        limit.rlim_cur = limit.rlim_max;
        setrlimit(resources[i], &limit);
    }
}

static bool is_limited(void) {
    for (size_t i = 0; i < RESOURCES; i++) {
        struct rlimit limit;
        if (!getrlimit(resources[i], &limit) && limit.rlim_cur != RLIM_INFINITY)
            return true;
    }
    return false;
}

bool memory_limit_leaves(size_t bytes) {
    if (!is_limited())
        return true;
    void *taken = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (taken == MAP_FAILED)
        return false;
    munmap(taken, bytes);
    return true;
}
