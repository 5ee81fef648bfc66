/* attendant.c - the thread that our signals are sent to, and the timer that sends them.
 *
 * All signals are sent to one thread, the attendant: of a signal for the whole process, the kernel would wake a thread out
 * of its system call and then let another one have the signal. The timer's signals are the only ones that an exec sweeps
 * away by itself; so the end of a child is not told by a signal but looked for by the timer.
 *
 * Owns:    the timer, and when it is due.
 * Never:   decides what is to be done when it is: that is live.c's.
 * Start:   attendant_begin(), attendant_arm(). */
#include "attendant.h"

#include <stdatomic.h>
#include <time.h>

#include "clock.h"
#include "init.h"
#include "interrupt.h"
#include "proc.h"
#include "rights.h"
#include "sys.h"

enum { POLL_US_MIN = 4000, POLL_US_MAX = 1000000, SOON_US = 2000, LATE_US = 1000000 };

static int thread;
static int timer = -1;           /* of the kernel's */
static _Atomic int is_set;       /* and its signal has not come */
static int64_t tick_us, poll_us; /* when the next tick is due, 0: none; how long to wait for a child */
static int64_t every_us;         /* between ticks; 0: there is one at most */

/* ---- the timer ---- */

static void timer_begin(void) {
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = INTERRUPT_SIGNAL};
    event.sigev_value.sival_ptr = &timer;
    event._sigev_un._tid = thread;
    is_set = 0;
    if (sys_failed(sys(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer)))
        timer = -1;
}

/* The attendant's signal is under way. A timer that is set anew meanwhile takes it back, but what it broke off stays so: a
 * system call would come back with a part, or EINTR, that no handler could hide. */
static int has_gone_off(void) {
    struct itimerspec left = {.it_value = {0}};
    return is_set && !rights_filtered && (int)sys(SYS_gettid, 0) != thread &&
           sys(SYS_timer_gettime, timer, &left) == 0 && !left.it_value.tv_sec && !left.it_value.tv_nsec;
}

static void timer_set(int64_t at_us) {
    struct itimerspec times = {.it_value = {at_us / 1000000, at_us % 1000000 * 1000}};
    if (timer < 0 || has_gone_off())
        return;
    is_set = at_us != 0;
    sys(SYS_timer_settime, timer, TIMER_ABSTIME, &times, 0);
}

void attendant_arm(int polls) {
    int64_t poll_at_us = clock_us() + poll_us;
    timer_set(polls && (!tick_us || poll_at_us < tick_us) ? poll_at_us : tick_us);
}

void attendant_arm_soon(void) {
    timer_set(clock_us() + SOON_US);
}

void attendant_poll_often(void) {
    poll_us = POLL_US_MIN;
}

void attendant_poll_seldom(void) {
    poll_us = poll_us < POLL_US_MAX ? poll_us * 2 : poll_us;
}

/* ---- ticks ---- */

int attendant_tick_over(void) {
    int64_t now_us = clock_us();
    if (!tick_us || now_us < tick_us)
        return 0;
    int64_t missed = every_us ? (now_us - tick_us) / every_us : 0;
    tick_us = every_us ? tick_us + (missed + 1) * every_us : 0;
    return 1;
}

int attendant_has_ticks(void) {
    return tick_us != 0;
}

int attendant_is_late(void) {
    return tick_us && clock_us() > tick_us + LATE_US;
}

/* ---- the thread ---- */

int attendant_thread(void) {
    return thread;
}

void attendant_send(void) {
    siginfo_t info = {.si_signo = INTERRUPT_SIGNAL, .si_code = SI_QUEUE};
    info.si_pid = process.pid;
    sys(SYS_rt_tgsigqueueinfo, process.pid, thread, INTERRUPT_SIGNAL, &info);
}

int attendant_is_timer(const siginfo_t *info) {
    int is_timer = info->si_code == SI_TIMER && info->si_value.sival_ptr == &timer;
    if (is_timer)
        is_set = 0;
    return is_timer;
}

static void take_over(void *context, const char *name) {
    int tid = proc_number(name);
    if (tid && tid != *(const int *)context)
        thread = tid;
}

int attendant_thread_ends(void) {
    int tid = (int)sys(SYS_gettid, 0);
    if (tid != thread)
        return 0;
    attendant_end();
    proc_each("/proc/self/task", take_over, &tid);
    timer_begin();
    return 1;
}

/* ---- begin, end ---- */

void attendant_begin(int64_t first_us, int64_t then_every_us) {
    thread = process.pid;
    every_us = then_every_us;
    tick_us = first_us ? clock_us() + first_us : 0;
    timer_begin();
    attendant_arm(0);
}

void attendant_end(void) {
    if (timer >= 0)
        sys(SYS_timer_delete, timer);
    timer = -1;
}

void attendant_after_fork(void) {
    timer = -1;
}
