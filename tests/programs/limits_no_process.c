/* purpose: a program that may have no more processes, as haproxy, has none; it is searched in one of ours all the same
 * expect: lost=1/40
 * no_note: in-process
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>
#include "program.h"

int main(void) {
    struct rlimit none = {0, 0}, seen = {1, 1};

    drop(40);
    if (geteuid() == 0 && (setgid(65534) || setresuid(65534, 65534, 65534))) /* root is not held to it */
        return 1;
    if (setrlimit(RLIMIT_NPROC, &none) || getrlimit(RLIMIT_NPROC, &seen) || seen.rlim_cur || seen.rlim_max)
        return 2;
    none.rlim_max = 1;
    if (setrlimit(RLIMIT_NPROC, &none) == 0 || errno != EPERM)
        return 3;
    if (fork() != -1 || errno != EAGAIN)
        return 4;
    clobber_stack();
    return 0;
}
