/* usage.c - getrusage() and times() tell the program of its own children alone.
 *
 * The kernel adds what a child used when somebody waits for it, ours too. So that is summed up here, and taken off again.
 * Not of the largest child's memory, where the program had children of its own: the kernel tells the larger one only.
 *
 * Owns:    the sums; which children of ours the program's waits have met.      Never: locks; tells of less than nothing.
 * Start:   usage_wait(), getrusage(). Source: getrusage(2), times(2), proc(5). */
#include "usage.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/times.h>

#include "hooks.h"
#include "next.h"
#include "sys.h"

enum { TAKEN_MAX = 8 };

/* ru_ of these are sums. */
#define COUNTS(X)                                                                                                      \
    X(minflt)                                                                                                          \
    X(majflt)                                                                                                          \
    X(inblock)                                                                                                         \
    X(oublock)                                                                                                         \
    X(nvcsw)                                                                                                           \
    X(nivcsw)

static struct {
    _Atomic int64_t user_us, system_us;
#define X(name) _Atomic int64_t name;
    COUNTS(X)
#undef X
} sums;
/* While they differ, the kernel may have added a child that the sums lack. */
static _Atomic unsigned waits_begun, waits_ended;

static int64_t microseconds(struct timeval time) {
    return time.tv_sec * 1000000ll + time.tv_usec;
}
static struct timeval time_of(int64_t us) {
    return (struct timeval){us / 1000000, us % 1000000};
}

static void add(const struct rusage *child) {
    sums.user_us += microseconds(child->ru_utime);
    sums.system_us += microseconds(child->ru_stime);
#define X(name) sums.name += child->ru_##name;
    COUNTS(X)
#undef X
}

/* Children of ours whose end the program has waited for, and has not asked about. */
static _Atomic long taken[TAKEN_MAX];

static void note_taken(long child) {
    static _Atomic unsigned next_place;
    taken[next_place++ % TAKEN_MAX] = child;
}

int usage_was_taken(long child) {
    for (size_t i = 0; i < TAKEN_MAX; i++) {
        long wanted = child;
        if (atomic_compare_exchange_strong(&taken[i], &wanted, 0))
            return 1;
    }
    return 0;
}

long usage_wait(long child, int *status, int options) {
    struct rusage usage = {.ru_minflt = 0};
    waits_begun++;
    long waited = sys(SYS_wait4, child, status, options, &usage);
    if (waited > 0)
        add(&usage);
    waits_ended++;
    if (waited == -ECHILD)
        note_taken(child);
    return waited;
}

void usage_note(const struct rusage *child) {
    waits_begun++;
    add(child);
    waits_ended++;
}

void usage_after_fork(void) {
    sums.user_us = sums.system_us = 0;
#define X(name) sums.name = 0;
    COUNTS(X)
#undef X
    waits_begun = waits_ended = 0;
    for (size_t i = 0; i < TAKEN_MAX; i++)
        taken[i] = 0;
}

static int64_t without(int64_t all, int64_t ours) {
    return all > ours ? all - ours : 0;
}

static void take_off(struct rusage *usage) {
    usage->ru_utime = time_of(without(microseconds(usage->ru_utime), sums.user_us));
    usage->ru_stime = time_of(without(microseconds(usage->ru_stime), sums.system_us));
#define X(name) usage->ru_##name = without(usage->ru_##name, sums.name);
    COUNTS(X)
#undef X
    if (!usage->ru_minflt) /* it had none: each touches a page at least. What is left is of rounding */
        *usage = (struct rusage){.ru_minflt = 0};
}

/* ---- the calls ---- */

EXPORT int getrusage(__rusage_who_t who, struct rusage *usage) {
    enum { TRIES = 1000 };
    next_find();
    for (int left = TRIES;; left--) {
        unsigned ended = waits_ended, begun = waits_begun;
        int error = next.getrusage(who, usage);
        if (error || who != RUSAGE_CHILDREN || !waits_begun)
            return error;
        if (left && (begun != ended || begun != waits_begun))
            continue;
        take_off(usage);
        return 0;
    }
}

EXPORT clock_t times(struct tms *ticks) {
    enum { TICK_US = 10000 };
    struct rusage children;
    next_find();
    clock_t now = next.times(ticks);
    if (!ticks || !waits_begun || getrusage(RUSAGE_CHILDREN, &children))
        return now;
    ticks->tms_cutime = microseconds(children.ru_utime) / TICK_US;
    ticks->tms_cstime = microseconds(children.ru_stime) / TICK_US;
    return now;
}
