/* give_way.c - what is done when the program is refused memory that it would have without us.
 *
 * A limit on memory counts address space, ours as well. So before a refused call is made again there is a scan, and then
 * all that can go is given back: the reserve for that scan, and the tables, while no thread is inside. Recording is over
 * then.
 *
 * Owns:    how far this process has got with that.
 * Never:   gives back what another thread may be reading; does anything where the program would be refused without us, too.
 * Start:   give_way(). Invariants: README.md, "Limits". */
#include "give_way.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/single_threaded.h>
#include <time.h>

#include "arch.h"
#include "hooks.h"
#include "init.h"
#include "limits.h"
#include "live.h"
#include "pages.h"
#include "record.h"
#include "rights.h"
#include "site.h"
#include "stop.h"
#include "sys.h"
#include "thread.h"
#include "trace.h"
#include "unwind.h"

enum {
    LOCK_LIMIT_MS = 1000,
    STOP_LIMIT_MS = 2000,
    TRIES_MAX = 200, /* a millisecond each, until no thread is inside our tables */
};

static _Atomic int under_way;
static _Atomic int is_done; /* there is nothing more to give */
static _Atomic int has_given;
static _Atomic int ended; /* nothing is recorded any more, whether the tables could go or not */

int give_way_ended(void) {
    return ended;
}

void give_way_start(void) {
    if (limits_are_tight())
        stop_prepare();
}

void give_way_after_fork(void) {
    under_way = 0;
}

/* ---- the tables ---- */

static int is_outside(const struct stopped_thread *thread) {
    const struct range *own = &process.facts.castaway;
    if (thread->state == STOP_GONE)
        return 1;
    return thread->state == STOP_HELD && arch_context_pc(thread->context) - own->lo >= own->hi - own->lo &&
           !thread_is_busy(thread->thread_pointer);
}

/* A thread that stands in the real malloc comes back to where it is asked again whether there is recording; in the real
 * realloc it has the number of a record. */
static int are_outside(const struct stopped *stopped) {
    for (size_t i = 0; i < stopped->count; i++)
        if (!is_outside(&stopped->threads[i]))
            return 0;
    return !thread_others_reallocate();
}

static void give_tables(void) {
    record_forget_all();
    site_forget_all();
    unwind_forget_all();
    thread_forget_tables();
    trace_forget_resting();
    exit_forget_stack();
    pages_give_tables();
}

/* returns 1: given; 0: a thread is inside; negative: the threads can't be stopped */
static int give_while_stopped(void) {
    struct stopped stopped = {0};
    int error = stop_between_calls(&stopped, LOCK_LIMIT_MS, STOP_LIMIT_MS);
    if (error)
        return error;
    int outside = (stopped.count > 0 || stopped.is_alone) && stopped.running == 0 && are_outside(&stopped);
    if (outside)
        give_tables();
    stop_release(&stopped);
    return outside;
}

static int end_recording(void) {
    if (live_hold() != 0)
        return 0;
    hook_recording_ends();
    ended = 1;
    int given = __libc_single_threaded != 0;
    if (given)
        give_tables();
    for (int i = 0; !given && i < TRIES_MAX; i++) {
        struct timespec pause = {.tv_nsec = 1000000};
        given = give_while_stopped();
        if (!given)
            sys(SYS_nanosleep, &pause, NULL);
    }
    live_release();
    live_end();
    return given > 0;
}

/* ---- all of it ---- */

/* At once: without the reserve the last scan would find no memory, and of objects that are not recorded for want of it
 * nothing is known that they hold.
 * returns  whether anything was given. Inside a signal handler that interrupted one of our hooks no lock can be taken */
static int give_all(void) {
    if (thread_busy > 1)
        return limits_spend() > 0;
    exit_scan_before_giving();
    int given = (limits_spend() > 0) | end_recording();
    is_done = 1; /* only now: who is refused meanwhile waits, and is served */
    has_given = given;
    return given;
}

/* Busy from before it begins: a handler that then interrupts it must not wait for its own thread. One that waits is not
 * busy, so that the tables can go meanwhile.
 * returns  0: another thread has begun, or this one */
static int begin(void) {
    thread_busy++;
    if (!atomic_exchange(&under_way, 1))
        return 1;
    thread_busy--;
    return 0;
}

/* One thread gives, the others wait for that. */
static int give_once(void) {
    int error = errno, was_done = is_done;
    while (!begin()) {
        if (thread_busy)
            return 0;
        sched_yield();
    }
    int given = was_done ? 0 : is_done || give_all();
    atomic_store(&under_way, 0);
    thread_busy--;
    errno = error;
    return given;
}

/* A realloc that asks for memory by a call of its own has its block in no index: what only that holds would seem lost. It is
 * asked again when it has failed. */
static int may_give(void) {
    return !is_done && !rights_confined && !thread_is_reallocating() && (int)sys(SYS_getpid, 0) == process.pid;
}

/* A call may have been refused before all was given, and ask after that: one of each thread is made again. */
static int was_given(void) {
    static __thread int has_asked;
    int asks = has_given && !has_asked;
    has_asked |= asks;
    return asks;
}

int give_way(size_t bytes) {
    return was_given() || (may_give() && limits_would_do(bytes) && give_once());
}

/* Whatever the reason, and also where a limit is higher by what we were thought to need: what is not recorded holds what
 * would seem lost. */
void give_way_now(void) {
    if (may_give())
        give_once();
}

static int there_is(size_t bytes) {
    long result = sys(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (!sys_failed(result))
        sys(SYS_munmap, result, bytes);
    return !sys_failed(result);
}

void give_way_for(size_t bytes) {
    if (bytes && may_give() && limits_are_tight() && !there_is(bytes))
        give_once();
}
