/* command_advise.c - `castaway advise FILE.cast...`: what to do about allocations, what saves most first.
 *
 * Start: command_advise(). */
#include "advise.h"
#include "command.h"
#include "message.h"
#include "options.h"
#include "output.h"
#include "report.h"
#include "report_files.h"

#include <unistd.h>

static void write_advice(FILE *file, const void *choice, enum format format, const struct view *view) {
    if (format == FORMAT_JSON)
        advise_json(file, choice, view);
    else
        advise_text(file, choice, view);
}

static int write_all(const struct options *options, const struct report_files *files) {
    struct report report;
    int status = EXIT_CASTAWAY_FAILED;
    report_init(&report, options->pool, KINDS_ALL);
    if (report_files_add(options, files, &report))
        goto out;
    report_finish(&report);
    report_say_unread(&report);
    if (!report.profile.known && !report.profile.has_holders) {
        message_error("%s: recorded without --profile-allocations: nothing is known of its allocations",
                      files->paths[0]);
        goto out;
    }
    struct advices advices = advise(options->pool, &report);
    const struct advise_choice choice = {&report, &advices};
    if (!output_each(options, getpid(), write_advice, &choice, stdout))
        status = EXIT_CLEAN;
out:
    report_free(&report);
    return status;
}

static int advise_words(struct options *options, const struct report_files *words) {
    static const char none[] = "advise: no recording named; `castaway advise FILE.cast`";
    struct report_files files = {0};
    if (report_files_named(options->pool, &files, words, none) || output_check(options))
        return EXIT_CASTAWAY_FAILED;
    return write_all(options, &files);
}

int command_advise(int count, char **arguments, int from) {
    return report_files_verb(VERB_ADVISE, count, arguments, from, advise_words);
}
