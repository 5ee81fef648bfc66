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

int command_advise(int count, char **arguments, int from) {
    struct pool pool = {0};
    struct options options;
    struct report_files files = {0};
    int status = EXIT_CASTAWAY_FAILED;
    options_init(&options, &pool);
    options.verb = VERB_ADVISE;
    if (report_files_arguments(&options, &files, count, arguments, from))
        goto out;
    if (options.help || options.version) {
        (options.help ? command_usage : command_version)(stdout);
        status = EXIT_CLEAN;
    } else if (!files.count) {
        message_error("advise: no recording named; `castaway advise FILE.cast`");
    } else if (!output_check(&options)) {
        status = write_all(&options, &files);
    }
out:
    pool_free(&pool);
    return status;
}
