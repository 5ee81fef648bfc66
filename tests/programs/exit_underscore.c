/* purpose: _exit() ends the process at once, with its status; whether there is a report is not said here
 * expect: any
 * status: 9
 */
#include <stdio.h>
#include <unistd.h>
#include "program.h"

int main(void) {
    opaque(malloc(10));
    fputs("this is never flushed", stdout);
    _exit(9);
}
