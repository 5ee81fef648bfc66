/* snapshot.h - a frozen copy of the process in which a scan or an answer is worked out while the program goes on. */
#ifndef CASTAWAY_PRELOAD_SNAPSHOT_H
#define CASTAWAY_PRELOAD_SNAPSHOT_H

#include <stdatomic.h>
#include <ucontext.h>

#include "analysis/reason.h"
#include "scan.h"
#include "scope.h"

enum snapshot_task {
    SNAPSHOT_SCAN,
    SNAPSHOT_STATUS,
    SNAPSHOT_TOP,
    SNAPSHOT_WHY,
    SNAPSHOT_REFERRERS, /* from here on the program itself asks (referrers.h) */
    SNAPSHOT_REFERENTS,
};

struct snapshot_order {
    enum snapshot_task task;
    struct scan_input in;
    uintptr_t address;   /* why, referrers, referents */
    size_t max;          /* referrers, referents: that are told */
    int reply;           /* descriptor that takes the answer, or -1; stays the caller's */
    int place;           /* place.h: which recording of this process stands already */
    ucontext_t *context; /* registers of the calling thread */
};

/* What a scan leaves; in memory that its child and the program share. */
struct outcome {
    struct history history;
    struct verdicts confirmed; /* the findings so far, the largest ones, without what is long */
    struct grown grown;
    struct lingering lingering;
    struct scope_outcome scope; /* of the scope that ended with this scan */
    int place;
    _Atomic int done; /* set last, when all of it is there */
};

struct snapshot {
    int child; /* process id, written by the kernel before the child can end; 0: none */
    int stays; /* it lives on when it is done (dirty_needs_snapshot()) */
    struct scan_entry entry;
    struct outcome *outcome; /* of a scan; pages_unshare() when it is of no use any more */
};

/* Stop the threads, clone, let them go on.
 * returns  REASON_NONE with `out` filled, or why not; then the program was left as it was
 * context  signal handler, busy, one caller at a time */
enum reason snapshot_take(struct snapshot *out, struct snapshot_order *order);

/* End the last scan's child where it had to stay. */
void snapshot_end_kept(void);
int snapshot_is_kept(long child); /* is it that one? */
void snapshot_after_fork(void);

#endif
