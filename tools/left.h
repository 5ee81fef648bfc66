/* left.h - processes that still run when the program has ended: daemons above all. */
#ifndef CASTAWAY_TOOLS_LEFT_H
#define CASTAWAY_TOOLS_LEFT_H

#include "options.h"

#include <sys/types.h>

/* Where such a process shall put its recording and its reports: keys for the library, `:key=value` each. The recording
 * goes where --output says, or into the working directory when no report is asked for; a report goes where it is asked
 * for. A name without a process id gets one. */
const char *left_options(const struct options *);

/* Tells whether processes that record into `folder` are still there, other than `program`, and where they will leave what
 * they have to say. returns  their number; *where: for a person, when there is one */
size_t left_count(const struct options *, const char *folder, pid_t program, const char **where);

#endif
