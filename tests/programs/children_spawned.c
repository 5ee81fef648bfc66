/* purpose: vfork, posix_spawn, system and popen, of programs that end well and badly: statuses arrive, nothing is counted twice
 * expect: lost=1/24
 */
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "program.h"

extern char **environ;

static int status_of(pid_t child) {
    int status = -1;

    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
static NOINLINE int spawn_all(void) {
    char *const words[] = {"sh", "-c", "exit 3", NULL}, line[32] = "";
    pid_t child;

    NEW_BYTES(24);
    child = vfork();
    if (child == 0) {
        execv("/bin/sh", words);
        _exit(99);
    }
    if (status_of(child) != 3)
        return 1;
    child = vfork();
    if (child == 0)
        _exit(4);
    if (status_of(child) != 4)
        return 2;
    if (posix_spawnp(&child, "sh", NULL, NULL, words, environ) || status_of(child) != 3)
        return 3;
    if (WEXITSTATUS(system("exit 5")) != 5)
        return 4;
    FILE *pipe = popen("echo words; exit 6", "r");
    if (!pipe || !fgets((char *)line, sizeof line, pipe) || strcmp(line, "words\n") != 0)
        return 5;
    return WEXITSTATUS(pclose(pipe)) == 6 ? 0 : 6;
}

int main(void) {
    int status = spawn_all();

    clobber_stack();
    return status;
}
