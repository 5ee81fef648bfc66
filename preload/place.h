/* place.h - where a process's recording goes. */
#ifndef CASTAWAY_PRELOAD_PLACE_H
#define CASTAWAY_PRELOAD_PLACE_H

#include <sys/types.h>

#include "options.h"

enum { PLACE_NONE = -1 };

/* A recording is written under a name of its own and then takes its place whole: <dir>/<pid>.cast (or <pid>.<n>.cast when
 * an earlier process had the number), or without a folder the name that `output` gives.
 *
 * returns  a descriptor to write to, or a negative errno; -ENOENT: there is no place while the program runs */
int place_open(const struct options *options, int pid);
/* number  in and out: which n this process has; PLACE_NONE before its first recording
 * returns 0 or a negative errno; the file under the name of its own is gone in any case */
int place_commit(const struct options *options, int pid, int *number);

/* All that stands behind `from`, to the end of `to`. returns 0 or a negative errno */
int place_copy(int from, int to);

void place_drop(const struct options *options, int pid); /* instead: there is no recording */

/* The process becomes `user`: what it has left as number `number` (PLACE_NONE: nothing) goes into that user's folder, for
 * its last recording to take the same place.  at, folder  as for openat */
void place_hand_over(const struct options *options, int pid, int number, int at, const char *folder, uid_t user);

/* The documented name without a tool: `output` with %p, else castaway.<pid>.cast in the working directory. */
int place_open_without_tool(const struct options *options, int pid);

/* For a process that outlives the tool: `left_output` with %p; where that can't be written, the same name where the
 * tool's folder was. returns a descriptor or a negative errno */
int place_open_left(const struct options *options, int pid);

#endif
