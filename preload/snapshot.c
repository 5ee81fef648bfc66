/* snapshot.c - stop, clone, go on; and what the child does.
 *
 * The child closes the program's descriptors before anything that takes time (a connection that the program closes must
 * be closed), runs at a lower priority, is the first to go when memory is short, and ends by itself.
 *
 * Owns:    nothing in the program but a child that had to stay.
 * Never:   holds threads for longer than STOP_LIMIT_MS and the clone; raises SIGCHLD.
 * Start:   snapshot_take(); child_main(). */
#include "snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "clock.h"
#include "descriptor.h"
#include "dirty.h"
#include "ids.h"
#include "init.h"
#include "kernel_roots.h"
#include "limits.h"
#include "lock.h"
#include "nofork.h"
#include "pages.h"
#include "place.h"
#include "record.h"
#include "referrers.h"
#include "scope.h"
#include "site.h"
#include "thread.h"
#include "usage.h"
#include "write.h"

enum {
    STOP_LIMIT_MS = 300,
    LOCK_LIMIT_MS = 100,
    ARENA_BLOCK_BYTES = 8 << 20,
    CHILD_NICE = 5,
    CHILD_SECONDS_MAX = 300, /* of processor time */
    KEPT_FINDINGS_MAX = 500,
    KEPT_EDGES_MAX = 16,
    PRIVATE_ROOTS_BYTES = 64 << 10,
    KEPT_BYTES = 2 << 20, /* room for them and for what grows */
    OUTCOME_BYTES_MIN = 2 << 20
};

static _Atomic long kept_child;
static _Atomic int *kept_ends; /* shared with it: it is to end. A program that gave up its rights may not kill it */

void snapshot_end_kept(void) {
    if (!kept_child)
        return;
    atomic_store(kept_ends, 1);
    sys(SYS_futex, kept_ends, FUTEX_WAKE, 1);
    sys(SYS_kill, kept_child, SIGKILL);
    usage_wait(kept_child, NULL, __WALL);
    kept_child = 0;
}

int snapshot_is_kept(long child) {
    return child > 0 && kept_child == child;
}

void snapshot_after_fork(void) {
    kept_child = 0; /* the parent's */
    if (kept_ends)
        pages_unshare((void *)kept_ends);
    kept_ends = NULL;
}

/* ---- the child ---- */

static void *no_more(void *context, size_t bytes) {
    (void)context;
    (void)bytes;
    return NULL;
}

static size_t outcome_bytes(void) {
    return OUTCOME_BYTES_MIN + KEPT_BYTES + sizeof(struct outcome) +
           LINGERING_WORDS_MAX * sizeof(struct lingering_word) + history_bytes_max(ids_end(), site_count() + (size_t)1);
}

static void close_all_but(int kept) {
    if (kept > 0)
        sys(SYS_close_range, 0, kept - 1, 0);
    sys(SYS_close_range, kept + 1, ~0u, 0);
}

static void write_text(const char *path, const char *text) {
    long file = sys(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
    if (sys_failed(file))
        return;
    sys(SYS_write, file, text, strlen(text));
    sys(SYS_close, file);
}

static void child_settle(struct snapshot_order *order, struct arena *arena) {
    struct rlimit none = {0, 0}, seconds = {CHILD_SECONDS_MAX, CHILD_SECONDS_MAX};
    descriptor_make_room(order->reply);
    if (!order->in.kernel.hi)
        kernel_roots(order->in.pid, arena, &order->in.kernel);
    close_all_but(order->reply);
    limits_lift();
    sys(SYS_prlimit64, 0, RLIMIT_CORE, &none, 0);
    sys(SYS_prlimit64, 0, RLIMIT_CPU, &seconds, 0);
    sys(SYS_setpriority, PRIO_PROCESS, 0, CHILD_NICE);
    write_text("/proc/self/oom_score_adj", "1000");
    if (order->reply >= 0)
        sys(SYS_fcntl, order->reply, F_SETFL, O_NONBLOCK);
}

/* Findings for answers without a scan. */
static void keep_findings(struct outcome *outcome, const struct verdicts *verdicts, struct arena *keep) {
    size_t count = verdicts->finding_count < KEPT_FINDINGS_MAX ? verdicts->finding_count : KEPT_FINDINGS_MAX, kept = 0;
    struct finding *finding = arena_alloc(keep, count, sizeof *finding);
    outcome->confirmed = *verdicts;
    for (; finding && kept < count && (int)verdicts->findings[kept].kind < KIND_JUDGED_COUNT; kept++) {
        finding[kept] = verdicts->findings[kept];
        finding[kept].type = NULL; /* what is told of types and references lies in memory of this child */
        finding[kept].blame = NULL;
        if (!finding[kept].cycle)
            continue;
        size_t edges = finding[kept].cycle_listed < KEPT_EDGES_MAX ? finding[kept].cycle_listed : KEPT_EDGES_MAX;
        struct cycle_edge *edge = arena_alloc(keep, edges, sizeof *edge);
        if (!edge)
            break;
        memcpy(edge, finding[kept].cycle, edges * sizeof *edge);
        for (size_t i = 0; i < edges; i++)
            edge[i].type = NULL;
        finding[kept].cycle = edge;
        finding[kept].cycle_listed = edges;
    }
    outcome->confirmed.findings = finding;
    outcome->confirmed.finding_count = kept;
    outcome->confirmed.counted = NULL;
    outcome->confirmed.counted_count = 0;
}

static int has_changed(const struct history *before, const struct history *now) {
    const struct history_counts *a = &before->counts, *b = &now->counts;
    return a->confirmed != b->confirmed || a->confirmed_withdrawn != b->confirmed_withdrawn ||
           a->confirmed_freed != b->confirmed_freed;
}

/* The report of this scan takes the place of the one before. */
static int leave_report(struct snapshot_order *order, struct search *search, int *place) {
    const struct history *before = order->in.young.history;
    int first = order->place == PLACE_NONE;
    if (!first && before && !has_changed(before, &search->history) && order->in.entry.generation != GENERATIONS - 1)
        return 0;
    int file = place_open(&process.options, order->in.pid);
    if (file < 0)
        return 0; /* no folder: the report comes at the end */
    int error = write_scan(file, &order->in, search);
    sys(SYS_close, file);
    if (!error)
        error = place_commit(&process.options, order->in.pid, place);
    return error;
}

static int child_scan(struct snapshot_order *order, struct arena *arena, struct search *search,
                      struct outcome *outcome) {
    size_t head_bytes = (sizeof *outcome + 15) & ~(size_t)15; /* arenas begin aligned */
    struct arena keep = {
        .next = (char *)outcome + head_bytes, .end = (char *)outcome + outcome_bytes(), .more = no_more};
    order->in.keep = &keep;
    if (order->reply >= 0)
        order->in.unread = 0;
    int error = search_run(&order->in, arena, search);
    if (!error)
        error = grown_find(&order->in, search);
    if (!error && order->reply >= 0) {
        error = search_judge(&order->in, OBJECT_SUSPECT | OBJECT_KNOWN, search);
        if (!error)
            write_scan(order->reply, &order->in, search); /* a client that is gone is no matter */
    }
    if (!error)
        error = search_judge(&order->in, OBJECT_SUSPECT, search);
    if (error)
        return error;
    outcome->place = order->place;
    outcome->history = search->history;
    outcome->lingering = search->lingering;
    keep_findings(outcome, &search->verdicts, &keep);
    outcome->grown = grown_keep(&search->grown, &keep);
    leave_report(order, search, &outcome->place);
    scope_judge(search, &outcome->scope);
    atomic_store(&outcome->done, 1);
    return 0;
}

static int child_answer(struct snapshot_order *order, struct arena *arena, struct search *search) {
    int error = search_view(arena, search);
    if (error)
        return error;
    switch (order->task) {
    case SNAPSHOT_TOP:
        return write_top(order->reply, &order->in, search);
    case SNAPSHOT_WHY:
        return write_why(order->reply, &order->in, search, order->address);
    case SNAPSHOT_REFERRERS:
        return referrers_write(order->reply, search, order->address, order->max);
    case SNAPSHOT_REFERENTS:
        return referrers_write_referents(order->reply, search, order->address, order->max);
    default:
        return write_status(order->reply, &order->in, search);
    }
}

static void child_main(struct snapshot_order *order, struct outcome *outcome) {
    struct arena arena;
    pages_arena(&arena, ARENA_BLOCK_BYTES);
    struct search *search = arena_alloc(&arena, 1, sizeof *search);
    child_settle(order, &arena);
    write_be_patient();
    int error = -ENOMEM;
    if (search)
        error = outcome ? child_scan(order, &arena, search, outcome) : child_answer(order, &arena, search);
    if (error && order->reply >= 0 && order->task >= SNAPSHOT_REFERRERS)
        referrers_refuse(order->reply);
    else if (error && order->reply >= 0)
        write_note(order->reply, &order->in, NOTE_SCAN_FAILED, REASON_SEARCH_FAILED);
    if (order->reply >= 0)
        sys(SYS_close, order->reply);
    while (!error && outcome && dirty_needs_snapshot() && !atomic_load(kept_ends)) {
        if ((int)sys(SYS_getppid, 0) != order->in.pid) /* the program is gone */
            break;
        struct timespec slice = {.tv_sec = 1};
        sys(SYS_futex, kept_ends, FUTEX_WAIT, 0, &slice);
    }
    sys(SYS_exit_group, error ? 1 : 0);
}

/* ---- the program ---- */

static long take_stopped(struct snapshot *out, struct snapshot_order *order) {
    int is_scan = order->task == SNAPSHOT_SCAN;
    if (is_scan) {
        dirty_take();
        snapshot_end_kept();
        thread_forget_serials();
        order->in.entry.birth_end = order->in.young.birth_end = record_next_serial();
        order->in.entry.at_us = clock_us() - order->in.start_us;
    }
    out->entry = order->in.entry;
    out->stays = is_scan && dirty_needs_snapshot();
    if (out->stays)
        atomic_store(kept_ends, 0);
    nofork_lift();
    long child = limits_clone(&out->child);
    if (child == 0)
        child_main(order, out->outcome);
    nofork_restore();
    if (!sys_failed(child)) /* the others stand: none can have waited for it */
        kept_child = out->stays ? child : 0;
    return child;
}

/* Counting what is alive needs no thread to stand, only our tables to be whole. */
static enum reason take_running(struct snapshot *out, struct snapshot_order *order) {
    struct stopped nobody = {0};
    order->in.stopped = &nobody;
    order->in.stop_begun_us = clock_us();
    if (lock_all(LOCK_LIMIT_MS) != 0)
        return REASON_THREADS_NOT_HELD;
    long child = limits_clone(&out->child);
    lock_release_all(); /* the child's are its own */
    if (child == 0)
        child_main(order, NULL);
    return sys_failed(child) ? REASON_NO_SNAPSHOT : REASON_NONE;
}

/* The same memory each time: none of ours is given back. */
static void look_before(struct snapshot_order *order) {
    static struct arena kept;
    static char *room;
    if (!kernel_roots_are_private())
        return;
    if (!room) {
        pages_arena(&kept, PRIVATE_ROOTS_BYTES);
        room = arena_alloc(&kept, 1, 1);
    }
    struct arena arena = kept;
    if (room && kernel_roots(order->in.pid, &arena, &order->in.kernel) != 0)
        order->in.kernel = (struct range){0, 0};
}

static enum reason take_standing(struct snapshot *out, struct snapshot_order *order) {
    struct stopped stopped;
    order->in.stopped = &stopped;
    nofork_look();
    look_before(order);
    order->in.stop_begun_us = clock_us();
    if (stop_between_calls(&stopped, LOCK_LIMIT_MS, STOP_LIMIT_MS) != 0)
        return REASON_THREADS_NOT_STOPPED;
    if (stopped.running) {
        stop_release(&stopped);
        return REASON_THREAD_TOO_SLOW;
    }
    stop_add_self(&stopped, order->context);
    long child = take_stopped(out, order);
    stop_release(&stopped);
    return sys_failed(child) ? REASON_NO_SNAPSHOT : REASON_NONE;
}

enum reason snapshot_take(struct snapshot *out, struct snapshot_order *order) {
    *out = (struct snapshot){0};
    if (order->task == SNAPSHOT_STATUS || order->task == SNAPSHOT_TOP)
        return take_running(out, order);
    if (order->task == SNAPSHOT_SCAN) {
        dirty_watch_new();
        if (dirty_needs_snapshot() && !kept_ends && !(kept_ends = pages_share(sizeof *kept_ends)))
            return REASON_NO_MEMORY;
        out->outcome = pages_share(outcome_bytes());
        if (!out->outcome)
            return REASON_NO_MEMORY;
    }
    enum reason why = take_standing(out, order);
    if (why) {
        pages_unshare(out->outcome);
        *out = (struct snapshot){0};
    }
    return why;
}
