/* reason.c - the texts of reason.h.
 *
 * Owns:    the table.      Never: anything but a look into it.
 * Runs in: wherever a record is written.
 * Start:   reason_text(). */
#include "reason.h"

#include <stddef.h>

static const char *const texts[REASON_COUNT] = {[REASON_NONE] = NULL,
#define X(name, text) [REASON_##name] = text,
                                                REASONS(X)
#undef X
};

const char *reason_text(enum reason reason) {
    return texts[reason];
}
