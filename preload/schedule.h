/* schedule.h - when a scan is due, and of which generation. */
#ifndef CASTAWAY_PRELOAD_SCHEDULE_H
#define CASTAWAY_PRELOAD_SCHEDULE_H

#include <stdint.h>

#include "options.h"

/* The rules are CPython's: a young scan when births minus deaths since the last scan exceed thresholds[0]; generation 1 as
 * well when there were more than thresholds[1] young scans since it was last looked at; everything when there were more
 * than thresholds[2] of those, and only if the objects that became old since the last full scan exceed a quarter of the old
 * ones. Source: CPython 3.11, Modules/gcmodule.c, gc_collect_generations() and "long_lived_pending".
 * Beyond CPython: by default bytes count too. A thresholds[0] of 0 switches this off. */
struct schedule {
    unsigned thresholds[3];
    int64_t bytes;    /* born minus freed since the last scan, that also make one due */
    int64_t every_us; /* 0: not by time */
    int64_t
        apart_us; /* scans by thresholds are no closer than this: a limit on cost where the user gave no thresholds */
    unsigned confirm; /* scans that make a finding */
    int control;      /* answer requests */
    int signal;       /* the program's signal that asks for a full scan; 0: none */
};

/* From CASTAWAY_OPTIONS. returns NULL, or the key whose value is wrong (it stands at its default then). */
const char *schedule_parse(const struct options *options, struct schedule *out);

/* Thresholds that somebody asks for are followed to the letter: bytes and time no longer count. */
void schedule_set(struct schedule *schedule, const unsigned thresholds[3]);

/* Is a scan due? objects, bytes: births minus deaths since the last one, which was at last_us. context: any */
int schedule_is_due(const struct schedule *schedule, int64_t objects, int64_t bytes, int64_t last_us);

/* The oldest generation to scan now.
 * since  scans of generation 0 since the last of 1 or more; scans of 1 since the last of 2
 * old, old_new  objects of generation 2; those that came there since the last full scan */
unsigned schedule_generation(const struct schedule *schedule, const unsigned since[2], uint64_t old, uint64_t old_new);

#endif
