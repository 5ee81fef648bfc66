/* unwatched.h - processes that a run could not watch, as the library listed them when they were started. */
#ifndef CASTAWAY_TOOLS_UNWATCHED_H
#define CASTAWAY_TOOLS_UNWATCHED_H

#include "pool.h"

#include <sys/types.h>

struct unwatched_list;

/* What is listed in `folder`; a line that can't be understood is left out. */
struct unwatched_list *unwatched_read(struct pool *, const char *folder);

/* returns  how many; *detail: for a person, by reason, when there is one */
size_t unwatched_count(struct pool *, const struct unwatched_list *, const char **detail);

/* What process `pid` has become, and why that is not watched: for a person. NULL: it is not listed. */
const char *unwatched_why(struct pool *, const struct unwatched_list *, pid_t pid);

#endif
