/* command_annotate.c - `castaway annotate FILE.cast... [SOURCE]`: bytes and objects by line of source.
 *
 * Start: command_annotate(). */
#include "annotate.h"
#include "command.h"
#include "escape.h"
#include "message.h"
#include "options.h"
#include "output.h"
#include "report.h"
#include "report_files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMES_MAX = 3 };

static void write_annotations(FILE *file, const void *choice, enum format format, const struct view *view) {
    if (format == FORMAT_JSON)
        annotate_json(file, choice);
    else
        annotate_text(file, choice, view);
}

/* The files of the program with most in them, for a person who named another one. */
static const char *names_of(struct pool *pool, const struct annotations *all) {
    const char *names = "";
    size_t shown = 0;
    for (size_t i = 0; i < all->file_count && shown < NAMES_MAX; i++)
        if (all->files[i].in_program)
            names = pool_printf(pool, "%s%s%s", names, shown++ ? ", " : "",
                                escape_text(pool, all->files[i].name, escape_locale_is_utf8()));
    return shown ? names : "(none: the program has no debug information)";
}

static int choose(const struct options *options, const char *source, struct annotate_choice *choice) {
    const struct annotations *all = choice->annotations;
    size_t count;
    if (!source) {
        for (size_t i = 0; i < all->file_count; i++)
            if (all->files[i].in_program)
                return 0;
        message_error("annotate: no allocation has a line in the program's own source; was it built with -g?");
        return -1;
    }
    choice->file = annotate_find(all, source, &count);
    choice->source = access(source, R_OK) ? NULL : source;
    if (count == 1)
        return 0;
    if (count)
        message_error("annotate: %s: %zu files are named so; name it with more of its folders", source, count);
    else
        message_error("annotate: %s: no allocation passed through it; files that have some: %s", source,
                      names_of(options->pool, all));
    return -1;
}

static int write_all(const struct options *options, const struct report_files *files, const char *source) {
    struct report report;
    int status = EXIT_CASTAWAY_FAILED;
    report_init(&report, options->pool, KINDS_ALL);
    if (!report_files_add(options, files, &report)) {
        report_finish(&report);
        report_say_unread(&report);
        struct annotations all = annotate(options->pool, &report);
        struct annotate_choice choice = {.annotations = &all, .self = options->self};
        if (!choose(options, source, &choice) && !output_each(options, getpid(), write_annotations, &choice, stdout))
            status = EXIT_CLEAN;
    }
    report_free(&report);
    return status;
}

/* The last word is a source file when it is no recording by its name, nor a folder. */
static bool is_source(const char *word) {
    const char *dot = strrchr(word, '.');
    struct stat status;
    return (!dot || strcmp(dot, ".cast") != 0) && (stat(word, &status) || !S_ISDIR(status.st_mode));
}

static int annotate_words(struct options *options, const struct report_files *words) {
    static const char none[] = "annotate: no recording named; `castaway annotate FILE.cast [SOURCE]`";
    struct report_files files = {0}, recordings = *words;
    const char *source = NULL;
    if (words->count > 1 && is_source(words->paths[words->count - 1]))
        source = words->paths[--recordings.count];
    if (report_files_named(options->pool, &files, &recordings, none) || output_check(options))
        return EXIT_CASTAWAY_FAILED;
    return write_all(options, &files, source);
}

int command_annotate(int count, char **arguments, int from) {
    return report_files_verb(VERB_ANNOTATE, count, arguments, from, annotate_words);
}
