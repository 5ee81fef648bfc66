/* language.h - what languages and libraries in this process keep of references, for analysis/counts.h. */
#ifndef CASTAWAY_PRELOAD_LANGUAGE_H
#define CASTAWAY_PRELOAD_LANGUAGE_H

#include "analysis/counts.h"
#include "analysis/reason.h"

/* Why their objects are not told apart. */
struct language_notes {
    enum reason python, gobject;
};

/* encoded_find(), of the libraries that are there. context: child */
int language_encoded(struct heap *heap, struct arena *arena);

/* Read them from memory. heap: frozen, or a young view; is_quiet: as for cxx_read(). The result is not installed yet.
 * returns  0 or -ENOMEM. context: child */
int language_read(const struct heap *heap, int is_quiet, struct counts *counts, struct language_notes *notes);

#endif
