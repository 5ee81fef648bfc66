/* command_report.c - `castaway report`: recordings in, reports out.
 *
 * Also what libcastaway.so executes at exit when it was preloaded by hand (--from-preload): then the options come from
 * CASTAWAY_OPTIONS, text goes to stderr, and the exit status tells the library how to end the program.
 *
 * Start: command_report(). */
#include "command.h"
#include "gate.h"
#include "memory_limit.h"
#include "message.h"
#include "options.h"
#include "output.h"
#include "report.h"
#include "report_files.h"

#include <stdlib.h>

static int report_files(const struct options *options, const struct report_files *files) {
    struct report report;
    struct gate gate;
    struct outcome outcome = {0};
    int status = EXIT_CASTAWAY_FAILED;
    if (gate_open(&gate, options))
        return status;
    report_init(&report, options->pool, output_kinds(options));
    if (!report_files_add(options, files, &report)) {
        report_finish(&report);
        gate_judge(&gate, &report, &outcome);
        bool failed = output_report(options, &report, options->from_preload ? stderr : stdout);
        status = gate_close(&gate, &report, &outcome, failed);
    }
    report_free(&report);
    return status;
}

static int report_words(struct options *options, const struct report_files *words) {
    static const char none[] = "report: no recording named; `castaway report FILE.cast`";
    struct report_files files = {0};
    if (options->from_preload)
        memory_limit_raise();
    if (report_files_named(options->pool, &files, words, none) || output_check(options))
        return EXIT_CASTAWAY_FAILED;
    return report_files(options, &files);
}

int command_report(int count, char **arguments, int from) {
    return report_files_verb(0, count, arguments, from, report_words);
}
