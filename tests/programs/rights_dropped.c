/* purpose: a program that becomes another user, in another root, and the child that it forks then, both leave their recordings
 * expect: lost=1/40
 * child: lost=1/24
 * needs: root
 */
#define _GNU_SOURCE
#include <sys/wait.h>
#include <unistd.h>
#include "program.h"

static NOINLINE void drop(size_t size) {
    NEW_BYTES(size);
}

int main(void) {
    int status = 0;

    drop(40);
    if (chroot("/usr/share") || chdir("/") || setgid(65534) || setuid(65534))
        return 1;
    pid_t child = fork();
    if (child == 0) {
        drop(24);
        clobber_stack();
        exit(0);
    }
    while (waitpid(child, &status, 0) < 0)
        ;
    clobber_stack();
    return status != 0;
}
