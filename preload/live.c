/* live.c - scans while the program runs.
 *
 * Nothing of ours runs by itself: no thread, no poll. What makes us look is INTERRUPT_SIGNAL, which comes from
 *   a timer (by time, once after the start, and to see whether a snapshot child is done),
 *   the control socket (a request),
 *   ourselves (a hook that found a threshold exceeded, castaway_collect(), the program's own signal).
 * All of them are sent to one thread (attendant.c).
 * The handler runs on the thread that the signal met, with the program's registers at hand; when that thread stands in
 * one of our hooks, the hook's end raises the signal again, or if that is a usual free, the next hook's or the timer, which
 * comes soon. What is to be done is done on a stack of our own, by one thread at a time: end children, answer requests, take
 * a snapshot (snapshot.c). What scans have come to is in generations.c.
 *
 * Owns:    the schedule, the children.
 * Never:   waits for a client or a child (but in live_collect); scans while a hook, a fork or an exec is under way.
 * Start:   live_interrupted(), then work(). */
#include "live.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "attendant.h"
#include "births.h"
#include "clock.h"
#include "control.h"
#include "dirty.h"
#include "frozen.h"
#include "generations.h"
#include "give_way.h"
#include "ids.h"
#include "init.h"
#include "interrupt.h"
#include "lock.h"
#include "pages.h"
#include "place.h"
#include "referrers.h"
#include "rights.h"
#include "schedule.h"
#include "snapshot.h"
#include "stop.h"
#include "told.h"
#include "usage.h"
#include "write.h"

enum {
    RUNNING = -1, /* for an exit status */
    ANSWERS_MAX = 4,
    OWN_ANSWER = ANSWERS_MAX, /* has a place of its own: nobody's requests keep the program from asking */
    PLACES = ANSWERS_MAX + 1,
    FIRST_LOOK_US = 1000000,
    HOLD_LIMIT_US = 2000000,
    FLUSHES_TO_CHECK = 1024,
    OWN_STACK_BYTES = 256 << 10,
    COLLECT_SLICE_MS = 50,
    COLLECT_BEGINS_MS = 2000,
    COLLECT_LIMIT_MS = 120000,
    SCRUB_BYTES = 2048, /* more than those calls take until the signal's frame begins */
    FREEZE_LOCK_MS = 100,
    FREEZE_STOP_MS = 300
};

_Atomic int live_wanted;

static int on, ended;
static struct schedule schedule;
static const char *wrong_key;
static _Atomic int working, work_again;
static _Atomic int signalled, collect_wanted; /* reasons; collect_wanted: generation + 1 */
static unsigned collect_confirm;
static _Atomic unsigned flushes;
static int control_lost;
static char *own_stack;

static int recorded = PLACE_NONE; /* place.h: where the last scan's recording is */
static struct snapshot scanning;  /* the child that scans; child 0: none */
static struct snapshot answering[PLACES];
/* What the program itself asks: one question at a time. */
enum { NOT_ASKED, ASKED, ANSWERING };
static struct {
    _Atomic int taken; /* by a thread that asks */
    _Atomic int state;
    enum snapshot_task task;
    uintptr_t address;
    size_t max;
    int reply;
} asked;
static _Atomic int finished; /* scans that came to an end; a futex word */

int live_is_on(void) {
    return on && !rights_confined;
}

int live_is_child(int pid) {
    int is_ours = scanning.child == pid || snapshot_is_kept(pid);
    for (size_t i = 0; i < PLACES; i++)
        is_ours |= answering[i].child == pid;
    return is_ours || usage_was_taken(pid); /* last: a child that ends meanwhile is noted there first */
}

int *live_place(void) {
    return &recorded;
}

/* ---- begin ---- */

static int has_children(void) {
    for (size_t i = 0; i < PLACES; i++)
        if (answering[i].child)
            return 1;
    return scanning.child != 0;
}

/* The program's own signal asks for a scan. It is an ordinary one: its handler may be replaced. */
static void on_program_signal(int number) {
    (void)number;
    atomic_store(&signalled, 1);
    interrupt_self();
}

static void begin(void) {
    if (rights_unscanned)
        return;
    int is_wanted = schedule.control || schedule.every_us || schedule.thresholds[0] || schedule.signal;
    if (!is_wanted && INTERRUPT_IS_HIDDEN) /* else that is how it begins, and the program itself may ask */
        return;
    if (!own_stack && !(own_stack = pages_alloc(OWN_STACK_BYTES)))
        return;
    if (interrupt_install() != 0)
        return;
    on = 1;
    int64_t first_us = schedule.control ? FIRST_LOOK_US : 0;
    if (schedule.every_us && (!first_us || schedule.every_us < first_us))
        first_us = schedule.every_us;
    attendant_begin(first_us, schedule.every_us);
}

void live_start(void) {
    wrong_key = schedule_parse(&process.options, &schedule);
    generations_start();
    begin();
    if (on && schedule.signal) {
        struct sigaction action = {.sa_handler = on_program_signal, .sa_flags = SA_RESTART};
        sigaction(schedule.signal, &action, NULL);
    }
}

void live_after_fork(void) {
    usage_after_fork();
    control_after_fork();
    dirty_after_fork();
    births_forget();
    snapshot_after_fork();
    live_wanted = on = ended = 0;
    working = work_again = signalled = collect_wanted = 0;
    attendant_after_fork();
    scanning = (struct snapshot){0};
    memset(answering, 0, sizeof answering);
    generations_after_fork();
    told_after_fork();
    asked.taken = asked.state = NOT_ASKED;
    recorded = PLACE_NONE;
    begin();
}

/* ---- what hooks see ---- */

void live_flush(struct thread_state *state) {
    generations_add_up(state);
    if (on && attendant_is_late())
        live_wanted |=
            LIVE_SIGNAL; /* the signal was lost: a program that took the handler's place, or ended the attendant */
    if (on && schedule.control && !attendant_has_ticks() && ++flushes % FLUSHES_TO_CHECK == 0 && !control_is_open())
        live_wanted |= (control_lost = LIVE_SIGNAL); /* the program closed all descriptors */
    if (!on || scanning.child || !generations_are_due(&schedule))
        return;
    ids_settle(state);
    generations_add_up(state);
    if (generations_are_due(&schedule))
        live_wanted |= LIVE_SIGNAL;
}

void live_due(uintptr_t pc) {
    if (thread_busy || thread_is_reallocating())
        return;
    if (live_wanted & LIVE_SHORT) {
        live_wanted &= ~LIVE_SHORT;
        give_way_now();
    }
    if (!on)
        return;
    if (live_wanted & LIVE_SIGNAL) {
        live_wanted &= ~LIVE_SIGNAL;
        interrupt_install(); /* glibc may have taken the place */
        interrupt_self();
    }
    if (pc && live_wanted & LIVE_TELL && told_call(pc))
        live_wanted &= ~LIVE_TELL;
}

void live_thread_ends(void) {
    if (!on || ended || !attendant_thread_ends())
        return;
    attendant_arm(has_children());
    control_continue(attendant_thread());
}

void live_note_birth(uint32_t serial) {
    births_note(serial, clock_us() - process.start_us);
}

/* ---- scans ---- */

void live_describe(struct scan_input *in) {
    in->facts = &process.facts;
    in->start_seconds = process.start_seconds;
    in->start_us = process.start_us;
    in->pid = process.pid;
    in->parent_pid = (int)sys(SYS_getppid, 0);
    in->own_malloc = process.own_malloc;
    in->bad_option = process.options.bad_key[0] ? process.options.bad_key : wrong_key;
    in->unread = options_unread(&process.options);
    in->births = births_all(&in->birth_count);
    in->exit_status = RUNNING;
    generations_describe(in);
    if (!in->confirm)
        in->confirm = schedule.confirm;
}

/* Probing takes a millisecond: not at the start of every program. */
static void choose_dirty_method(void) {
    static int chosen;
    if (!chosen && dirty_choose(process.options.dirty_pages) != 0)
        wrong_key = "dirty-pages";
    chosen = 1;
}

/* Written by the program itself: without waiting for the reader, and without the SIGPIPE of one that is gone. */
static void tell(int reply, const struct scan_input *in, enum note_code code, enum reason why) {
    unsigned long pipe_signal = 1ul << (SIGPIPE - 1), waiting = 0;
    struct timespec none = {0};
    sys(SYS_rt_sigpending, &waiting, 8);
    sys(SYS_fcntl, reply, F_SETFL, O_NONBLOCK);
    write_note(reply, in, code, why);
    if (!(waiting & pipe_signal))
        sys(SYS_rt_sigtimedwait, &pipe_signal, 0, &none, 8);
}

static void skip(int reply, enum note_code code, enum reason why) {
    struct scan_input in = {.stopped = NULL};
    if (code == NOTE_SCANS_SKIPPED)
        generations_skip();
    if (reply < 0)
        return;
    live_describe(&in);
    tell(reply, &in, code, why);
}

static void scan(unsigned generation, unsigned confirm, int reply, ucontext_t *context) {
    if (scanning.child) {
        skip(reply, NOTE_BUSY, REASON_NONE);
        return;
    }
    choose_dirty_method();
    struct snapshot_order order = {.task = SNAPSHOT_SCAN, .reply = reply, .context = context, .place = recorded};
    order.in.confirm = confirm;
    live_describe(&order.in);
    generations_aim(&order.in, generation);
    enum reason why = snapshot_take(&scanning, &order);
    attendant_poll_often();
    if (why)
        skip(reply, NOTE_SCANS_SKIPPED, why);
    else
        generations_turn(&order.in);
}

/* ---- children ---- */

/* returns 1 when the child is no more */
static int is_over(struct snapshot *snapshot) {
    int status = 0;
    if (!snapshot->child)
        return 0;
    if (snapshot->stays && snapshot->outcome->done)
        return 1;
    return usage_wait(snapshot->child, &status, __WALL | WNOHANG) != 0;
}

static void end_children(void) {
    for (size_t i = 0; i < PLACES; i++)
        if (is_over(&answering[i]))
            answering[i] = (struct snapshot){0};
    attendant_poll_seldom();
    if (!is_over(&scanning))
        return;
    if (scanning.outcome->done) {
        recorded = scanning.outcome->place;
        if (generations_adopt(&scanning))
            live_wanted |= LIVE_TELL;
    } else {
        generations_skip();
        pages_unshare(scanning.outcome);
    }
    scanning = (struct snapshot){0};
    atomic_fetch_add(&finished, 1);
    sys(SYS_futex, &finished, FUTEX_WAKE_PRIVATE, 1 << 30);
}

/* ---- requests ---- */

static struct snapshot *free_place(void) {
    for (size_t i = 0; i < ANSWERS_MAX; i++)
        if (!answering[i].child)
            return &answering[i];
    return NULL;
}

static void answer(const struct control_request *request, ucontext_t *context) {
    static const enum snapshot_task tasks[] = {
        [CONTROL_STATUS] = SNAPSHOT_STATUS, [CONTROL_TOP] = SNAPSHOT_TOP, [CONTROL_WHY] = SNAPSHOT_WHY};
    struct snapshot *place = free_place();
    struct snapshot_order order = {.reply = request->reply, .context = context, .address = request->address};
    if (!place) {
        skip(request->reply, NOTE_BUSY, REASON_NONE);
        return;
    }
    choose_dirty_method();
    order.task = tasks[request->verb];
    live_describe(&order.in);
    enum reason why = snapshot_take(place, &order);
    attendant_poll_often();
    if (why)
        skip(request->reply, NOTE_SCANS_SKIPPED, why);
}

/* The program itself asks what points at an object, or at what it points. The answer comes through a pipe, by snapshot as any
 * other; no end of the pipe tells that there is none, for a child that is forked meanwhile has it open, too. */
static void answer_program(ucontext_t *context) {
    struct snapshot_order order = {
        .task = asked.task,
        .reply = asked.reply,
        .address = asked.address,
        .max = asked.max,
        .context = context,
    };
    live_describe(&order.in);
    if (snapshot_take(&answering[OWN_ANSWER], &order))
        referrers_refuse(asked.reply);
    attendant_poll_often();
}

static void serve(const struct control_request *request, ucontext_t *context) {
    if (request->verb == CONTROL_WRONG)
        skip(request->reply, NOTE_REFUSED, REASON_NONE);
    else if (request->verb == CONTROL_SCAN)
        scan(request->generation, 0, request->reply, context);
    else
        answer(request, context);
    sys(SYS_close, request->reply);
}

/* ---- the work ---- */

static void work(ucontext_t *context) {
    struct control_request request;
    end_children();
    int tick = attendant_tick_over(), by_signal = atomic_exchange(&signalled, 0);
    int collect = atomic_exchange(&collect_wanted, 0);
    if ((tick || control_lost) && schedule.control)
        control_open(process.pid, attendant_thread());
    control_lost = 0;
    while (schedule.control && control_next(&request))
        serve(&request, context);
    int state = ASKED;
    if (!answering[OWN_ANSWER].child && atomic_compare_exchange_strong(&asked.state, &state, ANSWERING)) {
        answer_program(context);
        atomic_store(&asked.state, NOT_ASKED);
    }
    if (collect)
        scan((unsigned)collect - 1, collect_confirm, -1, context);
    else if (by_signal)
        scan(GENERATIONS - 1, 0, -1, context);
    else if (((tick && schedule.every_us) || generations_are_due(&schedule)) && !scanning.child)
        scan(generations_next(&schedule), 0, -1, context);
}

static void work_on_own_stack(void *context) {
    do {
        atomic_store(&work_again, 0);
        work(context);
    } while (atomic_load(&work_again));
    attendant_arm(has_children());
}

/* Wait until no thread works, and keep it so. returns 0, or -1: one is stuck, and nothing changes. */
static int work_hold(void) {
    struct timespec slice = {.tv_nsec = 200000};
    for (int64_t deadline_us = clock_us() + HOLD_LIMIT_US; atomic_exchange(&working, 1);) {
        if (clock_us() > deadline_us)
            return -1;
        sys(SYS_nanosleep, &slice, 0);
    }
    return 0;
}

/* A thread that glibc did not make has no TLS of ours: another one must do it. */
static int is_ours_to_do(void) {
    uintptr_t pointer = arch_thread_pointer();
    if (pointer == process.facts.main_thread_pointer)
        return 1;
    const uintptr_t *known;
    size_t count = thread_pointers(&known);
    for (size_t i = 0; i < count; i++)
        if (known[i] == pointer)
            return 1;
    attendant_send();
    return 0;
}

static void attend(ucontext_t *context) {
    if (ended || !is_ours_to_do())
        return;
    if (thread_busy || thread_is_reallocating()) {
        live_wanted |= LIVE_SIGNAL; /* a hook's end will tell; should there be none for a while, the timer does */
        attendant_arm_soon();
        return;
    }
    if (atomic_exchange(&working, 1)) {
        atomic_store(&work_again, 1);
        return;
    }
    thread_busy++;
    arch_call_on_stack(own_stack + OWN_STACK_BYTES, work_on_own_stack, context);
    thread_busy--;
    atomic_store(&working, 0);
}

int live_interrupted(const siginfo_t *info, ucontext_t *context) {
    int is_self = info->si_code == SI_QUEUE && !info->si_value.sival_ptr && info->si_pid == process.pid;
    if (!on || (!attendant_is_timer(info) && !is_self && !control_signalled(info)))
        return 0;
    attend(context);
    return 1;
}

/* What earlier calls left on the stack where the search's own calls will stand must not hold objects. */
static __attribute__((noinline)) void scrub_stack(void) {
    char bytes[SCRUB_BYTES];
    memset(bytes, 0, sizeof bytes);
    __asm__ volatile("" : : "r"(bytes) : "memory");
}

/* The signal that this thread sends itself would be sent on by one that has no state (is_ours_to_do()). */
static int is_known(void) {
    thread_busy++;
    int is = thread_state() != NULL;
    thread_busy--;
    return is;
}

/* Another thread may be at work: it does what was asked for as well, or has just missed it. returns 0: no scan was made */
static int collect_begins(uint32_t number_before) {
    const struct timespec slice = {.tv_nsec = 1000000};
    int64_t deadline_us = clock_us() + COLLECT_BEGINS_MS * 1000ll;
    for (;;) {
        int is_over = ended || (!atomic_load(&collect_wanted) && !atomic_load(&working)) || clock_us() >= deadline_us;
        if (generations_so_far().number != number_before)
            return 1;
        if (is_over)
            return 0;
        sys(SYS_nanosleep, &slice, 0);
        if (atomic_load(&collect_wanted))
            interrupt_self();
    }
}

static __attribute__((noinline)) long collect(unsigned generation, unsigned confirm) {
    if (!on || ended || thread_busy || told_is_calling() || !is_known())
        return -1;
    int64_t deadline_us = clock_us() + COLLECT_LIMIT_MS * 1000ll;
    while (scanning.child && clock_us() < deadline_us) { /* one is under way: not ours */
        struct timespec slice = {.tv_nsec = COLLECT_SLICE_MS * 1000000};
        int seen = finished;
        if (scanning.child)
            sys(SYS_futex, &finished, FUTEX_WAIT_PRIVATE, seen, &slice);
    }
    struct scans_so_far before = generations_so_far();
    int seen = finished;
    collect_confirm = confirm;
    atomic_store(&collect_wanted, (int)generation + 1);
    interrupt_install();
    interrupt_self();
    if (!collect_begins(before.number))
        return -1;
    while (finished == seen && clock_us() < deadline_us) {
        struct timespec slice = {.tv_nsec = COLLECT_SLICE_MS * 1000000};
        sys(SYS_futex, &finished, FUTEX_WAIT_PRIVATE, seen, &slice);
        if (finished == seen)
            interrupt_self(); /* the end of the child may have met a hook */
    }
    struct scans_so_far after = generations_so_far();
    if (finished == seen || after.skipped != before.skipped)
        return -1;
    if (live_wanted & LIVE_TELL && told_call(0))
        live_wanted &= ~LIVE_TELL;
    return (long)(after.suspects - before.suspects);
}

long live_collect(unsigned generation, unsigned confirm) {
    scrub_stack();
    return collect(generation, confirm);
}

/* ---- other questions of the program's own ---- */

/* The child that answered the last question has told all it knows, but may not be gone: it gives way to everybody. */
static void wait_for_last_answer(void) {
    struct timespec slice = {.tv_nsec = 200000};
    int64_t deadline_us = clock_us() + COLLECT_LIMIT_MS * 1000ll;
    while (answering[OWN_ANSWER].child && clock_us() < deadline_us) {
        interrupt_self();
        if (answering[OWN_ANSWER].child)
            sys(SYS_nanosleep, &slice, 0);
    }
}

/* Until a snapshot is taken, or none can be. returns 0, or -1: nobody has begun to. Who has uses the reply's descriptor. */
static int wait_until_answered(void) {
    struct timespec slice = {.tv_nsec = 200000};
    for (int64_t deadline_us = clock_us() + HOLD_LIMIT_US; asked.state; sys(SYS_nanosleep, &slice, 0)) {
        int state = ASKED;
        if (clock_us() >= deadline_us && atomic_compare_exchange_strong(&asked.state, &state, NOT_ASKED))
            return -1;
    }
    return 0;
}

static long ask(enum snapshot_task task, uintptr_t address, void **out, size_t max) {
    int pipe[2] = {-1, -1};
    if (!on || ended || thread_busy || sys_failed(sys(SYS_pipe2, pipe, O_CLOEXEC)))
        return -1;
    struct timespec slice = {.tv_nsec = 200000};
    while (atomic_exchange(&asked.taken, 1))
        sys(SYS_nanosleep, &slice, 0);
    interrupt_install();
    wait_for_last_answer();
    asked.task = task;
    asked.address = address;
    asked.max = max;
    asked.reply = pipe[1];
    atomic_store(&asked.state, ASKED);
    interrupt_self();
    int error = wait_until_answered();
    sys(SYS_close, pipe[1]);
    atomic_store(&asked.taken, 0);
    long count = error ? -1 : referrers_read(pipe[0], out, max, COLLECT_LIMIT_MS);
    sys(SYS_close, pipe[0]);
    return count;
}

long live_referrers(uintptr_t address, void **out, size_t max) {
    return ask(SNAPSHOT_REFERRERS, address, out, max);
}
long live_referents(uintptr_t address, void **out, size_t max) {
    return ask(SNAPSHOT_REFERENTS, address, out, max);
}

int live_freeze(void) {
    struct stopped stopped;
    if (ended || thread_busy || work_hold() != 0)
        return -1;
    thread_busy++;
    int error = stop_between_calls(&stopped, FREEZE_LOCK_MS, FREEZE_STOP_MS);
    if (!error) {
        thread_forget_serials();
        frozen_begin();
        stop_release(&stopped);
    }
    thread_busy--;
    atomic_store(&working, 0);
    if (atomic_exchange(&work_again, 0))
        interrupt_self();
    return error ? -1 : 0;
}

/* ---- thresholds ---- */

void live_thresholds(unsigned thresholds[3]) {
    memcpy(thresholds, schedule.thresholds, sizeof schedule.thresholds);
}

void live_set_thresholds(const unsigned thresholds[3]) {
    schedule_set(&schedule, thresholds);
}

/* ---- exec, exit ---- */

static void give_up(struct snapshot *snapshot) {
    if (!snapshot->child)
        return;
    sys(SYS_kill, snapshot->child, SIGKILL);
    usage_wait(snapshot->child, NULL, __WALL);
    pages_unshare(snapshot->outcome);
    *snapshot = (struct snapshot){0};
}

static void give_up_all(void) {
    end_children();
    for (size_t i = 0; i < PLACES; i++)
        give_up(&answering[i]);
    give_up(&scanning);
    snapshot_end_kept();
}

int live_hold(void) {
    return on && !ended ? work_hold() : 0;
}

void live_release(void) {
    if (on && !ended)
        atomic_store(&working, 0);
}

int live_exec_begins(void) {
    if (!on || ended || (int)sys(SYS_getpid, 0) != process.pid || work_hold() != 0)
        return 0;
    thread_busy++;
    lock_take(LOCK_SCAN);
    control_pause();
    give_up_all();
    /* What was sent before the pause must not wait for the new program. */
    unsigned long ours = 1ul << (INTERRUPT_SIGNAL - 1);
    struct timespec none = {0};
    while (!sys_failed(sys(SYS_rt_sigtimedwait, &ours, 0, &none, 8))) {
    }
    return 1;
}

void live_exec_failed(void) {
    lock_release(LOCK_SCAN);
    control_continue(attendant_thread());
    attendant_arm(has_children());
    thread_busy--;
    atomic_store(&working, 0);
}

void live_end(void) {
    if (!on || ended)
        return;
    ended = 1;
    if (work_hold() != 0)
        return;
    attendant_end();
    control_close();
    give_up_all();
}
