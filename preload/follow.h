/* follow.h - what the program starts is watched, too, whatever environment it gives it. */
#ifndef CASTAWAY_PRELOAD_FOLLOW_H
#define CASTAWAY_PRELOAD_FOLLOW_H

#include "launch.h"

/* Run it with what it takes to be watched in its environment; list it when it can't be.
 * returns  what launch->run returned; keeps errno
 * context  hook, also in a child that shares the program's memory: allocates nothing */
int follow_launch(const struct launch *launch);

/* Take out of `environ` what was put in for us alone, so that the program sees what it was given. context: constructor */
void follow_start(void);

/* libc starts a shell with `environ`: have in it what was taken out, until the end of the last. A thread that is
 * cancelled between the two leaves them there. returns what follow_shell_ends() is to be told. context: hook, not busy */
int follow_shell_begins(void);
void follow_shell_ends(int begun);

#endif
