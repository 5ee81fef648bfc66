/* purpose: a program that becomes another user for good leaves its recording
 * expect: lost=1/40
 * needs: root
 */
#define _GNU_SOURCE
#include <unistd.h>
#include "program.h"

int main(void) {
    drop(40);
    if (setresuid(65534, 65534, 65534) || setuid(0) == 0)
        return 1;
    clobber_stack();
    return 0;
}
