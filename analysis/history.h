/* history.h - what one scan leaves to the next: suspects, ages, counts, and the sites that grow.
 *
 * Each scan reads the history that the one before it left and makes a new one, in memory that both the snapshot child and
 * the program see at the same address. So the program itself does nothing for it but to remember where the last one is.
 *
 *   lost for the first time -> suspect -> lost and unchanged in `confirm` scans -> finding
 *                                    \-> reachable or changed: withdrawn;  freed: freed by the program
 *
 * "Unchanged": its contents, and the pointers to it from the lost objects that were suspects before. README.md, "Suspects",
 * says why a new holder is no change. */
#ifndef CASTAWAY_ANALYSIS_HISTORY_H
#define CASTAWAY_ANALYSIS_HISTORY_H

#include "mark.h"

enum { GENERATIONS = 3, HISTORY_SCANS_MAX = 1024, HISTORY_WINDOW_MAX = 8 };

/* One scan. Times are microseconds since recording began. */
struct scan_entry {
    uint32_t number;     /* from 1 */
    uint32_t generation; /* the oldest that was looked at */
    int64_t at_us;       /* of the snapshot */
    uint32_t birth_from; /* objects with a lower serial were not looked at; set by history_update() */
    uint32_t birth_end;  /* objects with a lower serial were born before it */
    uint32_t pause_us, scan_us;
    uint64_t objects[GENERATIONS], bytes[GENERATIONS]; /* those of struct history behind it; set by history_update() */
};

struct suspect {
    uintptr_t address;
    object_id id;
    uint32_t birth;            /* with the id, tells whether it is still the same object */
    uint64_t unchanged;        /* hash of its contents and of the edges to it */
    int64_t seen_us, found_us; /* when these two were: */
    uint32_t seen_scan;        /* the last scan that found it reachable, or that it was born after; 0: the start */
    uint32_t found_scan;       /* the first that found it lost */
    /* In how many scans it was lost and unchanged; a finding from `confirm` on. 0: no suspect and nowhere counted, here only
     * to be looked at again. It is inherited (else what it holds would stay lost when it is reached again), or a young one
     * that is held by a stack or a register alone; then `found_scan` is the first scan that saw it so. */
    uint16_t scans;
    uint8_t generation; /* when it was found lost */
    uint8_t is_finding; /* after the last scan that judged it, by the `confirm` of that one */
};

struct history_counts {        /* since recording began; of objects */
    uint64_t suspects;         /* ever found lost */
    uint64_t confirmed;        /* became findings */
    uint64_t withdrawn;        /* became reachable again, or changed, before or after they were findings */
    uint64_t freed_by_program; /* were freed by the program, before or after they were findings */
    uint64_t confirmed_withdrawn, confirmed_freed; /* of these two, those that were findings: false alarms */
};

/* How many objects of a site were old (generation 2 when the scan began) and not lost, full scan by full scan. Scans before
 * the site was first seen are zeros. A site without any in all of the window has none. */
struct site_window {
    uint32_t site;
    uint32_t count; /* entries that are filled, at most HISTORY_WINDOW_MAX; the latest last */
    uint64_t objects[HISTORY_WINDOW_MAX], bytes[HISTORY_WINDOW_MAX];
};

struct history {
    /* The last HISTORY_SCANS_MAX scans, oldest first. The last of each generation is always there. */
    struct scan_entry *scans;
    size_t scan_count;
    uint64_t scans_done[GENERATIONS];
    struct suspect *suspects; /* sorted by address; the confirmed ones too, and those that are none (`scans` 0) */
    size_t suspect_count;
    struct history_counts counts;
    /* By generation, after the scan: 0 are the suspects, 1 and 2 what survived. A scan counts what it looks at; what it
     * does not, stands as the last scan that did has left it, so objects that died since are among them. Inherited ones
     * are left out. */
    uint64_t objects[GENERATIONS], bytes[GENERATIONS];
    struct site_window *windows; /* sorted by site; made by full scans */
    size_t window_count;
    int64_t window_at_us[HISTORY_WINDOW_MAX]; /* of the full scans of the windows, the latest last */
    size_t window_scans;
};

/* When an object was born: the recorder notes (serial, time) now and then. */
struct birth_time {
    uint32_t birth;
    int64_t at_us;
};

struct history_input {
    const struct heap *heap;      /* frozen, or a young view */
    const struct marks *marks;    /* of this scan */
    const struct history *before; /* NULL: there was no scan yet */
    struct scan_entry scan;       /* this one */
    unsigned confirm;             /* scans that make a finding; >= 1; 1 in the last one */
    int is_last;                  /* no scan comes after it: nothing is kept for that */
};

/* Judge the suspects again, add the newly lost, and flag them in the snapshot's records: OBJECT_SUSPECT those that are no
 * findings yet, OBJECT_KNOWN those that were findings before this scan. A full scan (generation 2) also moves the windows.
 * After the last scan the newly lost are counted, but are no entries of `out`: their age is the same without.
 *
 * keep     memory that outlives the scan; all that `out` points at lies there
 * scratch  memory for the time of the call
 * returns  0, or -ENOMEM: then `out` is not to be used, and the scan counts as not made */
int history_update(const struct history_input *in, struct arena *keep, struct arena *scratch, struct history *out);

/* Bytes that `keep` needs at most, as one block, for a heap of that many live objects and with site ids below `sites`. */
size_t history_bytes_max(size_t objects, size_t sites);

/* The first birth serial that a scan of that generation looks at (0, 1; 0: from the start on). NULL: no scan yet. */
uint32_t history_young_from(const struct history *history, unsigned generation);

/* Age of a lost object, from its suspect record or, when no scan knew it, from the scan at hand (number, time): then the
 * last one before that looked at objects born when it was. The time of birth is that of the latest note before it.
 *
 * history  before or after that scan's history_update(); NULL: this is the first scan */
struct age {
    int64_t born_us; /* -1: not known */
    uint32_t generation;
    uint32_t scan_a, scan_b; /* it became unreachable between these; 0: the start */
    int64_t a_us, b_us;
};
struct age history_age(const struct history *history, const struct scan_entry *now, const struct birth_time *births,
                       size_t birth_count, uintptr_t address, const struct object *object);

struct spread {
    uint64_t p50, p99, max;
};
/* Over the scans that are still listed; zeros when there is none, or no memory. Percentiles by nearest rank. */
struct spread history_pauses(const struct history *history, struct arena *scratch);
struct spread history_scan_times(const struct history *history, unsigned generation, struct arena *scratch);

#endif
