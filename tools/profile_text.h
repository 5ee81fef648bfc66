/* profile_text.h - what was allocated, and what keeps memory alive, in words. */
#ifndef CASTAWAY_TOOLS_PROFILE_TEXT_H
#define CASTAWAY_TOOLS_PROFILE_TEXT_H

#include "writers.h"

/* A part of the text report; nothing when neither was recorded. */
void profile_text(FILE *, struct pool *, const struct report *, const struct view *);

/* `table` or `stack of main[42]`: the root's name alone, escaped. */
const char *profile_holder(struct pool *, const struct report_holder *, bool utf8);

#endif
