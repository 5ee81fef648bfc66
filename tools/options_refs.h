/* options_refs.h - setters for options of reference counts; rows of the table in options.c.
 * Each returns 0, or -1 after a message. */
#ifndef CASTAWAY_TOOLS_OPTIONS_REFS_H
#define CASTAWAY_TOOLS_OPTIONS_REFS_H

#include "options.h"

int set_refs(struct options *, const char *value, const char *spelling);
int set_profile(struct options *, const char *value, const char *spelling);

#endif
