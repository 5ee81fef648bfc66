/* purpose: a timer that runs a function in a thread goes on; what only the timer knows is held until it is deleted. The
 *          thread behind it lives by blocking a signal of glibc's own, which must stay blocked when it allocates
 * link: -pthread -lrt
 * expect: lost=1/48
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#include "program.h"

static int calls;

static void on_timer(union sigval value) {
    free(opaque(malloc(500)));
    if (((char *)value.sival_ptr)[0] == 0)
        __atomic_add_fetch(&calls, 1, __ATOMIC_RELEASE);
}
static NOINLINE timer_t timer_start(size_t size) {
    struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = on_timer};
    struct itimerspec every = {{0, 3000000}, {0, 3000000}};
    timer_t timer;

    event.sigev_value.sival_ptr = NEW_BYTES(size);
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) || timer_settime(timer, 0, &every, NULL))
        abort();
    memset(&event, 0, sizeof event);
    opaque(&event);
    return timer;
}

int main(void) {
    timer_t dropped = timer_start(48);

    while (__atomic_load_n(&calls, __ATOMIC_ACQUIRE) < 3)
        usleep(1000);
    timer_delete(dropped);
    usleep(50000); /* the last call may be under way */
    timer_start(40);
    calls = 0;
    while (__atomic_load_n(&calls, __ATOMIC_ACQUIRE) < 3)
        usleep(1000);
    clobber_stack();
    return 0;
}
