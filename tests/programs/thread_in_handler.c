/* purpose: a thread inside a signal handler on its alternate stack: the frames of both stacks hold, the dead part does not
 * link: -pthread
 * expect: lost=2/168
 */
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
#include "program.h"

static char alternate[256 << 10];
static _Atomic int ready;

static void on_signal(int number) {
    void *volatile held = NULL;

    (void)number;
    drop(88);
    clobber_stack();
    held = NEW_BYTES(24);
    for (ready++;;)
        pause();
    opaque(held);
}
static void *thread_run(void *unused) {
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
    void *volatile held = NULL;

    sigaltstack(&stack, NULL);
    sigaction(SIGUSR1, &action, NULL);
    drop(80);
    clobber_stack();
    held = NEW_BYTES(40);
    raise(SIGUSR1);
    opaque(held);
    return unused;
}

int main(void) {
    pthread_t thread;

    if (pthread_create(&thread, NULL, thread_run, NULL))
        return 1;
    while (ready < 1)
        usleep(1000);
    clobber_stack();
    return 0;
}
