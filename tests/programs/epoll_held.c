/* purpose: an object that only the kernel points at, as the data of an epoll event, is no leak
 * expect: lost=0/0
 */
#include <sys/epoll.h>
#include <unistd.h>
#include "program.h"

static int poll_fd, ends[2];

static NOINLINE void event_add(void) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NEW_BYTES(64)};

    if (pipe(ends) || epoll_ctl(poll_fd, EPOLL_CTL_ADD, ends[0], &event))
        abort();
    memset(&event, 0, sizeof event);
    opaque(&event);
}

int main(void) {
    poll_fd = epoll_create1(0);
    event_add();
    clobber_stack();
    return 0;
}
