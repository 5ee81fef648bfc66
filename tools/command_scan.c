/* command_scan.c - `castaway scan PID`: scan a running program now, and show what that confirmed.
 *
 * Start: command_scan(). */
#include "asking.h"
#include "command.h"
#include "escape.h"
#include "gate.h"
#include "json.h"
#include "live_text.h"
#include "message.h"
#include "output.h"
#include "units.h"

#include <inttypes.h>
#include <string.h>

struct scanned {
    const struct asking *asking;
    const struct report *report;
};

static json_t *of_kinds(struct pool *pool, const struct scanned *scanned, const struct view *view, unsigned kinds) {
    struct view some = *view;
    some.show &= kinds;
    return json_findings(pool, scanned->report, &some);
}

static void scan_json(FILE *file, struct pool *pool, const struct scanned *scanned, const struct view *view) {
    const struct rec_scan *scan = &scanned->asking->recording.scan;
    const unsigned growing = 1u << KIND_GROWING, dangling = 1u << KIND_DANGLING_WEAK;
    json_t *root = json_object();
    json_object_set_new(root, "generation", json_number(scan->generation));
    json_object_set_new(root, "number", json_number(scan->number));
    json_object_set_new(root, "pause_ms", json_milliseconds(scan->pause_us));
    json_object_set_new(root, "scan_ms", json_milliseconds(scan->scan_us));
    json_object_set_new(root, "objects_scanned", json_number(scan->objects_scanned));
    json_object_set_new(root, "bytes_read", json_number(scan->bytes_read));
    json_object_set_new(root, "new_findings", of_kinds(pool, scanned, view, ~(growing | dangling)));
    json_object_set_new(root, "growing", of_kinds(pool, scanned, view, growing));
    json_object_set_new(root, "dangling_weak", of_kinds(pool, scanned, view, dangling));
    json_object_set_new(root, "notes", json_notes(pool, scanned->report));
    json_put(file, root);
}

static void scan_text(FILE *file, struct pool *pool, const struct scanned *scanned, const struct view *view) {
    const struct rec_scan *scan = &scanned->asking->recording.scan;
    size_t new = 0, shown = 0;
    for (size_t i = 0; i < scanned->report->finding_count; i++) {
        new += (int)scanned->report->findings[i].kind < KIND_JUDGED_COUNT;
        shown += view->show >> scanned->report->findings[i].kind & 1;
    }
    fprintf(file, "castaway: %s: scan %" PRIu64 ", generation %" PRIu64 ": %s in %.1f ms, pause %.1f ms; %s\n",
            asking_program(pool, scanned->asking, view->utf8), scan->number, scan->generation,
            units_things(pool, scan->objects_scanned, "object"), (double)scan->scan_us / 1e3,
            (double)scan->pause_us / 1e3, new ? units_things(pool, new, "new finding") : "nothing new");
    if (shown || scanned->report->note_count)
        fputc('\n', file);
    text_findings(file, scanned->report, view);
}

static void write_scan(FILE *file, const void *content, enum format format, const struct view *view) {
    struct pool scratch = {0};
    (format == FORMAT_JSON ? scan_json : scan_text)(file, &scratch, content, view);
    pool_free(&scratch);
}

/* The tallies of a scan count suspects as well, and what was told before: only what stands in the answer is new. */
static int report_scan(struct asking *asking) {
    const struct options *options = &asking->options;
    struct report report;
    struct gate gate;
    if (gate_open(&gate, options))
        return EXIT_CASTAWAY_FAILED;
    struct scanned scanned = {asking, &report};
    report_init(&report, &asking->pool, options->show | options->fail_on);
    report_add(&report, &asking->recording);
    memset(report.tally, 0, sizeof report.tally);
    report.unjudged = report.processes; /* nothing is to be said of the whole heap */
    report_finish(&report);
    gate_apply(&gate, &report);
    int status = output_each(options, asking->control.watched.pid, write_scan, &scanned, stdout) ? EXIT_CASTAWAY_FAILED
                 : gate.counted                                                                  ? options->exit_code
                                                                                                 : EXIT_CLEAN;
    report_free(&report);
    return status;
}

int command_scan(int count, char **arguments, int from) {
    static const char *const words[] = {"PID"}, *const skipped[] = {"scans-skipped", "scan-failed"};
    struct asking asking;
    int status;
    if (!asking_begin(&asking, VERB_SCAN, count, arguments, from, words, 1, &status) &&
        !asking_open(&asking, asking.words[0]) &&
        !asking_ask(&asking, pool_printf(&asking.pool, "scan %d", asking.options.generation))) {
        if (asking.recording.has_scan)
            status = report_scan(&asking);
        else if (!asking_refused(&asking, skipped, sizeof skipped / sizeof *skipped))
            message_error("the answer of process %d holds no scan", (int)asking.control.watched.pid);
    }
    asking_end(&asking);
    return status;
}
