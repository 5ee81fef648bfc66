/* purpose: a program that leaves its namespaces is recorded as any other
 * expect: lost=1/40
 * needs: root
 */
#define _GNU_SOURCE
#include <sched.h>
#include "program.h"

int main(void) {
    drop(40);
    clobber_stack();
    return unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC) != 0;
}
