/* command_suppress.c - `castaway suppress`: a suppression for each finding of recordings, on standard output.
 *
 * Start: command_suppress(). */
#include "command.h"
#include "gate.h"
#include "message.h"
#include "options.h"
#include "report.h"
#include "report_files.h"
#include "suppress.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What is suppressed already, by --suppressions, needs no second one. */
static int write_all(const struct options *options, const struct report_files *files) {
    struct report report;
    struct gate gate;
    struct outcome outcome = {0};
    int status = EXIT_CASTAWAY_FAILED;
    if (gate_open(&gate, options))
        return status;
    report_init(&report, options->pool, options->show);
    if (!report_files_add(options, files, &report)) {
        report_finish(&report);
        report_say_unread(&report);
        gate_judge(&gate, &report, &outcome);
        for (size_t i = 0; i < report.finding_count; i++)
            if (options->show & 1u << report.findings[i].kind)
                suppress_write(stdout, &report.findings[i]);
        status = fflush(stdout) || ferror(stdout) ? EXIT_CASTAWAY_FAILED : EXIT_CLEAN;
        if (status)
            message_error("standard output: the suppressions were not written: %s", strerror(errno));
    }
    report_free(&report);
    return status;
}

static int suppress_words(struct options *options, const struct report_files *words) {
    static const char none[] = "suppress: no recording named; `castaway suppress FILE.cast`, or --list-defaults";
    struct report_files files = {0};
    if (options->list_defaults)
        return fputs(suppress_defaults_text(), stdout) < 0 ? EXIT_CASTAWAY_FAILED : EXIT_CLEAN;
    if (report_files_named(options->pool, &files, words, none))
        return EXIT_CASTAWAY_FAILED;
    return write_all(options, &files);
}

int command_suppress(int count, char **arguments, int from) {
    return report_files_verb(VERB_SUPPRESS, count, arguments, from, suppress_words);
}
