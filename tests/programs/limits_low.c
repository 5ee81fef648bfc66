/* purpose: limits on file size, address space and processes that leave no room for anything: the scan and its recording come
 * expect: lost=1/40
 */
#include <sys/resource.h>
#include "program.h"

/* As low as `least`; what may be raised again may be raised by castaway too, in a process of its own. */
static int lower(int resource, rlim_t least) {
    struct rlimit limit;

    if (getrlimit(resource, &limit))
        return 1;
    limit.rlim_cur = least;
    return setrlimit(resource, &limit);
}

int main(void) {
    drop(40);
    clobber_stack();
    return lower(RLIMIT_FSIZE, 0) || lower(RLIMIT_NPROC, 0) || lower(RLIMIT_AS, 1 << 26) || lower(RLIMIT_NOFILE, 3);
}
