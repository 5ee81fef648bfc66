/* purpose: a program that has become another user, and asks while it runs: what only a timer or an epoll set holds is held,
 *          and lost once that is gone
 * link: -lrt
 * expect: lost=2/136
 * needs: root
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>
#include "../../preload/castaway.h"
#include "program.h"

static timer_t timer;
static int set, ends[2];

static NOINLINE void hold(void) {
    struct sigevent event = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_ptr = NEW_BYTES(40)};
    struct epoll_event readable = {.events = EPOLLIN, .data.ptr = NEW_BYTES(96)};

    if (timer_create(CLOCK_MONOTONIC, &event, &timer) || epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &readable))
        abort();
    memset(&event, 0, sizeof event);
    memset(&readable, 0, sizeof readable);
    opaque(&event);
    opaque(&readable);
}

int main(void) {
    set = epoll_create1(0);
    if (pipe(ends) || setresuid(65534, 65534, 65534))
        return 1;
    hold();
    clobber_stack();
    for (int i = 0; i < 3; i++)
        if (castaway_check() != 0)
            return 2;
    clobber_stack();
    timer_delete(timer);
    epoll_ctl(set, EPOLL_CTL_DEL, ends[0], NULL);
    if (castaway_is_active() && castaway_check() != 2)
        return 3;
    clobber_stack();
    return 0;
}
