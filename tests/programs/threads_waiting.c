/* purpose: threads in a system call, with every signal blocked, in sigwait, and one that was never joined hold what their frames
 *          hold; what stands in their dead frames is lost; a finished thread's unfetched result is held
 * link: -pthread
 * expect: lost=4/320
 */
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
#include "program.h"

static _Atomic int ready;
static int pipe_ends[2];

/* What a deep frame held stays in memory that the thread no longer uses. */
static NOINLINE void drop_deep(int depth) {
    void *volatile left[64];

    if (depth > 0)
        drop_deep(depth - 1);
    else
        left[0] = NEW_BYTES(80);
    opaque((void *)left);
}
static NOINLINE void wait_in_read(void) {
    char byte;

    ready++;
    if (read(pipe_ends[0], &byte, 1) < 0)
        abort();
}
static NOINLINE void wait_blocked(void) {
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    for (ready++;;)
        pause();
}
static NOINLINE void wait_for_signal(void) {
    sigset_t all;
    int number;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    for (ready++;;)
        sigwait(&all, &number);
}
static NOINLINE void wait_spinning(void) {
    for (ready++;;)
        __asm__ volatile("");
}
static void *thread_run(void *wait) {
    void *volatile held = NULL;

    drop_deep(8);
    held = NEW_BYTES(48);
    ((void (*)(void))wait)();
    return held;
}
static void *thread_result(void *unused) {
    ready++;
    return NEW_BYTES(56 + (unused != NULL));
}

int main(void) {
    void (*const waits[])(void) = {wait_in_read, wait_blocked, wait_for_signal, wait_spinning};
    pthread_t thread;

    if (pipe(pipe_ends))
        return 1;
    for (int i = 0; i < 4; i++)
        if (pthread_create(&thread, NULL, thread_run, (void *)waits[i]))
            return 1;
    if (pthread_create(&thread, NULL, thread_result, NULL))
        return 1;
    while (ready < 5)
        usleep(1000);
    usleep(20000);
    clobber_stack();
    return 0;
}
