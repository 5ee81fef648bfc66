/* purpose: a ring of three objects of different types from different places: the finding names all three references
 * expect: cycle=3/120
 * cycle_findings: 1
 * finding: kind=cycle count=1 objects=3 bytes=120 cycle_length=3 edges=8:0,16:0,24:8 sizes=24,40,56
 */
#include "program.h"

struct socket;
struct session {
    long id;
    struct timer *timer; /* +8 */
    long state;
};
struct timer {
    long due[2];
    struct socket *socket; /* +16 */
    long period[2];
};
struct socket {
    long fd[3];
    long *session_timer; /* +24, into the session: to its member at +8 */
    long buffer[3];
};

static NOINLINE struct session *session_new(void) {
    return NEW(struct session);
}
static NOINLINE struct timer *timer_new(void) {
    return NEW(struct timer);
}
static NOINLINE struct socket *socket_new(void) {
    return NEW(struct socket);
}
static NOINLINE void ring_make(void) {
    struct session *session = session_new();
    struct timer *timer = timer_new();
    struct socket *socket = socket_new();

    session->timer = timer;
    timer->socket = socket;
    socket->session_timer = (long *)&session->timer;
}

int main(void) {
    ring_make();
    clobber_stack();
    return 0;
}
