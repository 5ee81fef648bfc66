/* text_gate.h - what the text report says of suppressions, baseline, processes and exit status. */
#ifndef CASTAWAY_TOOLS_TEXT_GATE_H
#define CASTAWAY_TOOLS_TEXT_GATE_H

#include "pool.h"
#include "writers.h"

/* Is the finding listed? Those that the baseline lets pass are only counted. */
bool text_gate_lists(const struct report_finding *, const struct view *);

/* Lines under a finding's head, and behind its stacks. */
void text_gate_head(FILE *, struct pool *, const struct report *, const struct report_finding *, const struct view *);
void text_gate_foot(FILE *, const struct report_finding *, const struct view *);

/* Lines behind the findings, ending with the one that says why the exit status is what it is. */
void text_gate_end(FILE *, struct pool *, const struct report *, const struct view *);

#endif
