/* purpose: another root, all descriptors closed in every way there is, another user at last: judged all the same
 * expect: lost=1/40
 * needs: root
 */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <unistd.h>
#include "program.h"

/* Numbers that are not open stay so, whoever has them. */
static int close_all(void) {
    int open = 0;

    for (int file = 3; file < 4096; file++)
        open += close(file) == 0;
    if (close_range(3, ~0u, 0) || syscall(SYS_close_range, 3u, ~0u, 0u))
        return -1;
    for (int file = 3; file < 4096; file++)
        open += syscall(SYS_close, file) == 0;
    closefrom(3);
    return open;
}

int main(void) {
    drop(40);
    close_all();
    if (chroot("/usr/share") || chdir("/") || close_all() || setgid(65534) || syscall(SYS_setuid, 65534))
        return 1;
    clobber_stack();
    return 0;
}
