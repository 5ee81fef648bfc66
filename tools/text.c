/* text.c - the report for a person, at 100 columns unless the view has its own.
 *
 * Owns:  nothing beside what it is called with.
 * Never: writes a string of the target's that did not pass text_name(), which escapes it.
 * Start: text_write(); a finding is head_line(), text_cycle_lines(), text_stack_lines(). */
#include "formats.h"

#include "escape.h"
#include "label.h"
#include "live_text.h"
#include "profile_text.h"
#include "refs.h"
#include "text_cycle.h"
#include "text_gate.h"
#include "units.h"
#include "wording.h"

#include <inttypes.h>
#include <string.h>

enum { FINGERPRINT_WIDTH = 17 };

static const char *const kind_titles[KIND_COUNT] = {
    [KIND_LOST] = "LEAK",
    [KIND_LOST_INDIRECT] = "INDIRECT",
    [KIND_CYCLE] = "CYCLE",
    [KIND_POSSIBLE] = "POSSIBLE",
    [KIND_REACHABLE] = "REACHABLE",
    [KIND_GROWING] = "GROWING",
    [KIND_DANGLING_WEAK] = "DANGLING",
    [KIND_OVER_UNREF] = "OVER-UNREF",
    [KIND_MISSING_UNREF] = "MISSING-UNREF",
};

/* ---- findings ---- */

static const char *size_text(struct text *text, uint64_t size_bytes) {
    return units_things(text->pool, size_bytes, "byte");
}

static const char *objects_text(struct text *text, const struct report_finding *finding) {
    uint64_t groups = finding->count;
    const char *objects = units_things(text->pool, finding->objects, finding->dangling ? "weak slot" : "object");
    if (finding->kind != KIND_CYCLE || groups < 2)
        return objects;
    if (finding->objects != count_times(groups, finding->group_objects_max))
        return pool_printf(text->pool, "%s in %s", objects, units_things(text->pool, groups, "group"));
    return pool_printf(text->pool, "%s %s %s", units_count(text->pool, groups), text_either(text, "×", "x"),
                       units_things(text->pool, finding->objects / groups, "object"));
}

static void head_line(struct text *text, size_t number, const struct report_finding *finding) {
    char digits[32];
    snprintf(digits, sizeof digits, "%2zu", number);
    text_put(text, PLAIN, digits);
    text_pad(text, text->column + 2);
    size_t column = TEXT_INDENT > text->column ? TEXT_INDENT : text->column;
    text_put(text, KINDS_DEFAULT & 1u << finding->kind ? LOST : STRONG, kind_titles[finding->kind]);
    text_pad(text, column += text->title_width);
    text_put(text, PLAIN, objects_text(text, finding));
    text_pad(text, column + text->objects_width);
    text_put(text, STRONG, units_size(text->pool, finding->bytes));
    if (finding->indirect_objects) {
        text_put(text, PLAIN,
                 pool_printf(text->pool, "   + %s reached only from %s",
                             units_size(text->pool, finding->indirect_bytes), finding->objects == 1 ? "it" : "them"));
    }
    if (finding->has_retained && finding->retained_bytes < count_add(finding->bytes, finding->indirect_bytes))
        text_put(text, PLAIN,
                 pool_printf(text->pool, " (%s without what others hold, too)",
                             units_size(text->pool, finding->retained_bytes)));
    if (finding->growth)
        text_put(text, PLAIN, pool_printf(text->pool, "   + %s", live_growth(text->pool, finding->growth)));
    text_pad(text, text_larger(text_columns(text) - FINGERPRINT_WIDTH, text->column + 2));
    const char *fingerprint = wording_fingerprint(text->pool, finding);
    text_put(text, FAINT, text->view->verbose ? fingerprint : pool_printf(text->pool, "%.8s", fingerprint));
    text_new_line(text);
}

/* What live scans know of a finding, under its head. */
static void live_lines(struct text *text, const struct report_finding *finding) {
    const char *age = live_age(text->pool, text->report, finding);
    size_t count = 0;
    const char **pieces =
        finding->growth ? live_path(text->pool, &finding->growth->path, text->view->utf8, &count) : NULL;
    text_pad(text, *age || count ? TEXT_INDENT : 0);
    text_put(text, FAINT, age);
    for (size_t i = 0; i < count; i++)
        text_wrapped(text, NAME, pieces[i]);
    if (finding->dangling) {
        text_pad(text, TEXT_INDENT);
        text_put(text, PLAIN, wording_dangling(text->pool, finding));
    }
    if (text->column)
        text_new_line(text);
}

/* What reference counts and types say. */
static void refs_told(struct text *text, const struct report_finding *finding) {
    for (const char **line = refs_lines(text->pool, finding, text->view->utf8); *line; line++) {
        text_pad(text, TEXT_INDENT);
        text_put(text, PLAIN, text_name(text, *line));
        text_new_line(text);
    }
}

static void culprit_lines(struct text *text, const struct report_finding *finding) {
    for (const struct refs_culprit *culprit = refs_culprits(text->pool, finding); culprit->stack; culprit++) {
        text_pad(text, TEXT_INDENT);
        text_put(text, STRONG, culprit->label);
        size_t column = text_larger(TEXT_FUNCTION_COLUMN, text->column + 3);
        text_stack_lines(text, culprit->stack, column, text_function_width(text, culprit->stack, column));
    }
}

static void leak_lines(struct text *text, const struct report_finding *finding) {
    text_pad(text, TEXT_INDENT);
    text_put(text, PLAIN,
             finding->dangling ? "made weak by" : wording_sizes(text->pool, finding->sizes, finding->bytes));
    size_t column = text_larger(TEXT_FUNCTION_COLUMN, text->column + 3);
    text_stack_lines(text, finding->stack, column, text_function_width(text, finding->stack, column));
}

static bool is_shown(const struct text *text, enum kind kind) {
    return text->view->show & 1u << kind;
}

/* What the findings of a kind leave of its tally. */
static void subtract(struct tally *rest, const struct report_finding *finding) {
    rest->objects -= finding->objects < rest->objects ? finding->objects : rest->objects;
    rest->bytes -= finding->bytes < rest->bytes ? finding->bytes : rest->bytes;
}

static void measure(struct text *text) {
    text->title_width = 8;
    text->objects_width = 18;
    for (int kind = 0; kind < KIND_COUNT; kind++)
        if (is_shown(text, (enum kind)kind))
            text->rest[kind] = text->report->tally[kind];
    for (size_t i = 0; i < text->report->finding_count; i++) {
        const struct report_finding *finding = &text->report->findings[i];
        if (!is_shown(text, finding->kind))
            continue;
        subtract(&text->rest[finding->kind], finding);
        text->title_width = text_larger(text->title_width, strlen(kind_titles[finding->kind]) + 3);
        text->objects_width = text_larger(text->objects_width, escape_columns(objects_text(text, finding)) + 3);
    }
    for (int kind = 0; kind < KIND_COUNT; kind++)
        if (text->rest[kind].objects)
            text->title_width = text_larger(text->title_width, strlen(kind_titles[kind]) + 3);
}

static void rest_lines(struct text *text) {
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        const struct tally *rest = &text->rest[kind];
        if (!rest->objects)
            continue;
        text_pad(text, TEXT_INDENT);
        text_put(text, STRONG, kind_titles[kind]);
        text_pad(text, TEXT_INDENT + text->title_width);
        text_put(text, PLAIN, units_things(text->pool, rest->objects, "object"));
        text_pad(text, text_larger(TEXT_INDENT + text->title_width + text->objects_width, text->column + 3));
        text_put(text, STRONG, units_size(text->pool, rest->bytes));
        text_put(text, FAINT, "   (counted without stacks)");
        text_new_line(text);
    }
}

static void finding_lines(struct text *text, const struct report_finding *finding) {
    live_lines(text, finding);
    if (finding->kind == KIND_CYCLE)
        text_cycle_lines(text, finding);
    else
        leak_lines(text, finding);
    refs_told(text, finding);
    culprit_lines(text, finding);
}

/* There may be hundreds of thousands: each has a pool of its own. */
static void finding_block(struct text *text, size_t number, const struct report_finding *finding) {
    struct pool scratch = {0}, *whole = text->pool;
    text->pool = &scratch;
    head_line(text, number, finding);
    text_gate_head(text->file, text->pool, text->report, finding, text->view);
    finding_lines(text, finding);
    text_gate_foot(text->file, finding, text->view);
    text->pool = whole;
    pool_free(&scratch);
}

static void findings(struct text *text) {
    size_t number = 0, most = text->view->findings_max ? (size_t)text->view->findings_max : SIZE_MAX, left = 0;
    measure(text);
    for (size_t i = 0; i < text->report->finding_count; i++) {
        const struct report_finding *finding = &text->report->findings[i];
        if (!is_shown(text, finding->kind) || !text_gate_lists(finding, text->view))
            continue;
        if (number == most) {
            left++;
            continue;
        }
        finding_block(text, ++number, finding);
    }
    if (left) {
        text_pad(text, TEXT_INDENT);
        text_put(text, FAINT,
                 pool_printf(text->pool, "and %s that %s not listed", units_things(text->pool, left, "finding"),
                             left == 1 ? "is" : "are"));
        text_new_line(text);
    }
    rest_lines(text);
}

/* ---- first and last lines ---- */

static const char *kinds_found(struct text *text) {
    uint64_t cycles = text->report->tally[KIND_CYCLE].findings, leaks = text->report->tally[KIND_LOST].findings;
    uint64_t times = 0;
    for (size_t i = 0; i < text->report->finding_count; i++)
        if (text->report->findings[i].kind == KIND_CYCLE)
            times = count_add(times, text->report->findings[i].count);
    const char *cycle = units_things(text->pool, cycles, "cycle");
    if (times > cycles)
        cycle = pool_printf(text->pool, "%s (%s times)", cycle, units_count(text->pool, times));
    const char *leak = units_things(text->pool, leaks, "leak");
    if (cycles && leaks)
        return pool_printf(text->pool, ": %s, %s", cycle, leak);
    return cycles || leaks ? pool_printf(text->pool, ": %s", cycles ? cycle : leak) : "";
}

static const char *verdict(struct text *text) {
    const struct report *report = text->report;
    struct tally lost = report_unreachable(report);
    uint64_t all = 0;
    if (report->processes == report->unjudged)
        return "not judged";
    for (int kind = 0; kind < KIND_JUDGED_COUNT; kind++)
        all = count_add(all, report->tally[kind].objects);
    if (!lost.objects)
        return pool_printf(text->pool, "%s, nothing unreachable", units_things(text->pool, all, "object"));
    return pool_printf(text->pool, "%s, %s unreachable%s", units_things(text->pool, lost.objects, "object"),
                       units_size(text->pool, lost.bytes), kinds_found(text));
}

static void first_line(struct text *text) {
    const struct report *report = text->report;
    text_put(text, PLAIN, "castaway: ");
    text_put(text, STRONG, text_name(text, report->argc ? report->argv[0] : "?"));
    text_put(text, PLAIN, pool_printf(text->pool, "[%" PRId64 "]", report->pid));
    size_t others = report->processes - (report->has_main && report->processes);
    if (others)
        text_put(text, PLAIN, pool_printf(text->pool, " and %s", units_count(text->pool, others)));
    if (others)
        text_put(text, PLAIN, others == 1 ? " more process" : " more processes");
    text_put(text, PLAIN, ": ");
    text_put(text, PLAIN, verdict(text));
    uint64_t growing = report->tally[KIND_GROWING].findings;
    if (growing)
        text_put(text, PLAIN, pool_printf(text->pool, "; %s growing", units_things(text->pool, growing, "place")));
    uint64_t dangling = report->tally[KIND_DANGLING_WEAK].objects;
    if (dangling)
        text_put(text, PLAIN,
                 pool_printf(text->pool, "; %s dangling", units_things(text->pool, dangling, "weak slot")));
    uint64_t miscounted = count_add(report->tally[KIND_OVER_UNREF].objects, report->tally[KIND_MISSING_UNREF].objects);
    if (miscounted)
        text_put(text, PLAIN,
                 pool_printf(text->pool, "; %s in reach miscounted", units_things(text->pool, miscounted, "object")));
    text_new_line(text);
}

static void counts_line(struct text *text) {
    const char *counts = live_counts(text->pool, &text->report->live);
    if (*counts && text->lines > 2)
        text_new_line(text); /* apart from the last finding */
    text_put(text, PLAIN, counts);
    if (*counts)
        text_new_line(text);
}

/* -v: every kind's sums, whether it is listed or not. */
static void sums(struct text *text) {
    for (int kind = 0; kind < KIND_COUNT && text->view->verbose; kind++) {
        const struct tally *tally = &text->report->tally[kind];
        text_pad(text, TEXT_INDENT);
        text_put(text, STRONG, kind_word((enum kind)kind));
        text_pad(text, TEXT_INDENT + 16);
        text_put(text, PLAIN, units_things(text->pool, tally->objects, "object"));
        text_pad(text, TEXT_INDENT + 36);
        text_put(text, PLAIN, units_size(text->pool, tally->bytes));
        text_pad(text, TEXT_INDENT + 50);
        text_put(text, PLAIN, units_things(text->pool, tally->findings, "finding"));
        text_new_line(text);
    }
}

static void notes(struct text *text) {
    for (size_t i = 0; i < text->report->note_count; i++) {
        const struct report_note *note = &text->report->notes[i];
        text_put(text, STRONG, "note: ");
        text_put(text, PLAIN, text_name(text, note->text));
        if (note_is_counted(note->code) || note->count > 1)
            text_put(text, PLAIN, pool_printf(text->pool, ": %s", units_count(text->pool, note->count)));
        if (*note->detail)
            text_put(text, PLAIN, pool_printf(text->pool, " (%s)", text_name(text, note->detail)));
        text_new_line(text);
    }
}

void text_finding(FILE *file, const struct report *report, const struct report_finding *finding,
                  const struct view *view) {
    struct pool scratch = {0};
    struct text text = {.file = file, .pool = &scratch, .report = report, .view = view};
    fprintf(file, "%s\n", wording_message(&scratch, finding));
    finding_lines(&text, finding);
    pool_free(&scratch);
}

static const char *step_label(struct text *text, const struct report_step *step) {
    return text_name(text, label_stack(text->pool, step->stack));
}

static void path_lines(struct text *text, const struct report_path *path) {
    size_t count, label = 0, size = 0;
    const char **pieces = live_path(text->pool, path, text->view->utf8, &count);
    text_pad(text, TEXT_INDENT);
    for (size_t i = 0; i < count; i++)
        text_wrapped(text, NAME, pieces[i]);
    text_new_line(text);
    for (size_t i = 0; i < path->step_count; i++) {
        label = text_larger(label, escape_columns(step_label(text, &path->steps[i])));
        size = text_larger(size, escape_columns(size_text(text, path->steps[i].size_bytes)));
    }
    size_t function = text_larger(TEXT_FUNCTION_COLUMN, TEXT_INDENT + label + 2 + size + 3);
    for (size_t i = 0; i < path->step_count; i++) {
        const struct report_step *step = &path->steps[i];
        const char *bytes = size_text(text, step->size_bytes);
        if (i && step[-1].size_bytes == step->size_bytes && stack_equal(step[-1].stack, step->stack))
            continue;
        text_pad(text, TEXT_INDENT);
        text_put(text, NAME, step_label(text, step));
        text_pad(text, TEXT_INDENT + label + 2 + size - escape_columns(bytes));
        text_put(text, PLAIN, bytes);
        text_stack_lines(text, step->stack, function, text_function_width(text, step->stack, function));
    }
}

void text_stack(FILE *file, const struct stack *stack, const struct view *view) {
    struct pool scratch = {0};
    struct text text = {.file = file, .pool = &scratch, .view = view};
    text_stack_lines(&text, stack, TEXT_INDENT, text_function_width(&text, stack, TEXT_INDENT));
    pool_free(&scratch);
}

void text_path(FILE *file, const struct report_path *path, const struct view *view) {
    struct pool scratch = {0};
    struct text text = {.file = file, .pool = &scratch, .view = view};
    path_lines(&text, path);
    pool_free(&scratch);
}

void text_findings(FILE *file, const struct report *report, const struct view *view) {
    struct pool scratch = {0};
    struct text text = {.file = file, .pool = &scratch, .report = report, .view = view};
    findings(&text);
    notes(&text);
    pool_free(&scratch);
}

void text_write(FILE *file, const struct report *report, const struct view *view) {
    struct pool scratch = {0};
    struct text text = {.file = file, .pool = &scratch, .report = report, .view = view};
    struct tally lost = report_unreachable(report);
    first_line(&text);
    text_new_line(&text);
    findings(&text);
    if (text.lines > 2 && (report->profile.known || report->profile.has_holders))
        text_new_line(&text);
    profile_text(file, &scratch, report, view);
    sums(&text);
    counts_line(&text);
    notes(&text);
    if (text.lines > 2 || report->profile.known || report->profile.has_holders)
        text_new_line(&text);
    text_gate_end(file, &scratch, report, view);
    if (report->processes)
        fprintf(file, "SUMMARY: castaway: %" PRIu64 " byte(s) leaked in %" PRIu64 " allocation(s).\n", lost.bytes,
                lost.objects);
    pool_free(&scratch);
}
