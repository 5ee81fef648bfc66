/* control.h - ask a running program; the protocol is described in preload/README.md, "Control". */
#ifndef CASTAWAY_TOOLS_CONTROL_H
#define CASTAWAY_TOOLS_CONTROL_H

#include "recording.h"
#include "watched.h"

#include <stdint.h>

struct control {
    struct pool *pool; /* of what follows; answers have their own */
    struct watched watched;
    int timeout_ms, folder;   /* descriptor of the socket's folder */
    const char *name, *shown; /* of the socket in it; its path, for messages */
    const char *error;        /* why the last call failed, for a person */
    int reply;                /* descriptor that the answer under way comes from; -1: none is */
    int64_t deadline_ms;
    char *answer;
    size_t fill, room;
};

/* Find the socket of process `pid`. One that is watched but has none yet is waited for, 2 s at most.
 * returns  0, or -1 with `error` set; call control_close() in both cases */
int control_open(struct control *, struct pool *, pid_t pid, int timeout_ms);
void control_close(struct control *);

/* Ask `request` (without "castaway 1 "), wait for the whole answer, and once more while a scan is under way; all that
 * within the time limit.
 * returns  0 with the answer read into `recording`, whose strings live in `pool`; -1 with `error` set, or after a message
 *          when that is NULL. Close the recording in both cases */
int control_ask(struct control *, const char *request, struct pool *, struct recording *recording);

/* The same in steps, for who has other things to wait for: send; whenever `reply` is readable or the deadline is over,
 * take; when there is no more, read.
 * control_take() returns 1: there will be more; 0: that was all; -1 with `error` set */
int control_send(struct control *, const char *request);
int control_take(struct control *);
int control_read(struct control *, struct pool *, struct recording *recording);

/* The note `code` of an answer, or NULL. */
const struct rec_note *control_note(const struct recording *, const char *code);

/* Remove the sockets of our own processes that were killed: nobody answers there any more. */
void control_clean(void);

int64_t control_now_ms(void);

#endif
