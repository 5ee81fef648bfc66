/* exit.c - the scan at the end of the process.
 *
 * Threads are stopped, a raw clone freezes the heap, and the child searches it and writes the recording while the parent
 * waits. The threads stand until then: the process is ending, and longer lives for them now would be a change.
 * Preloaded by hand, the recording is handed to the tool beside this library, which writes the reports.
 *
 * Owns:    that there is one such scan in a process, and which thread makes it.
 * Never:   lets the program die of it: what can't be done is written into the recording.
 * Start:   exit_scan(). */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "beside.h"
#include "clock.h"
#include "descriptor.h"
#include "forked.h"
#include "frames_check.h"
#include "generations.h"
#include "give_way.h"
#include "guard.h"
#include "handed.h"
#include "init.h"
#include "kernel_roots.h"
#include "limits.h"
#include "live.h"
#include "lock.h"
#include "lsan.h"
#include "module.h"
#include "nofork.h"
#include "pages.h"
#include "place.h"
#include "proc.h"
#include "record.h"
#include "rights.h"
#include "scan.h"
#include "text.h"
#include "thread.h"
#include "together.h"
#include "unwind.h"
#include "usage.h"
#include "weak.h"
#include "write.h"

enum {
    STOP_LIMIT_MS = 2000,
    LOCK_LIMIT_MS = 1000,
    OWN_STACK_BYTES = 256 << 10,
    CALLS_BYTES = 4096, /* that the calls of scan() have made use of below its frame */
    BESIDE_OBJECTS_MAX = 20000,
    IN_PLACE_OBJECTS_MAX = 10000,
    SHELL_SIGNAL = 128, /* a process that died of a signal has this and the signal's number as its status */
    ARENA_BLOCK_BYTES = 8 << 20,
    LARGE_BLOCK_BYTES = 32 << 20, /* they come in huge pages */
    CHILD_FAILED = 1,
    TOOL_FAILED = 125,
    TOOL_MISSING = 127
};

enum { NOT_BEGUN, UNDER_WAY, FINISHED };
static _Atomic int progress, scanner; /* of the scan (a futex word); by which thread */

void exit_after_fork(void) {
    progress = NOT_BEGUN;
}

/* ---- the tool, when preloaded by hand ---- */

/* Beside the library (build folder), or in ../bin and ../../bin (installed). */
static int tool_find(struct text *out) {
    static const char *const places[] = {"castaway", "../bin/castaway", "../../bin/castaway"};
    struct text self = {.fill = 0};
    struct arena arena;
    pages_arena(&arena, 0);
    struct maps maps;
    if (maps_read(&maps, &arena) != 0)
        return -1;
    const struct mapping *mapping = maps_find(&maps, (uintptr_t)&tool_find);
    const char *slash = mapping ? strrchr(mapping->path, '/') : NULL;
    if (!slash)
        return -1;
    text_add(&self, mapping->path, (size_t)(slash - mapping->path) + 1);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        *out = self;
        text_add(out, places[i], strlen(places[i]));
        if (sys(SYS_faccessat, AT_FDCWD, out->bytes, 1 /* X_OK */) == 0)
            return 0;
    }
    return -1;
}

/* The tool's environment. left_options  CASTAWAY_OPTIONS=... for it, or NULL: those of the program */
static char **environment_of_tool(char **environment, char *left_options) {
    size_t count = 0;
    while (environment && environment[count])
        count++;
    char **copy = pages_alloc((count + 2) * sizeof *copy);
    if (!copy)
        return NULL;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (strncmp(environment[i], "LD_PRELOAD=", 11) != 0 &&
            (!left_options || strncmp(environment[i], "CASTAWAY_OPTIONS=", 17) != 0))
            copy[kept++] = environment[i];
    copy[kept] = left_options;
    return copy;
}

/* What can't be written in a sandbox is not for its programs to tell. */
static void be_silent(void) {
    long nowhere = sys(SYS_openat, AT_FDCWD, "/dev/null", O_WRONLY, 0);
    if (sys_failed(nowhere))
        sys(SYS_close, STDERR_FILENO);
    else
        sys(SYS_dup3, nowhere, STDERR_FILENO, 0);
}

/* Let the tool report on the recording behind `file`; left_options: as above.
 * returns  its exit status, or TOOL_MISSING */
static int tool_run(int file, unsigned long signal_mask, char *left_options) {
    struct text tool, recording = {.fill = 0};
    if (tool_find(&tool) != 0)
        return TOOL_MISSING;
    text_add(&recording, "/proc/self/fd/", 14);
    text_add_number(&recording, file);
    char report[] = "report", from_preload[] = "--from-preload";
    char *arguments[] = {tool.bytes, report, recording.bytes, from_preload, NULL};
    char **environment = environment_of_tool(process.environment, left_options);
    /* By exec the child becomes one that raises SIGCHLD: were that ignored, its status would be lost. */
    struct kernel_sigaction by_default = {.handler = NULL}, program_action;
    sys(SYS_rt_sigaction, SIGCHLD, &by_default, &program_action, 8);
    long child = environment ? limits_clone(NULL) : -ENOMEM;
    if (child == 0) {
        sys(SYS_rt_sigaction, SIGCHLD, &program_action, NULL, 8);
        sys(SYS_fcntl, file, F_SETFD, 0);
        sys(SYS_lseek, file, 0, SEEK_SET);
        sys(SYS_rt_sigprocmask, SIG_SETMASK, &signal_mask, 0, 8);
        if (rights_sees_others())
            be_silent();
        sys(SYS_execve, tool.bytes, arguments, environment);
        sys(SYS_exit_group, TOOL_MISSING);
    }
    int status = 0;
    long waited = child < 0 ? child : sys(SYS_wait4, child, &status, __WALL, 0);
    sys(SYS_rt_sigaction, SIGCHLD, &program_action, NULL, 8);
    if (sys_failed(waited))
        return TOOL_MISSING;
    return WIFEXITED(status) ? WEXITSTATUS(status) : TOOL_MISSING;
}

/* ---- snapshot ---- */

static char *own_stack;

static char *own_stack_take(void) {
    if (!own_stack)
        own_stack = pages_alloc_table(OWN_STACK_BYTES);
    return own_stack;
}

void exit_forget_stack(void) {
    own_stack = NULL;
}

/* No more objects than these are looked at, mostly. To clear a huge page takes longer than to search a few of them. */
static uint64_t looked_at(const struct scan_input *in) {
    uint64_t alive = generations_objects(), born = in->young.birth_end - in->young.birth_from;
    return in->since_fork && born < alive ? born : alive;
}

static int search_and_write(const struct scan_input *input, int file) {
    struct arena arena;
    struct scan_input in = *input;
    pages_arena(&arena, looked_at(&in) > BESIDE_OBJECTS_MAX ? LARGE_BLOCK_BYTES : ARENA_BLOCK_BYTES);
    struct search *search = arena_alloc(&arena, 1, sizeof *search);
    in.keep = &arena;
    int error = search ? search_run(&in, &arena, search) : -ENOMEM;
    if (!error)
        error = search_judge(&in, 0, search);
    if (!error)
        error = grown_find(&in, search);
    return error ? error : write_scan(file, &in, search);
}

/* Runs in the child; its answer is its exit status. */
static void child_scan(const struct scan_input *in, int file) {
    struct rlimit none = {0, 0};
    sys(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
    sys(SYS_prlimit64, 0, RLIMIT_CORE, &none, 0);
    limits_spend();
    limits_lift();
    descriptor_make_room(file);
    sys(SYS_exit_group, search_and_write(in, file) == 0 ? 0 : CHILD_FAILED);
}

/* returns 1: it failed */
static int write_failure(int file, const struct scan_input *in, enum reason why) {
    sys(SYS_ftruncate, file, 0);
    sys(SYS_lseek, file, 0, 0);
    write_note(file, in, NOTE_SCAN_FAILED, why);
    return 1;
}

static void look_before_snapshot(struct scan_input *in) {
    struct arena arena;
    if (!kernel_roots_are_private())
        return;
    pages_arena(&arena, 0);
    if (kernel_roots(in->pid, &arena, &in->kernel) != 0)
        in->kernel = (struct range){0, 0};
}

/* A search of few objects, or of what was born since a fork, needs no copy of the memory, which would take longer than it
 * does. A large one makes tables that are large, and who is ended for them shall not be the program. */
struct beside_scan {
    const struct scan_input *in;
    int file;
};

static int scan_in_place(void *argument) {
    const struct beside_scan *scan = argument;
    return search_and_write(scan->in, scan->file);
}

static void scan_beside(void *argument) {
    const struct beside_scan *scan = argument;
    child_scan(scan->in, scan->file);
}

/* The program goes on after the scan, or leaves a core, if it is not at its regular end. */
static int is_small(const struct scan_input *in) {
    return in->is_end && !in->here_interrupted && generations_objects() <= BESIDE_OBJECTS_MAX;
}

/* returns 0, or -1: it takes a copy after all, and nothing is written */
static int scan_without_copy(struct scan_input *in, int file) {
    struct beside_scan scan = {in, file};
    if ((!in->since_fork && !is_small(in)) || in->stopped->running || rights_filtered || weak_next(NULL))
        return -1;
    in->shares_memory = 1;
    int failed = in->in_place ? guard_run(scan_in_place, &scan) : beside_run(scan_beside, &scan);
    in->shares_memory = in->in_place = 0;
    if (!failed)
        return 0;
    sys(SYS_ftruncate, file, 0);
    sys(SYS_lseek, file, 0, 0);
    return -1;
}

/* returns whether it failed */
static int snapshot_scan(struct scan_input *in, int file) {
    look_before_snapshot(in);
    nofork_look();
    nofork_lift();
    if (scan_without_copy(in, file) == 0)
        return 0;
    in->since_fork = 0;
    long child = limits_clone(NULL);
    if (child == 0)
        child_scan(in, file);
    if (in->gave_way)
        nofork_restore(); /* else for good: nobody forks any more */
    if (sys_failed(child)) {
        in->in_process = 1;
        return search_and_write(in, file) == 0 ? 0 : write_failure(file, in, REASON_NO_SNAPSHOT_NO_MEMORY);
    }
    int status = 0;
    while (usage_wait(child, &status, __WALL) == -EINTR) {
    }
    if (WIFSIGNALED(status))
        return write_failure(file, in, REASON_SEARCH_KILLED);
    return WEXITSTATUS(status) ? write_failure(file, in, REASON_SEARCH_FAILED) : 0;
}

/* The recording itself is left behind. */
static void leave_recording(int file, int out) {
    if (out < 0)
        return;
    place_copy(file, out);
    sys(SYS_close, out);
}

/* Why there is a scan. After the last two the program goes on, if the exec fails. */
enum occasion { AT_END, AT_EXEC, SHORT_OF_MEMORY };

struct ending {
    enum occasion occasion;
    int status;
    int file; /* the recording, or a negative errno */
    unsigned long signals_before;
    struct callee_saved from; /* a frame of ours on the program's stack, still live */
    uintptr_t thread_pointer;
    const ucontext_t *interrupted; /* by the signal that ends the process; NULL: exit was called */
    int turned_off;                /* there shall be no check */
    int given_up;                  /* recording was, when the program was short of memory */
    int failed;                    /* nothing was judged */
    int together;                  /* the recording is in memory, and goes to those of other processes */
    int tool;                      /* receives the tool's exit status; 0 when it was not run */
    struct stopped stopped;
    int stop_error; /* nothing is stopped */
    int64_t stop_begun_us;
};

/* The real realloc has not moved it yet, or what it held still stands there. */
static void restore_aside(uintptr_t address, object_id id) {
    if (!record_known(address))
        record_restore(address, id);
}

/* First of all: what threads use may be destroyed by now. One may never come out of realloc, as when it waits for a lock of
 * the allocator's that the thread has which ends the process: then it stands there. */
static void stop_threads(struct ending *ending) {
    ending->stop_begun_us = clock_us();
    ending->stop_error = ending->turned_off || ending->given_up
                             ? -ECANCELED
                             : stop_between_calls(&ending->stopped, LOCK_LIMIT_MS, STOP_LIMIT_MS);
    if (ending->occasion != AT_END)
        return;
    if (ending->stop_error == -ETIMEDOUT)
        ending->stop_error = stop_anywhere(&ending->stopped, LOCK_LIMIT_MS, STOP_LIMIT_MS);
    if (!ending->stop_error)
        thread_each_aside(restore_aside);
}

static void leave_threads(struct ending *ending) {
    if (ending->stop_error)
        return;
    if (ending->occasion != AT_END)
        stop_release(&ending->stopped);
    else
        stop_for_good(&ending->stopped);
}

/* Where the program's own part of the stack ends. When main has returned, nothing on it below _start is the program's: who
 * called main has an int beside which half an old pointer stands, and both together are the address of whatever begins at
 * a multiple of 4 GiB. */
static struct callee_saved program_stack(const struct ending *ending) {
    struct callee_saved here = {0}, start;
    if (ending->interrupted)
        here.sp = arch_context_sp(ending->interrupted);
    else if (unwind_caller_of(&ending->from, process.exits, process.exit_count, &here) != 0)
        here = ending->from;
    else if (unwind_before_main(&here, &process.start, &start) == 0)
        here = start;
    return here;
}

/* To make a child takes as long as a search of some hundred objects, and on a busy machine it has to wait for its turn. But a
 * child opens files where the program has none left, and has time where the program's is used up. */
static int may_search_in_place(const struct ending *ending, const struct scan_input *in) {
    struct rlimit processor_time = {0, 0};
    return ending->together && in->is_end && !ending->interrupted && !ending->stopped.count &&
           !ending->stopped.running && looked_at(in) <= IN_PLACE_OBJECTS_MAX &&
           !sys_failed(sys(SYS_prlimit64, 0, RLIMIT_CPU, 0, &processor_time)) &&
           processor_time.rlim_cur == RLIM_INFINITY;
}

static void end_recorded(struct ending *ending, unsigned long signals_before) {
    struct callee_saved here = program_stack(ending);
    struct scan_input in = {
        .facts = &process.facts,
        .stopped = &ending->stopped,
        .here = &here,
        .here_interrupted = ending->interrupted,
        .here_thread_pointer = ending->thread_pointer,
        .here_reached = ending->interrupted ? 0 : ending->from.sp - CALLS_BYTES,
        .stop_begun_us = ending->stop_begun_us,
        .confirm = 1, /* what is lost at the end stays lost */
    };
    live_describe(&in);
    in.replaced = ending->occasion == AT_EXEC;
    in.gave_way = ending->occasion == SHORT_OF_MEMORY;
    if (!in.gave_way)
        in.exit_status = ending->status;
    in.is_end = ending->occasion == AT_END;
    if (in.is_end)
        forked_aim(&in);
    in.in_place = may_search_in_place(ending, &in);
    if (ending->turned_off) {
        write_note(ending->file, &in, NOTE_TURNED_OFF, REASON_NONE);
        return;
    }
    if (ending->stop_error && !ending->given_up) {
        ending->failed = write_failure(ending->file, &in, REASON_THREADS_NOT_STOPPED);
        return;
    }
    ending->failed =
        ending->given_up ? write_failure(ending->file, &in, REASON_GAVE_WAY) : snapshot_scan(&in, ending->file);
    if (!process.options.dir[0])
        ending->tool = tool_run(ending->file, signals_before, NULL);
}

/* `castaway run` has ended before this process, and its folder is gone: what it would have made of the recording is made
 * here, where it said it would be. */
static void leave_to_nobody(int file, unsigned long signals_before) {
    struct text options = {.fill = 0};
    text_add(&options, "CASTAWAY_OPTIONS=", 17);
    text_add(&options, process.options.left_reports, strlen(process.options.left_reports));
    if (!process.options.left_reports[0] || tool_run(file, signals_before, options.bytes) == TOOL_MISSING ||
        process.options.left_output[0])
        leave_recording(file, place_open_left(&process.options, process.pid));
}

static int memory_file(void) {
    return (int)sys(SYS_memfd_create, "castaway", MFD_CLOEXEC);
}

/* Where the recording is written at first. returns  a descriptor or a negative errno */
static int open_recording(struct ending *ending) {
    int file = -ENOENT;
    if (ending->together || !process.options.dir[0])
        file = memory_file();
    if (file >= 0 || !process.options.dir[0])
        return file;
    ending->together = 0;
    return place_open(&process.options, process.pid);
}

/* A recording in memory gets a file of its own after all. */
static int move_to_own_file(int file) {
    int own = place_open(&process.options, process.pid);
    if (own < 0)
        return own;
    int error = place_copy(file, own);
    sys(SYS_close, own);
    if (error)
        place_drop(&process.options, process.pid);
    return error;
}

/* The recording takes its place. returns  0 or a negative errno; -ENOENT: there is no folder any more */
static int commit(const struct ending *ending) {
    if (ending->together) {
        int error = together_add(ending->file);
        if (!error || error == -ENOENT)
            return error;
        error = move_to_own_file(ending->file);
        if (error)
            return error;
    }
    return place_commit(&process.options, process.pid, live_place());
}

/* Signals that our own doings raised (a file-size limit, the tool's end) are not the program's affair. */
static void drop_own_signals(void) {
    unsigned long ours = 1ul << (SIGXFSZ - 1) | 1ul << (SIGCHLD - 1);
    struct timespec none = {0};
    while (!sys_failed(sys(SYS_rt_sigtimedwait, &ours, NULL, &none, 8))) {
    }
}

static void record(struct ending *ending) {
    int by_hand = !process.options.dir[0];
    ending->file = open_recording(ending);
    int left = ending->file == -ENOENT && !rights_sees_others();
    if (left)
        ending->file = memory_file();
    if (ending->file < 0)
        return;
    end_recorded(ending, ending->signals_before);
    if (ending->failed && (ending->occasion == SHORT_OF_MEMORY || *live_place() != PLACE_NONE))
        place_drop(&process.options, process.pid); /* what an earlier scan has left says more */
    else if (!by_hand && !left)
        left = commit(ending) == -ENOENT && (handed_file() >= 0 || !rights_sees_others());
    if (left)
        leave_to_nobody(ending->file, ending->signals_before);
    if (ending->tool == TOOL_MISSING)
        leave_recording(ending->file, place_open_without_tool(&process.options, process.pid));
    sys(SYS_close, ending->file);
}

static void record_beside(void *context) {
    descriptor_make_room(-1);
    record(context);
}

/* Runs on a stack of our own: the program may end on a signal stack of a few KiB. */
static void end_on_own_stack(void *context) {
    struct ending *ending = context;
    unsigned long all = ~0ul;
    sys(SYS_rt_sigprocmask, SIG_SETMASK, &all, &ending->signals_before, 8);
    stop_threads(ending);
    if (ending->occasion == AT_END) { /* the program opens no more, and needs no more memory */
        limit_lift(RLIMIT_NOFILE);
        limit_lift(RLIMIT_AS);
        limit_lift(RLIMIT_DATA);
    }
    ending->together = ending->occasion != SHORT_OF_MEMORY && together_suits(ending->occasion == AT_END);
    record(ending);
    if (ending->file == -EMFILE && !rights_filtered)
        beside_run(record_beside, ending);
    leave_threads(ending);
    if (ending->occasion == AT_END)
        drop_own_signals();
    sys(SYS_rt_sigprocmask, SIG_SETMASK, &ending->signals_before, 0, 8);
}

/* Another thread's scan is under way: stay until it has ended. If that was no end, this one still comes.
 * returns  0: there is nothing to be done any more, or this thread is amid it */
static int take_turn(void) {
    int own = (int)sys(SYS_gettid, 0), before = NOT_BEGUN;
    while (!atomic_compare_exchange_strong(&progress, &before, UNDER_WAY)) {
        if (before == FINISHED || scanner == own)
            return 0;
        sys(SYS_futex, &progress, FUTEX_WAIT_PRIVATE, UNDER_WAY, 0);
        before = NOT_BEGUN;
    }
    scanner = own;
    return 1;
}

static void end_turn(enum occasion occasion) {
    progress = occasion == SHORT_OF_MEMORY ? NOT_BEGUN : FINISHED;
    sys(SYS_futex, &progress, FUTEX_WAKE_PRIVATE, 1 << 30);
}

/* A signal handler that interrupted one of our hooks may find the hook's locks held, by its own thread: then there is no
 * recording, and the tool says that none came. */
static int locks_are_free(void) {
    if (lock_all(LOCK_LIMIT_MS) != 0)
        return 0;
    lock_release_all();
    return 1;
}

/* Live scans are held off by those that are no end; they go on then. */
static void scan(struct ending *ending) {
    frames_check_report(process.environment);
    if (ending->occasion == AT_END) {
        live_end();
        limits_spend();
    }
    arch_callee_saved(&ending->from);
    char *stack = own_stack_take();
    if (stack)
        arch_call_on_stack(stack + OWN_STACK_BYTES, end_on_own_stack, ending);
    else
        end_on_own_stack(ending);
}

/* returns  the status to end with */
static int scan_once(int status, const ucontext_t *interrupted, enum occasion occasion) {
    if (!process.started || rights_confined || (int)sys(SYS_getpid, 0) != process.pid || !take_turn())
        return status;
    struct ending ending = {
        .occasion = occasion,
        .status = status & 0xff,
        .interrupted = interrupted,
        .thread_pointer = arch_thread_pointer(),
        .turned_off = lsan.off_at_exit || (!interrupted && lsan_is_turned_off()),
        .given_up = give_way_ended(),
    };
    int is_told = ending.given_up && *live_place() != PLACE_NONE, is_nested = thread_busy++ > 0;
    if (!is_told && (!is_nested || locks_are_free()))
        scan(&ending);
    thread_busy--;
    end_turn(occasion);
    int counts = ending.tool != 0 && ending.tool != TOOL_MISSING && ending.tool != TOOL_FAILED;
    return counts && (status & 0xff) == 0 ? ending.tool : status;
}

int exit_scan(int status) {
    return scan_once(status, NULL, AT_END);
}

int exec_scan(void) {
    if (!process.started || rights_confined || process.is_forked || !process.options.dir[0] ||
        (int)sys(SYS_getpid, 0) != process.pid || live_hold() != 0)
        return 0;
    scan_once(0, NULL, AT_EXEC);
    live_release();
    return 1;
}

void exec_scan_undo(void) {
    exit_after_fork();
}

void exit_scan_before_giving(void) {
    if (!process.started || !process.options.dir[0] || progress != NOT_BEGUN || live_hold() != 0)
        return;
    scan_once(0, NULL, SHORT_OF_MEMORY);
    live_release();
}

void exit_scan_signal(int signal, const ucontext_t *context) {
    scan_once(SHELL_SIGNAL + signal, context, AT_END);
}

void exit_scan_give_up(enum reason why) {
    struct scan_input in = {.facts = &process.facts};
    if (!process.options.dir[0])
        return;
    live_describe(&in);
    struct ending ending = {.together = together_suits(0)};
    ending.file = open_recording(&ending);
    if (ending.file < 0)
        return;
    write_failure(ending.file, &in, why);
    commit(&ending);
    sys(SYS_close, ending.file);
}
