/* writers.h - the report for a person, and the report for a program. */
#ifndef CASTAWAY_TOOLS_WRITERS_H
#define CASTAWAY_TOOLS_WRITERS_H

#include "report.h"

#include <stdio.h>

enum { VIEW_COLUMNS = 100 };

struct view {
    unsigned show; /* kinds as bits */
    int frames_max;
    size_t columns;         /* 0: VIEW_COLUMNS */
    bool show_known;        /* findings that the baseline lets pass */
    bool suppression_texts; /* one behind each finding */
    bool print_suppressions;
    bool color;
    bool utf8;
};

/* Write; errors stay in the stream's error flag. */
void text_write(FILE *, const struct report *, const struct view *);
void text_findings(FILE *, const struct report *, const struct view *);  /* findings and notes alone */
void text_path(FILE *, const struct report_path *, const struct view *); /* and each object's size and stack */
void text_stack(FILE *, const struct stack *, const struct view *);
void json_write(FILE *, const struct report *, const struct view *);

#endif
