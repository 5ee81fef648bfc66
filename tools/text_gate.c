/* text_gate.c - the part of the text report that is about passing.
 *
 * Start: text_gate_end(). */
#include "text_gate.h"

#include "demangle.h"
#include "escape.h"
#include "gate.h"
#include "question.h"
#include "units.h"

#include <inttypes.h>
#include <string.h>

enum { COMMAND_COLUMNS = 60, GONE_SHOWN_MAX = 10 };

static const char *safe(struct pool *pool, const char *text, const struct view *view) {
    return escape_text(pool, text, view->utf8);
}

/* ---- one finding ---- */

bool text_gate_lists(const struct report_finding *finding, const struct view *view) {
    return finding->standing != STANDING_KNOWN || view->show_known;
}

static const char *command_line(struct pool *pool, const struct origin *origin, const struct view *view) {
    const char *line = "";
    for (size_t i = 0; i < origin->argc; i++) {
        const char *word = safe(pool, origin->argv[i], view);
        if (i && escape_columns(line) + escape_columns(word) > COMMAND_COLUMNS)
            return pool_printf(pool, "%s%s", line, view->utf8 ? " …" : " ...");
        line = pool_printf(pool, "%s%s%s", line, i ? " " : "", word);
    }
    return line;
}

static void processes_line(FILE *file, struct pool *pool, const struct report *report,
                           const struct report_finding *finding, const struct view *view) {
    if (report->processes < 2 || !finding->origin)
        return;
    fprintf(file, "    in %s of %s processes, first: %s [%" PRId64 "]\n", units_count(pool, finding->processes),
            units_count(pool, report->processes), command_line(pool, finding->origin, view), finding->origin->pid);
}

static void standing_line(FILE *file, struct pool *pool, const struct report *report,
                          const struct report_finding *finding, const struct view *view) {
    static const char *const words[] = {[STANDING_NEW] = "new", [STANDING_GROWN] = "grown", [STANDING_KNOWN] = "known"};
    if (finding->standing == STANDING_NONE)
        return;
    fprintf(file, "    %s", words[finding->standing]);
    if (finding->standing != STANDING_NEW)
        fprintf(file, ": %s, up to %s in %s", units_things(pool, finding->objects, "object"),
                units_count(pool, finding->ceiling), safe(pool, report->gate->options->baseline, view));
    fputc('\n', file);
}

void text_gate_head(FILE *file, struct pool *pool, const struct report *report, const struct report_finding *finding,
                    const struct view *view) {
    standing_line(file, pool, report, finding, view);
    processes_line(file, pool, report, finding, view);
}

void text_gate_foot(FILE *file, const struct report_finding *finding, const struct view *view) {
    if (!view->suppression_texts)
        return;
    fflush(file);
    if (!view->questions || question_ask(view->questions, "Print suppression"))
        suppress_write(file, finding);
}

/* ---- suppressions ---- */

static void used_lines(FILE *file, struct pool *pool, const struct suppressions *suppressions,
                       const struct view *view) {
    bool any = false;
    for (size_t i = 0; i < suppressions->count; i++) {
        const struct suppression *suppression = &suppressions->list[i];
        if (!suppression->findings)
            continue;
        if (!any)
            fputs("Suppressions used:\n  count      bytes template\n", file);
        any = true;
        fprintf(file, "%7" PRIu64 " %10" PRIu64 " %s\n", suppression->objects, suppression->bytes,
                safe(pool, suppression->name, view));
        if (suppression->is_default)
            fprintf(file, "%19scastaway's own: %s\n", "", suppression->reason);
    }
}

static const char *why_not_used(struct pool *pool, const struct suppression *suppression) {
    if (suppression->expired)
        return pool_printf(pool, "expired after %s", suppression->expires);
    if (suppression->exceeded)
        return pool_printf(pool, "matches more than max=%" PRIu64 " objects: hides nothing", suppression->objects_max);
    return suppression->findings || suppression->is_default ? NULL : "unused";
}

static void unused_lines(FILE *file, struct pool *pool, const struct suppressions *suppressions,
                         const struct view *view) {
    for (size_t i = 0; i < suppressions->count; i++) {
        const struct suppression *suppression = &suppressions->list[i];
        const char *why = why_not_used(pool, suppression);
        if (why)
            fprintf(file, "suppression %s:%zu: %s: %s\n", safe(pool, suppression->file, view), suppression->line, why,
                    safe(pool, suppression->name, view));
    }
}

/* ---- baseline ---- */

static void baseline_lines(FILE *file, struct pool *pool, const struct gate *gate, const struct view *view) {
    const char *path = safe(pool, gate->options->baseline, view);
    size_t shown = 0;
    if (gate->known && !view->show_known)
        fprintf(file, "known: %s of %s not listed (--show-known)\n", units_things(pool, gate->known, "finding"), path);
    for (size_t i = 0; i < gate->baseline.known.count; i++) {
        const struct compare_item *item = &gate->baseline.known.items[i];
        if (!gate_misses(gate, item))
            continue;
        if (++shown > GONE_SHOWN_MAX)
            continue;
        fprintf(file, "gone: %08x %s%s\n", (unsigned)(item->fingerprint >> 32), safe(pool, item->where, view),
                gate->options->update_baseline ? "" : " (--update-baseline drops it)");
    }
    if (shown > GONE_SHOWN_MAX)
        fprintf(file, "gone: %zu more\n", shown - GONE_SHOWN_MAX);
}

void text_gate_end(FILE *file, struct pool *pool, const struct report *report, const struct view *view) {
    const struct gate *gate = report->gate;
    if (!gate)
        return;
    if (view->print_suppressions) {
        used_lines(file, pool, &gate->suppressions, view);
        unused_lines(file, pool, &gate->suppressions, view);
    }
    if (gate->has_baseline)
        baseline_lines(file, pool, gate, view);
    fprintf(file, "exit status %d: %s\n", gate->status, safe(pool, gate->why, view));
}
