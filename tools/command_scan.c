/* command_scan.c - `castaway scan PID`: scan a running program now, and show what that confirmed.
 *
 * What one scan finds lost is only a suspect, so it is asked for another one while suspects wait.
 * Start: command_scan(), then scan_until_sure(). */
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
#include <time.h>

/* A suspect must lie there unchanged for a while; a program that confirms in more than so many scans is not waited for. */
enum { SCANS_MAX = 4, REST_MS = 300 };

struct scanned {
    const struct asking *asking;
    const struct report *report;
    uint64_t suspects; /* that the last scan left to the next */
    unsigned scans;    /* made by this command */
};

/* ---- what became of suspects ---- */

static uint64_t without(uint64_t all, uint64_t some) {
    return all > some ? all - some : 0;
}

/* All that were ever suspected, less those of which something became. */
static uint64_t suspects_waiting(const struct rec_status *status) {
    uint64_t withdrawn = without(status->withdrawn, status->confirmed_withdrawn);
    uint64_t freed = without(status->freed_by_program, status->confirmed_freed);
    return without(without(without(status->suspects, status->confirmed), withdrawn), freed);
}

static const char *nothing_new(struct pool *pool, const struct rec_status *status) {
    uint64_t known = without(without(status->confirmed, status->confirmed_withdrawn), status->confirmed_freed);
    if (!known)
        return "nothing new";
    return pool_printf(pool, "nothing new (%s of earlier scans)",
                       known == 1 ? "1 object is a finding"
                                  : pool_printf(pool, "%s objects are findings", units_count(pool, known)));
}

/* ---- the answer ---- */

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
    json_object_set_new(root, "scans", json_integer(scanned->scans));
    json_object_set_new(root, "suspects", json_number(scanned->suspects));
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
    const char *outcome =
        new ? units_things(pool, new, "new finding") : nothing_new(pool, &scanned->asking->recording.status);
    fprintf(file, "castaway: %s: scan %" PRIu64 ", generation %" PRIu64 ": %s in %.1f ms, pause %.1f ms; %s\n",
            asking_program(pool, scanned->asking, view->utf8), scan->number, scan->generation,
            units_things(pool, scan->objects_scanned, "object"), (double)scan->scan_us / 1e3,
            (double)scan->pause_us / 1e3, outcome);
    if (scanned->suspects)
        fprintf(file, "%s: unreachable in this scan, to be confirmed by the next\n",
                scanned->suspects == 1
                    ? "1 object is a suspect"
                    : pool_printf(pool, "%s objects are suspects", units_count(pool, scanned->suspects)));
    if (shown || scanned->report->note_count)
        fputc('\n', file);
    text_findings(file, scanned->report, view);
}

static void write_scan(FILE *file, const void *content, enum format format, const struct view *view) {
    struct pool scratch = {0};
    (format == FORMAT_JSON ? scan_json : scan_text)(file, &scratch, content, view);
    pool_free(&scratch);
}

/* ---- scanning ---- */

/* 0, or -1 after a message. */
static int scan_again(struct asking *asking) {
    if (asking_ask(asking, pool_printf(&asking->pool, "scan %d", asking->options.generation)))
        return -1;
    if (asking->recording.has_scan)
        return 0;
    asking_lacks(asking, "scan");
    return -1;
}

/* Of several answers growth, weak slots and notes are those of the last; each tells only findings that are new. */
static void add_answer(struct report *report, struct recording *answer, bool is_last) {
    if (!is_last)
        answer->growth_count = answer->dangling_count = answer->note_count = 0;
    report->processes = 0; /* it is one process, however often it answers */
    report_add(report, answer);
}

static int scan_until_sure(struct asking *asking, struct report *report, struct scanned *scanned) {
    const struct timespec rest = {.tv_nsec = REST_MS * 1000000L};
    const struct rec_status *status = &asking->recording.status;
    uint64_t confirmed = 0;
    for (;;) {
        if (scan_again(asking))
            return -1;
        scanned->suspects = suspects_waiting(status);
        bool is_sure = !scanned->suspects || (scanned->scans && status->confirmed > confirmed);
        bool is_last = ++scanned->scans == SCANS_MAX || is_sure || asking->options.once;
        confirmed = status->confirmed;
        add_answer(report, &asking->recording, is_last);
        if (is_last)
            return 0;
        nanosleep(&rest, NULL);
    }
}

/* ---- the whole ---- */

/* The tallies of a scan count suspects as well, and what was told before: only what stands in the answers is new. */
static int judge(struct asking *asking, struct gate *gate, struct report *report) {
    struct scanned scanned = {.asking = asking, .report = report};
    if (scan_until_sure(asking, report, &scanned))
        return EXIT_CASTAWAY_FAILED;
    memset(report->tally, 0, sizeof report->tally);
    report->unjudged = report->processes; /* nothing is to be said of the whole heap */
    report_finish(report);
    gate_apply(gate, report);
    if (output_each(&asking->options, asking->control.watched.pid, write_scan, &scanned, stdout))
        return EXIT_CASTAWAY_FAILED;
    return gate->counted ? asking->options.exit_code : EXIT_CLEAN;
}

static int scan_and_report(struct asking *asking) {
    const struct options *options = &asking->options;
    struct report report;
    struct gate gate;
    if (gate_open(&gate, options))
        return EXIT_CASTAWAY_FAILED;
    report_init(&report, &asking->pool, options->show | options->fail_on);
    int status = judge(asking, &gate, &report);
    report_free(&report);
    return status;
}

int command_scan(int count, char **arguments, int from) {
    static const char *const words[] = {"PID"};
    struct asking asking;
    int status;
    if (!asking_begin(&asking, VERB_SCAN, count, arguments, from, words, 1, &status) &&
        !asking_open(&asking, asking.words[0]))
        status = scan_and_report(&asking);
    asking_end(&asking);
    return status;
}
