/* purpose: a handler that is to run once (SA_RESETHAND) runs once; the second signal ends the process
 * expect: lost=2/41
 * status: 138
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include "program.h"

static void on_signal(int number, siginfo_t *info, void *context) {
    struct sigaction now;

    (void)context;
    sigaction(number, NULL, &now);
    drop(1);
    clobber_stack();
    if (now.sa_handler != SIG_DFL || info->si_pid != getpid() || write(1, "once\n", 5) != 5)
        _exit(1);
}

int main(void) {
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESETHAND}, shown;

    drop(40);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR1, NULL, &shown);
    if (shown.sa_sigaction != on_signal || (shown.sa_flags & ~0x04000000) != action.sa_flags)
        return 1;
    clobber_stack();
    raise(SIGUSR1);
    raise(SIGUSR1);
    return 2;
}
