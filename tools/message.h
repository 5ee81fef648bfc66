/* message.h - what castaway itself has to say, and the exit statuses that are its own. */
#ifndef CASTAWAY_TOOLS_MESSAGE_H
#define CASTAWAY_TOOLS_MESSAGE_H

#include <stdbool.h>

#include "pool.h"

enum {
    EXIT_CLEAN = 0,
    EXIT_CASTAWAY_FAILED = 125, /* as env, timeout, nohup: the tool itself */
    EXIT_CANNOT_RUN = 126,
    EXIT_NOT_FOUND = 127
};

/* One line on stderr, `castaway: ...`. Whatever the arguments hold, no control byte reaches the terminal. */
void message_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Keep messages back while something else is drawn on the terminal; those kept are shown when that is over. */
void message_hold(bool held);

/* From now on messages are kept, the last one in *line, instead of printed; NULL, NULL: they are printed again. */
void message_divert(struct pool *, const char **line);

#endif
