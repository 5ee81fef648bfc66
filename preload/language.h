/* language.h - what languages and libraries in this process keep of references, for analysis/counts.h. */
#ifndef CASTAWAY_PRELOAD_LANGUAGE_H
#define CASTAWAY_PRELOAD_LANGUAGE_H

#include "analysis/counts.h"

/* Why their objects are not told apart: texts for a note, NULL when there is nothing to say. */
struct language_notes {
    const char *python, *gobject;
};

/* Read them from memory. heap: frozen, or a young view; is_quiet: as for cxx_read(). The result is not installed yet.
 * returns  0 or -ENOMEM. context: child */
int language_read(const struct heap *heap, int is_quiet, struct counts *counts, struct language_notes *notes);

#endif
