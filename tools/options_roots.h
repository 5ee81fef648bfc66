/* options_roots.h - setters for options of what counts as a pointer and what is watched; rows of the table in options.c.
 * Each returns 0, or -1 after a message. */
#ifndef CASTAWAY_TOOLS_OPTIONS_ROOTS_H
#define CASTAWAY_TOOLS_OPTIONS_ROOTS_H

#include "options.h"

int set_pointer_mask(struct options *, const char *value, const char *spelling);
int set_unaligned(struct options *, const char *value, const char *spelling);
int set_children(struct options *, const char *value, const char *spelling);
int set_mark_threads(struct options *, const char *value, const char *spelling);
int set_keep_pools(struct options *, const char *value, const char *spelling);

#endif
