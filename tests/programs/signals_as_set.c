/* purpose: a program sees the dispositions of signals as it set them, whichever call it asks with
 * expect: lost=0/0
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <unistd.h>
#include "program.h"

static volatile int arrived;

static void on_signal(int number) {
    arrived = number;
}
static int is(int number, void (*handler)(int), int flags) {
    struct sigaction action;

    return sigaction(number, NULL, &action) == 0 && action.sa_handler == handler &&
           (action.sa_flags & ~0x04000000) == flags;
}

int main(void) {
    struct sigaction standard = {.sa_handler = SIG_DFL, .sa_flags = SA_NODEFER};

    for (int number = 1; number < 32; number++)
        if (number != SIGKILL && number != SIGSTOP && !is(number, SIG_DFL, 0))
            return number;
    if (signal(SIGTERM, on_signal) != SIG_DFL || !is(SIGTERM, on_signal, SA_RESTART))
        return 41;
    siginterrupt(SIGTERM, 1);
    if (!is(SIGTERM, on_signal, 0) || signal(SIGTERM, SIG_IGN) != on_signal || raise(SIGTERM))
        return 42;
    if (signal(SIGTERM, SIG_DFL) != SIG_IGN || sigaction(SIGTERM, &standard, NULL) || !is(SIGTERM, SIG_DFL, SA_NODEFER))
        return 43;
    if (sigset(SIGHUP, on_signal) != SIG_DFL || raise(SIGHUP) || arrived != SIGHUP)
        return 44;
    if (sigset(SIGHUP, SIG_HOLD) != on_signal || sigset(SIGHUP, SIG_DFL) != SIG_HOLD || !is(SIGHUP, SIG_DFL, 0))
        return 45;
    if (signal(SIGKILL, on_signal) != SIG_ERR || errno != EINVAL || signal(65, SIG_DFL) != SIG_ERR)
        return 46;
    return 0;
}
