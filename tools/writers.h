/* writers.h - what every writer of a report is told; the formats are the table in formats.h. */
#ifndef CASTAWAY_TOOLS_WRITERS_H
#define CASTAWAY_TOOLS_WRITERS_H

#include "report.h"

#include <stdio.h>

struct view {
    unsigned show, fail_on; /* kinds as bits */
    int frames_max;
    bool color;
    bool utf8;
};

/* One finding as in the text report, without its number. */
void text_finding(FILE *, const struct report *, const struct report_finding *, const struct view *);

#endif
