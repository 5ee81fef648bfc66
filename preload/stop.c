/* stop.c - threads are stopped by a signal that no program can block, take or see (interrupt.c).
 *
 * A thread stands in the handler on a futex until it is released.
 *
 * Owns:    the list of stopped threads.
 * Never:   uses TLS or libc in the handler: threads made without glibc have neither.
 * Start:   stop_all(). */
#include "stop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "arch.h"
#include "beside.h"
#include "clock.h"
#include "descriptor.h"
#include "interrupt.h"
#include "live.h"
#include "lock.h"
#include "pages.h"
#include "proc.h"
#include "rights.h"
#include "sys.h"
#include "thread.h"

enum {
    THREADS_MIN = 64,
    ROUNDS_MAX = 1000,
    REALLOC_LOOK_NS = 200000,
    GATE_SECONDS_MAX = 5, /* no limit of those who close it is longer */
    END_SECONDS_MAX = 1,  /* the end of a process may wait for a lock of a thread that stands */
};

static struct stopped_thread *slots;
static size_t slot_capacity;
static _Atomic int held;     /* threads in the handler; a futex word for the stopper */
static _Atomic int released; /* futex word for the stopped: the round they may leave after */

static _Atomic int ending; /* nobody will release them */

int stop_interrupted(const siginfo_t *info, ucontext_t *context) {
    struct stopped_thread *slot = info->si_value.sival_ptr;
    if (info->si_code != SI_QUEUE || slot < slots || slot >= slots + slot_capacity)
        return 0;
    if (slot->tid != (int)sys(SYS_gettid, 0)) /* a signal of an earlier stop, which gave up on us */
        return 1;
    int round = atomic_load_explicit(&released, memory_order_acquire);
    slot->context = context;
    slot->thread_pointer = arch_thread_pointer();
    int asked = STOP_ASKED;
    if (!atomic_compare_exchange_strong_explicit(&slot->state, &asked, STOP_HELD, memory_order_acq_rel,
                                                 memory_order_relaxed))
        return 1;
    atomic_fetch_add_explicit(&held, 1, memory_order_release);
    sys(SYS_futex, &held, FUTEX_WAKE_PRIVATE, 1);
    long result = 0;
    while (atomic_load_explicit(&released, memory_order_acquire) == round && result != -ETIMEDOUT) {
        struct timespec limit = {.tv_sec = END_SECONDS_MAX};
        int is_end = atomic_load_explicit(&ending, memory_order_acquire);
        result = sys(SYS_futex, &released, FUTEX_WAIT_PRIVATE, round, is_end ? &limit : NULL);
    }
    return 1;
}

static struct stopped_thread *slot_of(struct stopped *out, int tid) {
    for (size_t i = 0; i < out->count; i++)
        if (slots[i].tid == tid)
            return &slots[i];
    return NULL;
}

/* Slots are pointed at by signals under way: the array grows only between stops, with room for threads yet to come. */
static int slots_for(size_t threads) {
    size_t capacity = slot_capacity ? slot_capacity : THREADS_MIN;
    while (capacity < threads * 2)
        capacity *= 2;
    if (capacity == slot_capacity)
        return 0;
    struct stopped_thread *larger = pages_alloc(capacity * sizeof *larger);
    if (!larger)
        return -ENOMEM;
    slots = larger;
    slot_capacity = capacity;
    return 0;
}

static int ask_once(int pid, struct stopped_thread *slot) {
    siginfo_t info = {.si_signo = INTERRUPT_SIGNAL, .si_code = SI_QUEUE};
    info.si_pid = pid;
    info.si_value.sival_ptr = slot;
    return (int)sys(SYS_rt_tgsigqueueinfo, pid, slot->tid, INTERRUPT_SIGNAL, &info);
}

/* The user may have as many signals waiting as there may be: then the limit is raised for the moment of ours, if it can be.
 * returns  0; -ESRCH: the thread is gone; or another negative errno. Source: getrlimit(2), RLIMIT_SIGPENDING */
static int ask(int pid, struct stopped_thread *slot) {
    struct rlimit before, most, none = {RLIM_INFINITY, RLIM_INFINITY};
    int error = ask_once(pid, slot);
    if (error != -EAGAIN || rights_filtered || sys(SYS_prlimit64, 0, RLIMIT_SIGPENDING, NULL, &before) != 0)
        return error;
    most = (struct rlimit){before.rlim_max, before.rlim_max};
    if (sys(SYS_prlimit64, 0, RLIMIT_SIGPENDING, &none, NULL) != 0)
        sys(SYS_prlimit64, 0, RLIMIT_SIGPENDING, &most, NULL);
    error = ask_once(pid, slot);
    sys(SYS_prlimit64, 0, RLIMIT_SIGPENDING, &before, NULL);
    return error;
}

/* ---- which threads there are ---- */

struct list {
    proc_name_cb *visit;
    void *context;
    int pid, error;
};

/* In a child beside, whose own numbers are not the program's. */
static void list_beside(void *context) {
    struct list *list = context;
    char path[32] = "/proc/", *end = path + 6;
    end += proc_decimal(list->pid, end);
    memcpy(end, "/task", 6);
    descriptor_make_room(-1);
    list->error = proc_each(path, list->visit, list->context);
}

/* returns 0 or a negative errno: not all of them, or none, were visited */
static int each_thread(proc_name_cb *visit, void *context) {
    int error = proc_each("/proc/self/task", visit, context);
    if (error != -EMFILE || rights_filtered)
        return error;
    struct list list = {visit, context, (int)sys(SYS_getpid, 0), error};
    return beside_run(list_beside, &list) == 0 ? list.error : error;
}

/* ---- stopping them ---- */

struct pass {
    struct stopped *out;
    int pid, own_tid;
    int asked;    /* threads newly asked in this pass */
    int refused;  /* those that could not be asked in it, and live */
    int saw_self; /* it is this process's threads that are listed */
};

static void ask_thread(void *context, const char *name) {
    struct pass *pass = context;
    int tid = proc_number(name);
    pass->saw_self |= tid == pass->own_tid;
    if (!tid || tid == pass->own_tid || slot_of(pass->out, tid) || pass->out->count >= slot_capacity)
        return;
    struct stopped_thread *slot = &slots[pass->out->count++];
    *slot = (struct stopped_thread){.tid = tid, .state = STOP_ASKED};
    int error = ask(pass->pid, slot);
    if (error == 0)
        pass->asked++;
    else if (error == -ESRCH)
        atomic_store_explicit(&slot->state, STOP_GONE, memory_order_relaxed);
    else {
        pass->out->count--; /* the next pass tries again */
        pass->refused++;
    }
}

/* A main thread that left by pthread_exit stays in the list, dead. The state letter stands behind the last ')'. */
static int is_dead(int tid) {
    char path[64] = "/proc/self/task/", buffer[512] = "";
    size_t fill = 16 + proc_decimal(tid, path + 16);
    memcpy(path + fill, "/stat", 6);
    long file = proc_file(path, 0);
    if (sys_failed(file))
        return file != -EMFILE;
    long got = sys(SYS_read, file, buffer, sizeof buffer - 1);
    sys(SYS_close, file);
    while (got > 2 && buffer[got - 1] != ')')
        got--;
    return got > 2 && (buffer[got + 1] == 'Z' || buffer[got + 1] == 'X');
}

/* Threads that were asked and neither stand nor have gone; with `look`, it is asked of each whether it still lives. */
static size_t outstanding(struct stopped *out, int pid, int look) {
    size_t count = 0;
    for (size_t i = 0; i < out->count; i++) {
        if (atomic_load_explicit(&slots[i].state, memory_order_acquire) != STOP_ASKED)
            continue;
        if (look && (sys(SYS_tgkill, pid, slots[i].tid, 0) == -ESRCH || is_dead(slots[i].tid)))
            atomic_store_explicit(&slots[i].state, STOP_GONE, memory_order_relaxed);
        else
            count++;
    }
    return count;
}

static void wait_held(struct stopped *out, int pid, int64_t deadline_ms) {
    for (int look = 0;;) {
        int seen = atomic_load_explicit(&held, memory_order_acquire);
        if (outstanding(out, pid, look) == 0 || clock_ms() >= deadline_ms)
            return;
        struct timespec slice = {.tv_nsec = 2000000};
        look = sys(SYS_futex, &held, FUTEX_WAIT_PRIVATE, seen, &slice) == -ETIMEDOUT;
    }
}

static void count_name(void *context, const char *name) {
    (void)name;
    ++*(size_t *)context;
}

/* Is there no other thread? The kernel says so sooner than /proc. There is nothing to part from then, so nothing is done.
 * (Of another process that has this memory it does not tell, as /proc would not.) Source: unshare(2), CLONE_THREAD */
static int is_alone(void) {
    return !rights_filtered && sys(SYS_unshare, CLONE_THREAD) == 0;
}

int stop_prepare(void) {
    size_t threads = 0;
    if (is_alone())
        return slots_for(1);
    each_thread(count_name, &threads);
    return slots_for(threads);
}

int stop_all(struct stopped *out, int limit_ms) {
    struct pass pass = {.out = out, .pid = (int)sys(SYS_getpid, 0), .own_tid = (int)sys(SYS_gettid, 0)};
    *out = (struct stopped){.threads = slots};
    if ((out->is_alone = is_alone()))
        return 0;
    int error = interrupt_install();
    if (error)
        return error;
    int64_t deadline_ms = clock_ms() + limit_ms;
    /* A thread that is being created may start another while we look: until a pass finds nobody new. */
    for (int round = 0; round < ROUNDS_MAX && !error; round++) {
        pass.asked = pass.refused = 0;
        error = each_thread(ask_thread, &pass);
        wait_held(out, pass.pid, deadline_ms);
        if (pass.asked == 0)
            break;
    }
    out->threads = slots;
    out->running = outstanding(out, pass.pid, 1) + (size_t)pass.refused;
    if (!error && pass.saw_self)
        return 0;
    stop_release(out);
    return error ? error : -ESRCH;
}

_Atomic int stop_gate;

static void gate_open(void) {
    if (atomic_exchange_explicit(&stop_gate, 0, memory_order_release))
        sys(SYS_futex, &stop_gate, FUTEX_WAKE_PRIVATE, 1 << 30);
}

/* A child that was made without libc's fork has nobody to open it. */
void stop_wait_at_gate(void) {
    struct timespec limit = {.tv_sec = GATE_SECONDS_MAX};
    while (atomic_load_explicit(&stop_gate, memory_order_acquire))
        if (sys(SYS_futex, &stop_gate, FUTEX_WAIT_PRIVATE, 1, &limit) == -ETIMEDOUT)
            gate_open();
}

void stop_after_fork(void) {
    gate_open();
}

/* returns 0, or -ETIMEDOUT: some thread is still inside the real realloc */
static int wait_for_reallocs(int64_t deadline_ms) {
    atomic_store_explicit(&stop_gate, 1, memory_order_release);
    while (thread_others_reallocate()) {
        if (clock_ms() >= deadline_ms)
            return -ETIMEDOUT;
        struct timespec pause = {.tv_nsec = REALLOC_LOOK_NS};
        sys(SYS_nanosleep, &pause, NULL);
    }
    return 0;
}

int stop_anywhere(struct stopped *stopped, int lock_limit_ms, int stop_limit_ms) {
    if (lock_all(lock_limit_ms) != 0)
        return -EDEADLK;
    int error = stop_all(stopped, stop_limit_ms);
    lock_release_all();
    return error;
}

/* One that saw the gate open may yet go in: then it is there at the stop, and everything is done again. */
int stop_between_calls(struct stopped *stopped, int lock_limit_ms, int stop_limit_ms) {
    int error = stop_prepare();
    int64_t deadline_ms = clock_ms() + stop_limit_ms;
    while (error == 0) {
        error = stop_anywhere(stopped, lock_limit_ms, stop_limit_ms);
        if (error || !thread_others_reallocate())
            break;
        stop_release(stopped);
        error = wait_for_reallocs(deadline_ms);
    }
    gate_open();
    return error;
}

void stop_add_self(struct stopped *stopped, ucontext_t *context) {
    struct stopped_thread *slot = &stopped->threads[stopped->count++]; /* there is room: slots_for() doubles */
    *slot = (struct stopped_thread){
        .tid = (int)sys(SYS_gettid, 0),
        .state = STOP_HELD,
        .context = context,
        .thread_pointer = arch_thread_pointer(),
    };
}

/* A thread that did not come in time must not stop any more when it does. */
static void ask_no_more(const struct stopped *stopped) {
    for (size_t i = 0; i < stopped->count; i++) {
        int asked = STOP_ASKED;
        atomic_compare_exchange_strong_explicit(&slots[i].state, &asked, STOP_GONE, memory_order_acq_rel,
                                                memory_order_relaxed);
    }
}

void stop_for_good(const struct stopped *stopped) {
    ask_no_more(stopped);
    atomic_store_explicit(&ending, 1, memory_order_release);
    sys(SYS_futex, &released, FUTEX_WAKE_PRIVATE, 1 << 30);
}

void stop_release(struct stopped *stopped) {
    ask_no_more(stopped);
    atomic_fetch_add_explicit(&released, 1, memory_order_release);
    sys(SYS_futex, &released, FUTEX_WAKE_PRIVATE, 1 << 30);
    /* Signals still on their way need our handler; without any, glibc's own comes back. Alone, it was never away. */
    if (stopped->running == 0 && !stopped->is_alone && !live_is_on())
        interrupt_remove();
}
