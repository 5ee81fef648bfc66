/* purpose: a program that closes every file descriptor before it ends
 * expect: any
 * status: 4
 */
#include <unistd.h>
#include "program.h"

int main(void) {
    opaque(malloc(10));
    for (int fd = 0; fd < 1024; fd++)
        close(fd);
    return 4;
}
