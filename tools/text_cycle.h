/* text_cycle.h - a cycle in the text report: the way round, then each of its objects with its stack. */
#ifndef CASTAWAY_TOOLS_TEXT_CYCLE_H
#define CASTAWAY_TOOLS_TEXT_CYCLE_H

#include "text_lines.h"

void text_cycle_lines(struct text *, const struct report_finding *);

#endif
