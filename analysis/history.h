/* history.h - what one scan leaves to the next: suspects, ages, counts, and the sites that grow.
 *
 * Each scan reads the history that the one before it left and makes a new one, in memory that both the snapshot child and
 * the program see at the same address. So the program itself does nothing for it but to remember where the last one is.
 *
 *   lost for the first time -> suspect -> lost and unchanged in `confirm` scans -> finding
 *                                    \-> reachable or changed: withdrawn;  freed: freed by the program
 *
 * "Unchanged": the hash over the object's own words and over the pointers to it from other lost objects. */
#ifndef CASTAWAY_ANALYSIS_HISTORY_H
#define CASTAWAY_ANALYSIS_HISTORY_H

#include "mark.h"

enum { GENERATIONS = 3, HISTORY_SCANS_MAX = 1024, HISTORY_WINDOW_MAX = 8 };

/* One scan. Times are microseconds since recording began. */
struct scan_entry {
    uint32_t number;     /* from 1 */
    uint32_t generation; /* the oldest that was looked at */
    int64_t at_us;       /* of the snapshot */
    uint32_t birth_end;  /* objects with a lower serial were born before it */
    uint32_t pause_us, scan_us;
};

struct suspect {
    uintptr_t address;
    object_id id;
    uint32_t birth;      /* with the id, tells whether it is still the same object */
    uint64_t unchanged;  /* hash of its contents and of the edges to it */
    uint32_t seen_scan;  /* the last scan that found it reachable, or that it was born after; 0: the start */
    uint32_t found_scan; /* the first that found it lost */
    uint16_t scans;      /* in how many it was lost and unchanged; a finding from `confirm` on */
    uint8_t generation;  /* when it was found lost */
};

struct history_counts {        /* since recording began; of objects */
    uint64_t suspects;         /* ever found lost */
    uint64_t confirmed;        /* became findings */
    uint64_t withdrawn;        /* became reachable again, or changed, before or after they were findings */
    uint64_t freed_by_program; /* were freed by the program, before or after they were findings */
    uint64_t confirmed_withdrawn, confirmed_freed; /* of these two, those that were findings: false alarms */
};

/* How many live objects of a site were old, scan by scan. */
struct site_window {
    uint32_t site;
    uint32_t count; /* entries that are filled, at most HISTORY_WINDOW_MAX; the latest last */
    uint64_t objects[HISTORY_WINDOW_MAX], bytes[HISTORY_WINDOW_MAX];
};

struct history {
    struct scan_entry *scans; /* the last HISTORY_SCANS_MAX, oldest first */
    size_t scan_count;
    uint64_t scans_done[GENERATIONS];
    struct suspect *suspects; /* sorted by address; the confirmed ones too */
    size_t suspect_count;
    struct history_counts counts;
    uint64_t objects[GENERATIONS], bytes[GENERATIONS]; /* alive at the last scan, by generation afterwards */
    struct site_window *windows;                       /* sorted by site; made by full scans */
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
    unsigned confirm;             /* scans that make a finding; >= 1 */
};

/* Judge the suspects again, add the newly lost, and flag them in the snapshot's records: OBJECT_SUSPECT those that are no
 * findings yet, OBJECT_KNOWN those that were findings before this scan. A full scan (generation 2) also moves the windows.
 *
 * keep     memory that outlives the scan; all that `out` points at lies there
 * scratch  memory for the time of the call
 * returns  0, or -ENOMEM: then `out` is not to be used, and the scan counts as not made */
int history_update(const struct history_input *in, struct arena *keep, struct arena *scratch, struct history *out);

/* Bytes that `keep` may need at most for a heap of that many objects and sites. */
size_t history_bytes_max(size_t objects, size_t sites);

/* Age of a lost object, from its suspect record or, when no scan knew it, from the scan at hand (number, time). */
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
struct spread history_pauses(const struct history *history, struct arena *scratch);
struct spread history_scan_times(const struct history *history, unsigned generation, struct arena *scratch);

#endif
