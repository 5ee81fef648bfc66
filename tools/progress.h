/* progress.h - one line on a terminal that says how far a long merge is. */
#ifndef CASTAWAY_TOOLS_PROGRESS_H
#define CASTAWAY_TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct progress {
    size_t total;
    bool on_terminal, is_shown;
    struct timespec next; /* when the line is due */
};

/* Nothing is shown where standard error is no terminal, nor in the first half second. */
void progress_start(struct progress *, size_t total);
void progress_step(struct progress *, size_t done);
void progress_end(struct progress *); /* takes the line away */

#endif
