/* purpose: a program that executes another by the number of the call, which ends by one: both are judged
 * expect: lost=3/180
 * status: 9
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "program.h"

int main(int count, char **words) {
    char *again[] = {words[0], "again", NULL}, *last[] = {words[0], "again", "last", NULL};
    drop(50 + (size_t)count * 10 - 10);
    clobber_stack();
    if (count == 1)
        syscall(SYS_execve, words[0], again, environ);
    if (count == 2)
        syscall(SYS_execveat, AT_FDCWD, words[0], last, environ, 0);
    syscall(SYS_exit_group, 9);
    return 1;
}
