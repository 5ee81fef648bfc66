/* purpose: a program that becomes another user, in another root, and the child that it forks then, both leave their recordings
 * expect: lost=1/40
 * child: lost=1/24
 * needs: root
 */
#define _GNU_SOURCE
#include <unistd.h>
#include "child.h"

int main(void) {
    drop(40);
    if (chroot("/usr/share") || chdir("/") || setgid(65534) || setuid(65534))
        return 1;
    int status = child_drops(24);
    clobber_stack();
    return status != 0;
}
