/* report_files.c - what the verbs over recordings have in common: from words to recordings in a report.
 *
 * Start: report_files_verb(), report_files_add(). */
#include "report_files.h"

#include "command.h"
#include "folder.h"
#include "message.h"
#include "output.h"
#include "progress.h"
#include "recording.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void add_path(struct pool *pool, struct report_files *files, const char *path) {
    files->paths = pool_grow(pool, files->paths, files->count, &files->capacity, sizeof *files->paths);
    files->paths[files->count++] = path;
}

int report_files_name(struct pool *pool, struct report_files *files, const char *path) {
    struct stat status;
    size_t count;
    if (stat(path, &status) || !S_ISDIR(status.st_mode)) {
        add_path(pool, files, path);
        return 0;
    }
    const char **paths = folder_recordings(pool, path, &count);
    for (size_t i = 0; i < count; i++)
        add_path(pool, files, paths[i]);
    if (!count)
        message_error("%s: no recording (*.cast) is in this folder", path);
    return count ? 0 : -1;
}

int report_files_named(struct pool *pool, struct report_files *files, const struct report_files *words,
                       const char *none) {
    int result = 0;
    if (!words->count) {
        message_error("%s", none);
        return -1;
    }
    for (size_t i = 0; i < words->count && !result; i++)
        result = report_files_name(pool, files, words->paths[i]);
    return result;
}

static int read_words(struct options *options, struct report_files *words, int count, char **arguments, int from) {
    if (options_lsan(options, getenv("LSAN_OPTIONS")) || options_environment(options, getenv("CASTAWAY_OPTIONS")))
        return -1;
    while (from < count) {
        int next = options_arguments(options, count, arguments, from);
        if (next < 0)
            return -1;
        bool only_files = next > from && !strcmp(arguments[next - 1], "--");
        for (from = next; from < count && (only_files || *arguments[from] != '-' || !arguments[from][1]); from++)
            add_path(options->pool, words, arguments[from]);
    }
    return 0;
}

int report_files_verb(enum verb verb, int count, char **arguments, int from,
                      int (*act)(struct options *, const struct report_files *words)) {
    struct pool pool = {0};
    struct options options;
    struct report_files words = {0};
    int status = EXIT_CASTAWAY_FAILED;
    options_init(&options, &pool);
    options.verb = verb;
    if (!read_words(&options, &words, count, arguments, from))
        status = command_helps(&options) ? EXIT_CLEAN : act(&options, &words);
    pool_free(&pool);
    return status;
}

static int read_file(const struct options *options, const char *path, struct report *report,
                     struct output_names *kept) {
    struct pool scratch = {0};
    struct recording recording;
    int result = recording_read(&recording, path, &scratch);
    if (!result) {
        report_add(report, &recording);
        report_trim(report);
        if (recording.has_scan && !recording.at_exit)
            report_note(report, TOOL_NOTE_LAST_SCAN, 1, "");
        if (!recording.has_scan)
            message_error("%s: holds no scan: nothing was judged; the program's next run may leave a whole recording",
                          path);
        if (options->output)
            result = output_keep(options, kept, path, recording.pid, report->pid);
    }
    recording_close(&recording);
    pool_free(&scratch);
    return result;
}

int report_files_add(const struct options *options, const struct report_files *files, struct report *report) {
    struct output_names kept = {NULL};
    struct progress progress;
    int result = 0;
    if (files->count == 1)
        report_of_one(report);
    progress_start(&progress, files->count);
    for (size_t i = 0; i < files->count && !result; i++) {
        progress_step(&progress, i);
        result = read_file(options, files->paths[i], report, &kept);
    }
    progress_end(&progress);
    output_names_close(&kept);
    return result;
}
