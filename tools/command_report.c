/* command_report.c - `castaway report`: recordings in, reports out.
 *
 * Also what libcastaway.so executes at exit when it was preloaded by hand (--from-preload): then the options come from
 * CASTAWAY_OPTIONS, text goes to stderr, and the exit status tells the library how to end the program. */
#include "command.h"
#include "message.h"
#include "options.h"
#include "output.h"
#include "recording.h"
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct files {
    const char **paths;
    size_t count, capacity;
};

/* Options and files in any order; behind `--` only files. */
static int take_arguments(struct options *options, struct files *files, int count, char **arguments, int from) {
    while (from < count) {
        int next = options_arguments(options, count, arguments, from);
        if (next < 0)
            return -1;
        bool only_files = next > from && !strcmp(arguments[next - 1], "--");
        for (from = next; from < count && (only_files || *arguments[from] != '-' || !arguments[from][1]); from++) {
            files->paths = pool_grow(options->pool, files->paths, files->count, &files->capacity, sizeof *files->paths);
            files->paths[files->count++] = arguments[from];
        }
    }
    return 0;
}

static int read_files(const struct options *options, const struct files *files, struct report *report) {
    int result = 0;
    for (size_t i = 0; i < files->count && !result; i++) {
        struct recording recording;
        result = recording_read(&recording, files->paths[i], options->pool);
        if (!result) {
            report_add(report, &recording);
            if (recording.has_scan && !recording.at_exit)
                report_note(report, TOOL_NOTE_LAST_SCAN, 1, "");
            if (!recording.has_scan)
                message_error(
                    "%s: holds no scan: nothing was judged; the program's next run may leave a whole recording",
                    files->paths[i]);
            if (options->output)
                result = output_keep(options, files->paths[i], recording.pid, report->pid);
        }
        recording_close(&recording);
    }
    return result;
}

static int report_files(const struct options *options, const struct files *files) {
    struct report report;
    report_init(&report, options->pool, output_kinds(options));
    int status = EXIT_CASTAWAY_FAILED;
    if (!read_files(options, files, &report)) {
        report_finish(&report);
        bool failed = output_report(options, &report, options->from_preload ? stderr : stdout);
        status = failed                                  ? EXIT_CASTAWAY_FAILED
                 : report_has(&report, options->fail_on) ? options->exit_code
                 : report.unjudged                       ? EXIT_CASTAWAY_FAILED
                                                         : EXIT_CLEAN;
    }
    report_free(&report);
    return status;
}

int command_report(int count, char **arguments, int from) {
    struct pool pool = {0};
    struct options options;
    struct files files = {0};
    int status = EXIT_CASTAWAY_FAILED;
    options_init(&options, &pool);
    if (options_environment(&options, getenv("CASTAWAY_OPTIONS")) ||
        take_arguments(&options, &files, count, arguments, from))
        goto out;
    if (options.help || options.version) {
        (options.help ? command_usage : command_version)(stdout);
        status = EXIT_CLEAN;
    } else if (!files.count) {
        message_error("report: no recording named; `castaway report FILE.cast`");
    } else if (!output_check(&options)) {
        status = report_files(&options, &files);
    }
out:
    pool_free(&pool);
    return status;
}
