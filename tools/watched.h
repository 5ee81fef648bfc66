/* watched.h - what /proc tells of a process that is to be asked: whether it can be, and where its socket is. */
#ifndef CASTAWAY_TOOLS_WATCHED_H
#define CASTAWAY_TOOLS_WATCHED_H

#include "pool.h"

#include <stdbool.h>
#include <sys/types.h>

struct watched {
    pid_t pid;          /* as we see it */
    pid_t inner_pid;    /* as it sees itself */
    uid_t uid;          /* real user id, as we see it */
    uid_t inner_uid;    /* as it sees itself */
    bool loads_library; /* libcastaway.so is mapped in it, or its maps can't be read */
    bool is_starting;   /* the library is not there, but the process began so lately that it may still come */
    bool is_young;      /* its socket may still come, on a machine with much to do */
    bool control_off;   /* control=no was in its environment when it started */
    const char *root;   /* "" when it sees our files, else a path in front of its own */
};

/* Look at process `pid`; of `castaway run`, at its program.
 * returns  NULL, or why it can't be asked, for a person */
const char *watched_look(struct pool *, pid_t pid, struct watched *);

/* Is it still there, and not merely waiting to be reaped? */
bool watched_lives(pid_t pid);

/* Why it may be slow to answer: " (it is stopped)" and the like, or "". */
const char *watched_hindrance(pid_t pid);

#endif
