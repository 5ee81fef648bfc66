/* command_run.c - `castaway run`: check, start, wait, read what was recorded, report.
 *
 * Start: command_run(); the life of one run is run_program(). */
#include "command.h"
#include "folder.h"
#include "gate.h"
#include "library.h"
#include "message.h"
#include "options.h"
#include "output.h"
#include "process.h"
#include "progress.h"
#include "recording.h"
#include "report.h"
#include "target.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

struct run {
    struct options options;
    const char *path; /* of the program */
    char **arguments;
    const char *folder;
    struct gate gate;
    struct report report;
    pid_t pid;
    int wait_status;
    bool failed; /* something of castaway's own went wrong */
};

/* ---- recordings ---- */

/* A process's recording is PID.cast. */
static bool is_of(const struct run *run, const char *path) {
    char *end;
    return strtoimax(path_base(path), &end, 10) == run->pid && !strcmp(end, ".cast");
}

static void add_recording(struct run *run, const char *path, bool is_main) {
    struct pool scratch = {0};
    struct recording recording;
    if (recording_read(&recording, path, &scratch)) {
        run->failed |= is_main;
        if (!is_main)
            report_note(&run->report, TOOL_NOTE_BAD_RECORDING, 1, "");
    } else {
        report_add(&run->report, &recording);
        run->report.has_main |= is_main;
        run->failed |= is_main && !recording.has_scan;
        if (run->options.output && output_keep(&run->options, path, is_main ? run->pid : recording.pid, run->pid))
            run->failed = true;
    }
    recording_close(&recording);
    pool_free(&scratch);
}

static const char *why_no_recording(const struct run *run) {
    if (WIFSIGNALED(run->wait_status))
        return pool_printf(run->options.pool, "killed by SIG%s", sigabbrev_np(WTERMSIG(run->wait_status)));
    return "it had executed a static or set-user-ID program, or had taken LD_PRELOAD or CASTAWAY_OPTIONS out of its "
           "environment, or had given up the right to write to our folder (another user, another root)";
}

static void read_recordings(struct run *run) {
    struct progress progress;
    size_t count;
    const char **paths = folder_recordings(run->options.pool, run->folder, &count);
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        if (is_of(run, paths[i])) {
            found = true;
            add_recording(run, paths[i], true);
        }
    }
    progress_start(&progress, count);
    for (size_t i = 0; i < count; i++) {
        progress_step(&progress, i);
        if (!is_of(run, paths[i]))
            add_recording(run, paths[i], false);
    }
    progress_end(&progress);
    if (!found) {
        report_note(&run->report, TOOL_NOTE_NO_RECORDING, 0, why_no_recording(run));
        run->failed = true;
    }
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
    struct outcome outcome = {
        .exit_status = (int)run->report.exit_status, .signal = run->report.signal, .failed = run->failed};
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

static int run_program(struct run *run) {
    struct pool *pool = run->options.pool;
    const char *library = library_find(pool);
    int status = EXIT_CASTAWAY_FAILED;
    if (!library || !(run->folder = folder_create(pool)))
        return status;
    char **environment = library_environment(pool, library, run->folder);
    if (!environment) {
        folder_remove(run->folder);
        return status;
    }
    int error = process_run(run->path, run->arguments, environment, &run->pid, &run->wait_status);
    if (error) {
        folder_remove(run->folder);
        return start_failed(run, error);
    }
    report_init(&run->report, pool, run->options.show | run->options.fail_on);
    describe_program(run);
    read_recordings(run);
    folder_remove(run->folder);
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
    if (options_lsan(&run.options, getenv("LSAN_OPTIONS")) ||
        options_environment(&run.options, getenv("CASTAWAY_OPTIONS")))
        goto out;
    int command = options_arguments(&run.options, count, arguments, from);
    if (command < 0)
        goto out;
    if (run.options.help || run.options.version) {
        (run.options.help ? command_usage : command_version)(stdout);
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
    pool_free(&pool);
    return status;
}
