/* purpose: parent and child each drop an object of their own; what the child inherited is not the child's
 * expect: lost=2/64
 * child: lost=1/56
 */
#include <sys/wait.h>
#include <unistd.h>
#include "program.h"

static NOINLINE void drop(size_t size) {
    NEW_BYTES(size);
}

int main(void) {
    int status = 0;

    drop(24);
    pid_t child = fork();
    if (child == 0) {
        drop(56);
        clobber_stack();
        exit(0);
    }
    while (waitpid(child, &status, 0) < 0)
        ;
    drop(40);
    clobber_stack();
    return status != 0;
}
