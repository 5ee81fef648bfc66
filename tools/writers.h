/* writers.h - what every writer of a report is told; the formats are the table in formats.h. */
#ifndef CASTAWAY_TOOLS_WRITERS_H
#define CASTAWAY_TOOLS_WRITERS_H

#include "report.h"

#include <stdio.h>

enum { VIEW_COLUMNS = 100 };

struct view {
    unsigned show, fail_on; /* kinds as bits */
    int frames_max;
    int findings_max;            /* listed as text; 0: all */
    size_t columns;              /* 0: VIEW_COLUMNS */
    bool show_known;             /* findings that the baseline lets pass */
    bool suppression_texts;      /* one behind each finding; */
    struct questions *questions; /* but NULL: of those alone for which these are answered with yes */
    bool print_suppressions;
    bool allocated; /* folded stacks: not what was found, but all that was allocated */
    bool color;
    bool utf8;
    bool verbose; /* text: whole fingerprints and stacks, sums of every kind */
};

/* Parts of the text report, for other verbs and formats; errors stay in the stream's error flag. */
void text_findings(FILE *, const struct report *, const struct view *);  /* findings and notes alone */
void text_path(FILE *, const struct report_path *, const struct view *); /* and each object's size and stack */
void text_stack(FILE *, const struct stack *, const struct view *);
void text_finding(FILE *, const struct report *, const struct report_finding *, const struct view *); /* no number */

#endif
