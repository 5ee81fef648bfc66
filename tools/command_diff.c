/* command_diff.c - `castaway diff OLD NEW`: each a recording, a folder of recordings, or a report as JSON.
 *
 * Start: command_diff(). */
#include "command.h"
#include "diff.h"
#include "gate.h"
#include "message.h"
#include "options.h"
#include "output.h"
#include "report.h"
#include "report_files.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- a report as JSON ---- */

static bool get_number(const json_t *object, const char *key, uint64_t *number) {
    const json_t *value = json_object_get(object, key);
    *number = json_integer_value(value) > 0 ? (uint64_t)json_integer_value(value) : 0;
    return json_is_integer(value) && json_integer_value(value) >= 0;
}

static bool get_fingerprint(const json_t *object, const char *key, uint64_t *fingerprint) {
    const char *text = json_string_value(json_object_get(object, key));
    if (!text || strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
        return false;
    *fingerprint = strtoull(text, NULL, 16);
    return true;
}

static bool get_item(struct pool *pool, const json_t *finding, struct compare_item *item) {
    const char *kind = json_string_value(json_object_get(finding, "kind"));
    int index = 0;
    while (index < KIND_COUNT && (!kind || strcmp(kind, kind_word((enum kind)index)) != 0))
        index++;
    if (index == KIND_COUNT || !get_fingerprint(finding, "fingerprint", &item->fingerprint) ||
        !get_number(finding, "objects", &item->objects) || !get_number(finding, "bytes", &item->bytes))
        return false;
    item->kind = (enum kind)index;
    const char *where = json_string_value(json_object_get(finding, "where"));
    item->where = where ? pool_strdup(pool, where) : "";
    if (!get_fingerprint(finding, "family", &item->family))
        item->family = item->fingerprint;
    return true;
}

static int items_of(struct pool *pool, const char *path, const json_t *root, unsigned kinds,
                    struct compare_list *list) {
    const json_t *findings = json_object_get(root, "findings");
    if (!json_is_array(findings)) {
        message_error("%s: a report without findings; write it again", path);
        return -1;
    }
    list->items = pool_array(pool, json_array_size(findings), sizeof *list->items);
    for (size_t i = 0; i < json_array_size(findings); i++) {
        struct compare_item *item = &list->items[list->count];
        if (!get_item(pool, json_array_get(findings, i), item)) {
            message_error("%s: finding %zu is damaged; write the report again", path, i + 1);
            return -1;
        }
        list->count += kinds >> item->kind & 1;
    }
    return 0;
}

/* ---- one side ---- */

/* A recording is JSON, too, but of several lines: as a whole it is none. NULL: not a report. */
static json_t *report_of(const char *path) {
    json_error_t error;
    struct stat status;
    json_t *root = stat(path, &status) || !S_ISREG(status.st_mode) ? NULL : json_load_file(path, 0, &error);
    const char *format = json_string_value(json_object_get(root, "format"));
    if (root && (!format || strcmp(format, "castaway-report") != 0)) {
        json_decref(root);
        root = NULL;
    }
    return root;
}

static int read_recordings(const struct options *options, const struct gate *gate, const char *path,
                           struct compare_list *list) {
    struct report report;
    struct gate own = *gate;
    struct report_files files = {0};
    struct outcome outcome = {0};
    int result = report_files_name(options->pool, &files, path);
    if (result)
        return result;
    report_init(&report, options->pool, options->show | options->fail_on);
    result = report_files_add(options, &files, &report);
    if (!result) {
        report_finish(&report);
        report_say_unread(&report);
        gate_judge(&own, &report, &outcome);
        *list = compare_findings(options->pool, &report, options->show | options->fail_on);
        if (report.unjudged)
            result = -1; /* its message was written */
    }
    report_free(&report);
    return result;
}

static int read_side(const struct options *options, const struct gate *gate, const char *path,
                     struct compare_list *list) {
    json_t *root = report_of(path);
    if (!root)
        return read_recordings(options, gate, path, list);
    int result = items_of(options->pool, path, root, options->show | options->fail_on, list);
    json_decref(root);
    return result;
}

/* ---- output ---- */

static void write_diff(FILE *file, const void *diff, enum format format, const struct view *view) {
    struct pool scratch = {0};
    if (format == FORMAT_JSON)
        diff_write_json(file, &scratch, diff);
    else
        diff_write_text(file, &scratch, diff, view->utf8);
    pool_free(&scratch);
}

static int check_formats(const struct options *options) {
    for (size_t i = 0; i < options->destination_count; i++) {
        if (options->destinations[i].format != FORMAT_TEXT && options->destinations[i].format != FORMAT_JSON) {
            message_error("diff: %s: a comparison is written as --text or --json", options->destinations[i].path);
            return -1;
        }
    }
    return output_check(options);
}

static int compare(const struct options *options, const struct gate *gate, const char *before, const char *after) {
    struct compare_list old_list = {0}, new_list = {0};
    if (read_side(options, gate, before, &old_list) || read_side(options, gate, after, &new_list))
        return EXIT_CASTAWAY_FAILED;
    struct diff diff = diff_make(options->pool, &old_list, &new_list);
    diff.before_name = before;
    diff.after_name = after;
    if (output_each(options, getpid(), write_diff, &diff, stdout))
        return EXIT_CASTAWAY_FAILED;
    return diff_is_worse(&diff, options->fail_on) ? options->exit_code : EXIT_CLEAN;
}

static int diff_words(struct options *options, const struct report_files *words) {
    struct gate gate;
    options->baseline = NULL;
    options->update_baseline = options->accept_new = false;
    if (words->count != 2) {
        message_error("diff: two recordings, folders or JSON reports are compared, not %zu; `castaway diff OLD NEW`",
                      words->count);
        return EXIT_CASTAWAY_FAILED;
    }
    if (check_formats(options) || gate_open(&gate, options))
        return EXIT_CASTAWAY_FAILED;
    return compare(options, &gate, words->paths[0], words->paths[1]);
}

int command_diff(int count, char **arguments, int from) {
    return report_files_verb(VERB_DIFF, count, arguments, from, diff_words);
}
