/* openmetrics.c - totals as metrics, readable as OpenMetrics and as Prometheus's own text: for the textfile collector of
 * node_exporter, so that a fleet's leaks show in the monitoring that it has.
 *
 * Series of single findings are few (FINDINGS_MAX): each is a time series of its own wherever it is stored.
 * Start: openmetrics_write(). */
#include "escape.h"
#include "formats.h"
#include "location.h"
#include "wording.h"

#include <inttypes.h>

enum { FINDINGS_MAX = 20 };

static void label(FILE *file, const char *before, const char *name, const char *escaped) {
    fprintf(file, "%s%s=\"", before, name);
    escape_quoted(file, escaped);
    fputc('"', file);
}

static void head(FILE *file, const char *name, const char *unit, const char *help) {
    fprintf(file, "# TYPE %s gauge\n", name);
    if (unit)
        fprintf(file, "# UNIT %s %s\n", name, unit);
    fprintf(file, "# HELP %s %s\n", name, help);
}

static void single(FILE *file, const char *name, const char *program, uint64_t value) {
    label(file, name, "{program", program);
    fprintf(file, "} %" PRIu64 "\n", value);
}

static void tallies(FILE *file, const struct report *report, const char *program) {
    static const struct {
        const char *name, *unit, *help;
        size_t field;
    } families[] = {
        {"castaway_objects", NULL, "Live heap objects at the end of the program.", offsetof(struct tally, objects)},
        {"castaway_object_bytes", "bytes", "Their sizes, as requested.", offsetof(struct tally, bytes)},
        {"castaway_findings", NULL, "Places and cycle shapes that they come from.", offsetof(struct tally, findings)},
    };
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        head(file, families[i].name, families[i].unit, families[i].help);
        for (int kind = 0; kind < KIND_COUNT; kind++) {
            const char *tally = (const char *)&report->tally[kind];
            label(file, families[i].name, "{program", program);
            label(file, ",", "kind", kind_word((enum kind)kind));
            fprintf(file, "} %" PRIu64 "\n", *(const uint64_t *)(const void *)(tally + families[i].field));
        }
    }
}

static void finding_series(FILE *file, struct pool *pool, const struct report_finding *finding, const char *program,
                           const char *root) {
    struct location location = location_of_stack(pool, finding->stack, root);
    label(file, "castaway_finding_bytes", "{program", program);
    label(file, ",", "kind", kind_word(finding->kind));
    label(file, ",", "fingerprint", wording_fingerprint(pool, finding));
    label(file, ",", "function", wording_function(pool, location.frame));
    label(file, ",", "place", location.frame ? wording_place(pool, location.frame) : "");
    fprintf(file, "} %" PRIu64 "\n", finding->bytes);
}

void openmetrics_write(FILE *file, const struct report *report, const struct view *view) {
    struct pool scratch = {0};
    const char *program = wording_program(&scratch, report), *root = location_root(&scratch);
    size_t written = 0;
    tallies(file, report, program);
    head(file, "castaway_processes", NULL, "Processes in the report.");
    single(file, "castaway_processes", program, report->processes);
    head(file, "castaway_unjudged_processes", NULL, "Those among them of which nothing can be said.");
    single(file, "castaway_unjudged_processes", program, report->unjudged);
    head(file, "castaway_finding_bytes", "bytes", "Bytes of each of the largest findings.");
    for (size_t i = 0; i < report->finding_count && written < FINDINGS_MAX; i++) {
        if (!(view->show & 1u << report->findings[i].kind))
            continue;
        finding_series(file, &scratch, &report->findings[i], program, root);
        written++;
    }
    fputs("# EOF\n", file);
    pool_free(&scratch);
}
