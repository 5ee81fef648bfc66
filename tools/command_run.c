/* command_run.c - `castaway run`: check, start, wait, read what was recorded, report.
 *
 * Start: command_run(); the life of one run is run_program(). */
#include "command.h"
#include "control.h"
#include "escape.h"
#include "folder.h"
#include "gate.h"
#include "left.h"
#include "library.h"
#include "live_text.h"
#include "memory_limit.h"
#include "message.h"
#include "options.h"
#include "output.h"
#include "process.h"
#include "progress.h"
#include "recording.h"
#include "report.h"
#include "stale.h"
#include "target.h"
#include "together.h"
#include "unwatched.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

struct run {
    struct options options;
    const char *path; /* of the program */
    char **arguments;
    const char *folder;
    struct gate gate;
    struct report report;
    struct unwatched_list *unwatched;
    struct output_names kept;
    pid_t pid;
    int wait_status;
    double ended;   /* Unix seconds */
    bool cut_short; /* it did not reach its exit, but a scan while it ran left a recording */
    bool failed;    /* something of castaway's own went wrong */
};

static double now_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- recordings ---- */

/* A process's recording is PID.cast; when it replaces itself and the new program leaves one as well, that is PID.1.cast,
 * and so on. returns which, or -1: of another process */
static intmax_t image_of(const struct run *run, const char *path) {
    char *end;
    if (strtoimax(path_base(path), &end, 10) != run->pid)
        return -1;
    intmax_t image = *end == '.' && end[1] >= '0' && end[1] <= '9' ? strtoimax(end + 1, &end, 10) : 0;
    return strcmp(end, ".cast") == 0 ? image : -1;
}

/* Numbers tell only of one folder what was later, and a program that became another user has one of its own. */
static bool is_later_image(const struct run *run, const char *path, const char *than) {
    double start = stale_start(path), other = stale_start(than);
    return start > 0 && other > 0 && start != other ? start > other : image_of(run, path) > image_of(run, than);
}

static bool gave_way(const struct recording *recording) {
    for (size_t i = 0; i < recording->note_count; i++)
        if (!strcmp(recording->notes[i].code, "gave-way"))
            return true;
    return false;
}

/* The program did not reach its exit: what it left is of the last scan while it ran. */
static void note_last_scan(struct run *run, const struct recording *recording) {
    struct pool *pool = run->options.pool;
    uint64_t at_us = recording->scan.at_us;
    const char *how = "it left by _exit or the like";
    if (gave_way(recording))
        how = "it needed the memory";
    if (WIFSIGNALED(run->wait_status))
        how = pool_printf(pool, "killed by SIG%s", sigabbrev_np(WTERMSIG(run->wait_status)));
    int64_t since_us =
        recording->start_seconds > 0 ? (int64_t)((run->ended - recording->start_seconds) * 1e6) - (int64_t)at_us : -1;
    const char *since = since_us < 0 ? "" : pool_printf(pool, ", %s before its end", live_seconds(pool, since_us));
    report_note(
        &run->report, TOOL_NOTE_LAST_SCAN, 0,
        pool_printf(pool, "%s; the scan was %s after its start%s", how, live_seconds(pool, (int64_t)at_us), since));
    run->cut_short = true;
}

static const char *why_no_recording(const struct run *run) {
    const char *listed = unwatched_why(run->options.pool, run->unwatched, run->pid);
    if (WIFSIGNALED(run->wait_status))
        return pool_printf(run->options.pool, "killed by SIG%s", sigabbrev_np(WTERMSIG(run->wait_status)));
    if (listed)
        return listed;
    return "it ended or had executed another program past the C library (Go does: --scan-every reports while it runs), "
           "or "
           "had given up the right to write to our folder (another user, another root)";
}

/* piece  where it is instead of in a file of its own, or NULL */
static int read_recording(struct recording *recording, const char *path, const struct piece *piece,
                          struct pool *scratch) {
    if (!piece)
        return recording_read(recording, path, scratch);
    FILE *file = fmemopen((void *)(uintptr_t)piece->text, piece->bytes, "r");
    if (!file)
        pool_exhausted();
    int result = recording_read_open(recording, file, path, scratch);
    fclose(file);
    return result;
}

static void add_recording(struct run *run, const char *path, const struct piece *piece, bool is_main) {
    struct pool scratch = {0};
    struct recording recording;
    if (read_recording(&recording, path, piece, &scratch)) {
        run->failed |= is_main;
        if (!is_main)
            report_note(&run->report, TOOL_NOTE_BAD_RECORDING, 1, "");
    } else {
        recording.at_exit &= !is_main || !WIFSIGNALED(run->wait_status);
        report_add(&run->report, &recording);
        run->report.has_main |= is_main;
        if (is_main && !recording.at_exit && recording.has_scan)
            note_last_scan(run, &recording);
        if (!is_main && !recording.at_exit && recording.has_scan)
            report_note(&run->report, TOOL_NOTE_LAST_SCAN, 1, "another process, or a program that this one was before");
        if (is_main && recording.replaced) {
            report_note(&run->report, TOOL_NOTE_NO_RECORDING, 0, why_no_recording(run));
            run->failed = true;
        }
        report_trim(&run->report);
        run->failed |= is_main && !recording.has_scan;
        int64_t pid = is_main ? run->pid : recording.pid;
        if (run->options.output && output_keep(&run->options, &run->kept, path, pid, run->pid))
            run->failed = true;
    }
    recording_close(&recording);
    pool_free(&scratch);
}

static void read_recordings(struct run *run, const char *folder) {
    struct progress progress;
    size_t count, piece_count;
    struct piece *pieces = together_read(run->options.pool, folder, &piece_count);
    piece_count = together_part(run->options.pool, folder, pieces, piece_count, run->options.output ? 0 : run->pid);
    const char **paths = folder_recordings(run->options.pool, folder, &count);
    count = stale_drop(run->options.pool, paths, count);
    size_t last = count; /* the program that the process was in the end */
    for (size_t i = 0; i < count; i++)
        if (image_of(run, paths[i]) >= 0 && (last == count || is_later_image(run, paths[i], paths[last])))
            last = i;
    if (count + piece_count == 1)
        report_of_one(&run->report);
    if (last < count)
        add_recording(run, paths[last], NULL, true);
    progress_start(&progress, count + piece_count);
    for (size_t i = 0; i < count + piece_count; i++) {
        progress_step(&progress, i);
        if (i >= count)
            add_recording(run, folder, &pieces[i - count], false);
        else if (i != last)
            add_recording(run, paths[i], NULL, false);
    }
    progress_end(&progress);
    if (last == count) {
        report_note(&run->report, TOOL_NOTE_NO_RECORDING, 0, why_no_recording(run));
        run->failed = true;
    }
}

static void note_left(struct run *run) {
    const char *where = "";
    size_t count = left_count(&run->options, run->folder, run->pid, &where);
    if (count)
        report_note(&run->report, TOOL_NOTE_LEFT_RUNNING, count, where);
}

static void note_unwatched(struct run *run, const char *folder) {
    const char *detail;
    run->unwatched = unwatched_read(run->options.pool, folder);
    size_t count = unwatched_count(run->options.pool, run->unwatched, &detail);
    if (count)
        report_note(&run->report, TOOL_NOTE_UNWATCHED, count, detail);
}

/* What is known about the program itself comes from us, not from a recording. */
static void describe_program(struct run *run) {
    struct report *report = &run->report;
    report->argv = (const char **)run->arguments;
    while (report->argv[report->argc])
        report->argc++;
    report->pid = run->pid;
    report->exit_status = WIFEXITED(run->wait_status) ? WEXITSTATUS(run->wait_status) : 0;
    report->signal = WIFSIGNALED(run->wait_status) ? WTERMSIG(run->wait_status) : 0;
}

/* ---- the run ---- */

static int report_run(struct run *run) {
    struct outcome outcome = {.exit_status = (int)run->report.exit_status,
                              .signal = run->report.signal,
                              .failed = run->failed,
                              .cut_short = run->cut_short};
    report_finish(&run->report);
    gate_judge(&run->gate, &run->report, &outcome);
    bool failed = output_report(&run->options, &run->report, stderr);
    int status = gate_close(&run->gate, &run->report, &outcome, failed);
    report_free(&run->report);
    return status;
}

static int start_failed(const struct run *run, int error) {
    message_error("%s: %s", run->path, strerror(error));
    return error == ENOENT                      ? EXIT_NOT_FOUND
           : error == EAGAIN || error == ENOMEM ? EXIT_CASTAWAY_FAILED
                                                : EXIT_CANNOT_RUN;
}

/* The program has a processor of its own to start on, as a rule. */
static void prepare_report(void) {
    escape_locale();
    tzset();
    json_object_seed(0);
    control_clean();
}

/* Thousands of stacks need not be written and read for nothing. */
static const char *library_unread(const struct options *options) {
    unsigned read = options->output ? KINDS_ALL : output_kinds(options);
    if (read & 1u << KIND_REACHABLE)
        return "";
    return read & 1u << KIND_POSSIBLE ? ":unread=reachable" : ":unread=possible,reachable";
}

static int run_program(struct run *run) {
    struct pool *pool = run->options.pool;
    const char *library = library_find(pool);
    int status = EXIT_CASTAWAY_FAILED;
    if (!library || !(run->folder = folder_create(pool)))
        return status;
    const char *options = pool_printf(pool, "%s%s%s", run->options.library_options, left_options(&run->options),
                                      library_unread(&run->options));
    char **environment = library_environment(pool, library, run->folder, options, run->options.keep_pools);
    if (!environment) {
        folder_remove(run->folder);
        return status;
    }
    int error = process_run(run->path, run->arguments, environment, prepare_report, &run->pid, &run->wait_status);
    if (error) {
        folder_remove(run->folder);
        return start_failed(run, error);
    }
    run->ended = now_seconds();
    memory_limit_raise();
    report_init(&run->report, pool, output_kinds(&run->options));
    describe_program(run);
    note_left(run);
    const char *closed = folder_close(pool, run->folder);
    note_unwatched(run, closed);
    read_recordings(run, closed);
    folder_remove(closed);
    int result = report_run(run);
    if (WIFSIGNALED(run->wait_status))
        process_die_of(WTERMSIG(run->wait_status));
    return result;
}

int command_run(int count, char **arguments, int from) {
    struct pool pool = {0};
    struct run run = {0};
    int status = EXIT_CASTAWAY_FAILED;
    options_init(&run.options, &pool);
    run.options.verb = VERB_RUN;
    if (options_lsan(&run.options, getenv("LSAN_OPTIONS")) ||
        options_environment(&run.options, getenv("CASTAWAY_OPTIONS")))
        goto out;
    int command = options_arguments(&run.options, count, arguments, from);
    if (command < 0)
        goto out;
    if (command_helps(&run.options)) {
        status = EXIT_CLEAN;
    } else if (command >= count) {
        message_error("no command to run; `castaway [OPTIONS] CMD ARGS...`, or `castaway --help`");
    } else if (!output_check(&run.options) && !gate_open(&run.gate, &run.options)) {
        run.arguments = arguments + command;
        status = target_check(&pool, arguments[command], &run.path);
        if (!status)
            status = run_program(&run);
    }
out:
    output_names_close(&run.kept);
    pool_free(&pool);
    return status;
}
