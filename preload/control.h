/* control.h - requests from outside: a datagram socket that the user's `castaway status`, `scan`, `top` and `why` ask. */
#ifndef CASTAWAY_PRELOAD_CONTROL_H
#define CASTAWAY_PRELOAD_CONTROL_H

#include <signal.h>
#include <stdint.h>

enum control_verb { CONTROL_STATUS, CONTROL_SCAN, CONTROL_TOP, CONTROL_WHY, CONTROL_WRONG };
struct control_request {
    enum control_verb verb;
    unsigned generation; /* scan */
    uintptr_t address;   /* why */
    int reply;           /* descriptor that takes the answer */
};

/* Open the socket, /tmp/castaway-UID/PID.sock; INTERRUPT_SIGNAL tells thread `tid` of each request.
 * returns  0, or a negative errno: there is no control. context: cold; again when it was closed */
int control_open(int pid, int tid);
int control_is_open(void);
/* Was the signal sent for the socket? */
int control_signalled(const siginfo_t *info);
/* The next request, of a sender who may ask. returns 1, or 0: none waits. context: no lock held */
int control_next(struct control_request *out);

/* Stop the signals for the time of an exec that may fail, and begin them again, for whichever thread. */
void control_pause(void);
void control_continue(int tid);

/* Remove the socket: the process ends. In a forked child: it is the parent's, only our descriptor goes. */
void control_close(void);
void control_after_fork(void);

#endif
