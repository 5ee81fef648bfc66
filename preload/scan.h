/* scan.h - one search of a frozen heap: from roots to verdicts. */
#ifndef CASTAWAY_PRELOAD_SCAN_H
#define CASTAWAY_PRELOAD_SCAN_H

#include "analysis/audit.h"
#include "analysis/growth.h"
#include "analysis/lingering.h"
#include "analysis/verdict.h"
#include "analysis/young.h"
#include "grown.h"
#include "language.h"
#include "roots.h"

struct scan_input {
    const struct process_facts *facts;
    const struct stopped *stopped;
    const struct callee_saved *here;    /* NULL: the scanning thread is among `stopped` */
    const ucontext_t *here_interrupted; /* roots.h */
    uintptr_t here_thread_pointer, here_reached;
    int exit_status;      /* -1: it runs */
    int replaced;         /* it ends by exec */
    int gave_way;         /* it was short of memory, and has what this scan would have needed later */
    double start_seconds; /* Unix time */
    int64_t start_us;     /* monotonic */
    int64_t stop_begun_us;
    int pid, parent_pid;    /* the program's: the child has another */
    int is_end;             /* the process ends after it */
    int in_process;         /* no snapshot could be made */
    int in_place;           /* few objects, at the end of the process: none is needed */
    int shares_memory;      /* the search has the program's memory, not a copy: nothing there may be changed */
    int since_fork;         /* what was born before young.birth_from is the parent's, and counts as held (forked.h) */
    const char *bad_option; /* key of CASTAWAY_OPTIONS that was ignored, or NULL */
    int own_malloc;
    unsigned unread;     /* kinds, a bit for each, of which only the sums are told */
    struct range kernel; /* kernel_roots(), asked before the descriptors were closed; or empty */
    uint64_t skipped;    /* scans that were due and not made */

    struct scan_entry entry; /* number, generation, time and serial of this scan */
    unsigned confirm;        /* how often an object must be lost to be a finding */
    struct young young;      /* generations 0 and 1; its history: of the scan before, also for full scans */
    uint32_t middle_from;    /* birth serial where generation 1 begins; young.birth_from is where 0 does, for status */
    const struct verdicts *confirmed;  /* findings of the scan before, for answers without a scan; NULL: none */
    const struct lingering *lingering; /* of the last full scan; NULL: there was none */
    const struct grown *grown;         /* sites that grow, as the last full scan found; NULL: none */
    const struct birth_time *births;
    size_t birth_count;
    struct arena *keep; /* what the next scan needs; memory that outlives this one */
};

/* Which objects a search looks at. */
enum extent {
    EXTENT_ALL,
    EXTENT_YOUNG,     /* those of the scan's generation */
    EXTENT_SINCE_FORK /* those that the process did not get from its parent */
};

struct search {
    struct arena *arena;
    enum extent extent;
    struct maps maps;
    struct heap heap;
    struct roots_output roots;
    struct counts counts;
    struct language_notes languages;
    struct marks marks;
    struct audit audit;         /* empty in a young scan */
    struct history history;     /* after this scan */
    struct lingering lingering; /* of this scan, or when it is no full one of the last */
    struct verdicts verdicts;
    struct grown grown; /* grown_find() */
    uint64_t left_out;  /* objects that were not looked at, because the parent made them */
    int64_t begun_us, mark_us;
};

/* Search the heap of this (frozen) process and bring the history up to date; findings come from search_judge().
 * returns  0; negative errno when nothing trustworthy can be said; -EAGAIN: it takes a copy of the memory
 * context  snapshot child, or the program itself at exit with all threads stopped */
int search_run(const struct scan_input *in, struct arena *arena, struct search *search);

/* Fill search->verdicts; objects with a flag of `skip` are no findings. */
int search_judge(const struct scan_input *in, unsigned skip, struct search *search);

/* After search_view(): the roots, for finding paths. */
int search_roots(const struct scan_input *in, struct search *search);

/* The view of the heap alone: no roots, no marks. For counting what is alive. */
int search_view(struct arena *arena, struct search *search);

#endif
