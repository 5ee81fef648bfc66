/* limits.h - a program that limits itself limits the check at its end only as far as may be. */
#ifndef CASTAWAY_PRELOAD_LIMITS_H
#define CASTAWAY_PRELOAD_LIMITS_H

#include <stddef.h>
#include <sys/resource.h>

/* Where the process is started with a limit on its memory: take that in small pieces. context: first constructor */
void limits_look(void);
/* And raise it by what we take, where that is allowed; else keep some of it for the end. context: constructor */
void limits_start(void);
/* The end has come, or the program needs what was kept. returns bytes that are free now. context: any */
size_t limits_spend(void);

int limits_are_tight(void); /* is there a limit on memory that could not be raised by what we take? context: any */
/* The program was refused so much memory: would it be there if we had none? context: any */
int limits_would_do(size_t bytes);

/* There was no memory for `bytes` of ours: where a limit is higher than the program asked for, it may be higher still.
 * returns  whether it is now. context: any */
int limits_stretch(size_t bytes);

/* As far up as the process may. context: any */
void limit_lift(int resource);
/* All of those that stand in the way of a scan. For snapshot children. */
void limits_lift(void);

/* A copy of the process, which raises no signal when it ends, also where the program may have no more processes.
 * child    receives its id before any thread can wait for it, and nothing in the copy; or NULL
 * returns  its id, 0 in the copy, or negative errno. context: any */
long limits_clone(int *child);
/* For other ways to make one, after -EAGAIN. returns  whether to try again, and to call the second one then, not in the
 * child. context: any */
struct limit_lifted {
    struct rlimit before, now;
};
int limit_lift_processes(struct limit_lifted *limit);
void limit_drop_processes(const struct limit_lifted *limit);

/* What is started now inherits the limits: make them what the program thinks that they are. context: any, also in a child
 * that shares the program's memory */
void limits_settle(void);
void limits_resume(void); /* that is done, and the program goes on. context: the same */

#endif
