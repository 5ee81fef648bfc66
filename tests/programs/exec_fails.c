/* purpose: an exec that fails leaves the program as it was: judged at its end, with all that it lost, once
 * expect: lost=2/120
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "program.h"

/* Executable, and no program. */
static NOINLINE int try_exec(void) {
    char path[] = "/tmp/castaway-exec-XXXXXX";
    char *arguments[] = {path, NULL};
    int file = mkstemp(path);

    if (file < 0 || write(file, "\177no", 3) != 3 || fchmod(file, 0700) || close(file))
        return -1;
    int result = execv(path, arguments);
    unlink(path);
    return result;
}

int main(void) {
    drop(40);
    if (try_exec() != -1)
        return 1;
    drop(80);
    clobber_stack();
    return 0;
}
