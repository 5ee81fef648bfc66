/* command_status.c - `castaway status PID`: how castaway fares in a running program.
 *
 * Start: command_status(). */
#include "asking.h"
#include "command.h"
#include "escape.h"
#include "json.h"
#include "live_text.h"
#include "message.h"
#include "output.h"
#include "units.h"

#include <inttypes.h>

/* ---- JSON ---- */

static json_t *generations_json(const struct rec_status *status) {
    json_t *list = json_array();
    for (size_t i = 0; i < GENERATIONS; i++) {
        const struct rec_generation *generation = &status->generations[i];
        json_t *object = json_object();
        json_object_set_new(object, "objects", json_number(generation->objects));
        json_object_set_new(object, "bytes", json_number(generation->bytes));
        json_object_set_new(object, "scans", json_number(generation->scans));
        json_object_set_new(object, "scan_ms_p50", json_milliseconds(generation->scan_us_p50));
        json_object_set_new(object, "scan_ms_max", json_milliseconds(generation->scan_us_max));
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *pauses_json(const struct rec_status *status) {
    json_t *object = json_object();
    json_object_set_new(object, "p50", json_milliseconds(status->pause_us_p50));
    json_object_set_new(object, "p99", json_milliseconds(status->pause_us_p99));
    json_object_set_new(object, "max", json_milliseconds(status->pause_us_max));
    return object;
}

static json_t *method_json(struct pool *pool, const struct rec_status *status) {
    json_t *object = json_object();
    json_object_set_new(object, "dirty_pages", json_text(pool, status->dirty_pages));
    json_object_set_new(object, "stop", json_text(pool, status->stop));
    json_object_set_new(object, "snapshot", json_text(pool, status->snapshot));
    return object;
}

static void status_json(FILE *file, struct pool *pool, const struct asking *asking) {
    const struct rec_status *status = &asking->recording.status;
    json_t *root = json_object();
    json_object_set_new(root, "pid", json_integer(asking->control.watched.pid));
    json_object_set_new(root, "recorded_seconds", json_seconds((int64_t)status->recorded_us));
    json_object_set_new(root, "generations", generations_json(status));
    json_object_set_new(root, "pause_ms", pauses_json(status));
    json_object_set_new(root, "suspects", json_number(status->suspects));
    json_object_set_new(root, "confirmed", json_number(status->confirmed));
    json_object_set_new(root, "withdrawn", json_number(status->withdrawn));
    json_object_set_new(root, "freed_by_program", json_number(status->freed_by_program));
    json_object_set_new(root, "confirmed_withdrawn", json_number(status->confirmed_withdrawn));
    json_object_set_new(root, "confirmed_freed", json_number(status->confirmed_freed));
    json_object_set_new(root, "method", method_json(pool, status));
    json_put(file, root);
}

/* ---- text ---- */

static const char *milliseconds(struct pool *pool, uint64_t us) {
    return pool_printf(pool, "%.1f ms", (double)us / 1e3);
}

static void generation_lines(FILE *file, struct pool *pool, const struct rec_status *status) {
    static const char *const names[GENERATIONS] = {"0 (young)", "1", "2 (old)"};
    fprintf(file, "%-11s %15s %11s %9s %12s %12s\n", "generation", "objects", "bytes", "scans", "half below",
            "longest");
    for (size_t i = 0; i < GENERATIONS; i++) {
        const struct rec_generation *generation = &status->generations[i];
        fprintf(file, "%-11s %15s %11s %9s %12s %12s\n", names[i], units_count(pool, generation->objects),
                units_size(pool, generation->bytes), units_count(pool, generation->scans),
                milliseconds(pool, generation->scan_us_p50), milliseconds(pool, generation->scan_us_max));
    }
}

static void status_text(FILE *file, struct pool *pool, const struct asking *asking, bool utf8) {
    const struct rec_status *status = &asking->recording.status;
    fprintf(file, "castaway: %s: watched for %s\n\n", asking_program(pool, asking, utf8),
            live_seconds(pool, (int64_t)status->recorded_us));
    generation_lines(file, pool, status);
    fprintf(file, "\npauses      p50 %s, p99 %s, longest %s\n", milliseconds(pool, status->pause_us_p50),
            milliseconds(pool, status->pause_us_p99), milliseconds(pool, status->pause_us_max));
    fprintf(file, "suspects    %s: %s confirmed (findings), %s withdrawn, %s freed by the program\n",
            units_count(pool, status->suspects), units_count(pool, status->confirmed),
            units_count(pool, status->withdrawn), units_count(pool, status->freed_by_program));
    if (status->confirmed_withdrawn || status->confirmed_freed)
        fprintf(file, "            of those confirmed, %s withdrawn and %s freed later: false alarms\n",
                units_count(pool, status->confirmed_withdrawn), units_count(pool, status->confirmed_freed));
    fprintf(file, "methods     written pages: %s; stop: %s; snapshot: %s\n",
            escape_text(pool, status->dirty_pages, utf8), escape_text(pool, status->stop, utf8),
            escape_text(pool, status->snapshot, utf8));
}

static void write_status(FILE *file, const void *content, enum format format, const struct view *view) {
    struct pool scratch = {0};
    if (format == FORMAT_JSON)
        status_json(file, &scratch, content);
    else
        status_text(file, &scratch, content, view->utf8);
    pool_free(&scratch);
}

int command_status(int count, char **arguments, int from) {
    static const char *const words[] = {"PID"};
    struct asking asking;
    int status;
    if (!asking_begin(&asking, VERB_STATUS, count, arguments, from, words, 1, &status) &&
        !asking_open(&asking, asking.words[0]) && !asking_ask(&asking, "status")) {
        if (!asking.recording.has_status)
            asking_lacks(&asking, "status");
        else if (!output_each(&asking.options, asking.control.watched.pid, write_status, &asking, stdout))
            status = EXIT_CLEAN;
    }
    asking_end(&asking);
    return status;
}
