/* purpose: a program scanned before it becomes another user has one recording, of its end; what the kernel holds is held still
 * expect: lost=2/90
 * needs: root
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>
#include "../../preload/castaway.h"
#include "program.h"

/* One object in an epoll registration, one in a timer. */
static NOINLINE int hand_to_kernel(int poll, int file) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NEW_BYTES(77)};
    struct sigevent signal = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct itimerspec later = {.it_value.tv_sec = 1000};
    timer_t timer;

    signal.sigev_value.sival_ptr = NEW_BYTES(88);
    return epoll_ctl(poll, EPOLL_CTL_ADD, file, &event) || timer_create(CLOCK_REALTIME, &signal, &timer) ||
           timer_settime(timer, 0, &later, NULL);
}

int main(void) {
    int ends[2];

    drop(40);
    if (pipe(ends) || hand_to_kernel(epoll_create1(0), ends[0]))
        return 1;
    clobber_stack();
    if (castaway_is_active() && castaway_check() != 1)
        return 2;
    if (setresuid(65534, 65534, 65534))
        return 3;
    drop(50);
    clobber_stack();
    return 0;
}
