/* target.h - can this command be run, and be watched? */
#ifndef CASTAWAY_TOOLS_TARGET_H
#define CASTAWAY_TOOLS_TARGET_H

#include "pool.h"

#include <stdbool.h>

/* Find `command` as execvp() would and look at the file, and at the interpreter of a script.
 *
 * returns  0 and the path to execute, or the exit status (125, 126, 127) after a message */
int target_check(struct pool *, const char *command, const char **path);

/* The file that the kernel will run for `path`, which target_check() found good: of a script, its interpreter. */
const char *target_executable(struct pool *, const char *path);

/* Is there a command of this name in PATH? */
bool target_is_command(struct pool *, const char *name);

#endif
