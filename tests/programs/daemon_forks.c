/* purpose: a daemon's double fork, out of directory and terminal: each of the three reports what it lost itself
 * expect: lost=3/136
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "program.h"

int main(void) {
    int ends[2], null = open("/dev/null", O_RDWR);
    char byte;

    drop(24);
    clobber_stack();
    if (pipe(ends) || null < 0)
        return 1;
    if (fork() == 0) {
        drop(56);
        clobber_stack();
        if (setsid() < 0 || fork() != 0)
            _exit(0);
        umask(0);
        if (chdir("/"))
            _exit(1);
        drop(56);
        clobber_stack();
        exit(0); /* the pipe ends with the process: its recording is there by then */
    }
    close(ends[1]);
    return read(ends[0], &byte, 1) != 0;
}
