/* purpose: a program's own handler of SIGABRT runs first, once; when it returns the process dies as it would, with its report
 * expect: lost=2/30
 * status: 134
 */
#include <signal.h>
#include <unistd.h>
#include "program.h"

static void on_abort(int number) {
    (void)number;
    drop(20);
    clobber_stack();
    if (write(1, "handled\n", 8) != 8)
        _exit(1);
}

int main(void) {
    drop(10);
    signal(SIGABRT, on_abort);
    clobber_stack();
    abort();
}
