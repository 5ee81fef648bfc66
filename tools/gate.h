/* gate.h - does this run pass? Suppressions, baseline, exit status and the one line that says why. */
#ifndef CASTAWAY_TOOLS_GATE_H
#define CASTAWAY_TOOLS_GATE_H

#include "baseline.h"
#include "options.h"
#include "report.h"
#include "suppress.h"

#include <stdbool.h>

/* How the program ended, as far as it is known. */
struct outcome {
    int exit_status; /* of the program, where that is to be ours as well; else 0 */
    int signal;      /* that killed it, else 0 */
    bool failed;     /* castaway could not do its work */
    bool cut_short;  /* what was lost after the last scan was not seen: that nothing was found says little */
};
struct gate {
    const struct options *options;
    struct suppressions suppressions;
    struct baseline baseline;
    bool has_baseline;
    int exit_code;   /* when something counts: the options', or the program's own */
    size_t counted;  /* findings that count */
    size_t known;    /* those that the baseline lets pass */
    size_t unused;   /* suppressions of the user's that matched nothing */
    int status;      /* exit status */
    const char *why; /* a sentence */
};

/* Read everything that the options name, before a program starts. 0, or -1 after a message. */
int gate_open(struct gate *, const struct options *);

/* The first half of gate_judge(): suppressed findings leave a finished report, the others get their standing, and all
 * are counted. For a report that decides nothing but whether something counts. */
void gate_apply(struct gate *, struct report *);

/* Judge a finished report: suppressed findings leave it, the others get their standing. Then `status` and `why` are set.
 * The gate must outlive the report. */
void gate_judge(struct gate *, struct report *, const struct outcome *);

/* After the reports were written: update the baseline if that was asked for, and tell why the status is what it is if no
 * report of text does.
 *
 * returns  the exit status: `status`, or 125 when writing failed, here or before (`failed`) */
int gate_close(const struct gate *, const struct report *, const struct outcome *, bool failed);

/* A finding counts: its kind does, and no baseline lets it pass. */
bool gate_counts(const struct gate *, const struct report_finding *);

/* An entry of the baseline of which there is no finding any more. */
bool gate_misses(const struct gate *, const struct compare_item *);

#endif
