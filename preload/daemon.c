/* daemon.c - daemon(3) with an end that can be seen: libc's own ends the first process where no hook of ours stands.
 *
 * Owns:    nothing.
 * Never:   does what libc's does not: the first process ends by our _exit, all else is the same.
 * Start:   daemon(). Source: daemon(3), of the C library, for what is done in which order. */
#include <errno.h>
#include <fcntl.h>
#include <paths.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "hooks.h"

/* The standard descriptors become those of /dev/null, if that is what it should be. */
static int standard_files_drop(void) {
    struct stat status;
    int null = open(_PATH_DEVNULL, O_RDWR);
    if (null < 0)
        return -1;
    if (fstat(null, &status) != 0 || !S_ISCHR(status.st_mode) || status.st_rdev != makedev(1, 3)) {
        close(null);
        errno = ENODEV;
        return -1;
    }
    for (int file = STDIN_FILENO; file <= STDERR_FILENO; file++)
        dup2(null, file);
    if (null > STDERR_FILENO)
        close(null);
    return 0;
}

EXPORT int daemon(int stays, int keeps_files) {
    pid_t child = fork();
    if (child < 0)
        return -1;
    if (child)
        _exit(0);
    if (setsid() < 0)
        return -1;
    if (!stays && chdir("/") != 0)
        errno = 0; /* as libc's: it goes on where it is */
    return keeps_files ? 0 : standard_files_drop();
}
