/* text.c - the report for a person, at 100 columns unless the view has its own.
 *
 * Every string of the target goes through show_name(), which escapes it.
 * Start: text_write(); a finding is head_line(), cycle_line(), stack_lines(). */
#include "formats.h"

#include "demangle.h"
#include "escape.h"
#include "label.h"
#include "live_text.h"
#include "profile_text.h"
#include "refs.h"
#include "text_gate.h"
#include "units.h"
#include "wording.h"

#include <inttypes.h>
#include <string.h>

enum {
    INDENT = 4,
    FUNCTION_COLUMN = 25,      /* at least */
    FUNCTION_WIDTH = 17,       /* at least */
    FUNCTION_WIDTH_LEAST = 36, /* of names that are cut to let a long location stand */
    FINGERPRINT_WIDTH = 17,
    CYCLE_SHOWN_MAX = 8, /* a longer one is shown by its start and its end */
    CYCLE_HEAD = 4,
};

enum style { PLAIN, LOST, STRONG, NAME, FAINT };

static const char *const style_codes[] = {
    [PLAIN] = "", [LOST] = "\033[1;31m", [STRONG] = "\033[1m", [NAME] = "\033[36m", [FAINT] = "\033[2m",
};
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

struct text {
    FILE *file;
    struct pool *pool;
    const struct report *report;
    const struct view *view;
    size_t column, lines;
    size_t title_width, objects_width; /* of the head lines */
    struct tally rest[KIND_COUNT];     /* shown, but in no finding: kinds of which a recording holds only the sums */
};

/* ---- pieces ---- */

static void put(struct text *text, enum style style, const char *escaped) {
    bool colored = text->view->color && style != PLAIN;
    if (colored)
        fputs(style_codes[style], text->file);
    fputs(escaped, text->file);
    if (colored)
        fputs("\033[0m", text->file);
    text->column += escape_columns(escaped);
}

static void pad_to(struct text *text, size_t column) {
    for (; text->column < column; text->column++)
        fputc(' ', text->file);
}

static void new_line(struct text *text) {
    fputc('\n', text->file);
    text->column = 0;
    text->lines++;
}

/* Of the two spellings, the one that the reader's locale can show. */
static const char *either(const struct text *text, const char *utf8, const char *ascii) {
    return text->view->utf8 ? utf8 : ascii;
}

static const char *show_name(struct text *text, const char *name) {
    return escape_text(text->pool, name, text->view->utf8);
}

static size_t columns_of(const struct text *text) {
    return text->view->columns ? text->view->columns : VIEW_COLUMNS;
}

static size_t max(size_t a, size_t b) {
    return a > b ? a : b;
}

/* ---- stacks ---- */

static const char *location(struct text *text, const struct stack_frame *frame) {
    struct pool *pool = text->pool;
    const char *inlined = frame->inlined ? " (inlined)" : "";
    if (frame->file_short && frame->line > 0 && text->view->verbose && frame->module)
        return pool_printf(pool, "%s:%d%s  %s+0x%" PRIx64, show_name(text, frame->file_short), frame->line, inlined,
                           show_name(text, path_base(frame->module)), frame->offset);
    if (frame->file_short && frame->line > 0)
        return pool_printf(pool, "%s:%d%s", show_name(text, frame->file_short), frame->line, inlined);
    if (frame->file_short)
        return pool_printf(pool, "%s%s", show_name(text, frame->file_short), inlined);
    if (!frame->module)
        return pool_printf(pool, "0x%" PRIx64, frame->offset);
    const char *module = show_name(text, path_base(frame->module));
    if (frame->function)
        return pool_printf(pool, "%s%s", module, inlined);
    if (!frame->build_id)
        return pool_printf(pool, "%s+0x%" PRIx64, module, frame->offset);
    return pool_printf(pool, "%s+0x%" PRIx64 " (build-id %.8s)", module, frame->offset, frame->build_id);
}

static const char *function_name(struct text *text, const struct stack_frame *frame) {
    return show_name(text, frame->function ? demangle_short(text->pool, frame->function) : "??");
}

/* Make a name fit: first without template arguments, then cut. Cutting is by byte, which escaped ASCII allows. */
static const char *fit(struct text *text, const struct stack_frame *frame, size_t width) {
    const char *name = function_name(text, frame);
    if (escape_columns(name) <= width || !frame->function)
        return name;
    const char *bare = show_name(text, demangle_bare(text->pool, frame->function));
    size_t keep = width - 3;
    if (escape_columns(bare) <= width)
        return bare;
    while (keep && ((unsigned char)bare[keep] & 0xc0) == 0x80)
        keep--;
    return pool_printf(text->pool, "%.*s%s", (int)keep, bare, either(text, "…", "..."));
}

static size_t shown_frames(const struct text *text, const struct stack *stack) {
    size_t most = (size_t)text->view->frames_max;
    size_t count = text->view->verbose ? stack->frame_count : stack->named_count;
    return count < most ? count : most;
}

/* Width that the functions of a stack need, made smaller if the locations would pass the last column. */
static size_t function_width(struct text *text, const struct stack *stack, size_t column) {
    size_t functions = FUNCTION_WIDTH, locations = 0;
    for (size_t i = 0; i < shown_frames(text, stack); i++) {
        functions = max(functions, escape_columns(function_name(text, &stack->frames[i])) + 2);
        locations = max(locations, escape_columns(location(text, &stack->frames[i])));
    }
    if (column + functions + locations <= columns_of(text))
        return functions;
    size_t left = column + locations < columns_of(text) ? columns_of(text) - column - locations : 0;
    return max(left, functions < FUNCTION_WIDTH_LEAST ? functions : FUNCTION_WIDTH_LEAST);
}

/* The frames, the first on the line that has been begun. */
static void stack_lines(struct text *text, const struct stack *stack, size_t column, size_t width) {
    if (!stack->frame_count) {
        pad_to(text, column);
        put(text, FAINT, "(no stack recorded)");
        new_line(text);
    }
    for (size_t i = 0; i < shown_frames(text, stack); i++) {
        pad_to(text, column);
        put(text, PLAIN, fit(text, &stack->frames[i], width - 2));
        pad_to(text, column + width);
        put(text, FAINT, location(text, &stack->frames[i]));
        new_line(text);
    }
}

/* ---- cycles ---- */

static bool same_object(const struct report_entry *a, const struct report_entry *b) {
    return a->sizes.least == b->sizes.least && a->sizes.largest == b->sizes.largest && stack_equal(a->stack, b->stack);
}

/* All entries alike, as in a ring of list nodes. */
static bool is_uniform(const struct report_finding *finding) {
    for (size_t i = 1; i < finding->cycle_listed; i++)
        if (!same_object(&finding->cycle[0], &finding->cycle[i]) ||
            finding->cycle[0].offset != finding->cycle[i].offset ||
            finding->cycle[0].target_offset != finding->cycle[i].target_offset)
            return false;
    return finding->cycle_length > 2;
}

static void wrapped(struct text *text, enum style style, const char *piece) {
    if (text->column + escape_columns(piece) > columns_of(text) && text->column > INDENT + 2) {
        new_line(text);
        pad_to(text, INDENT + 2);
        piece += *piece == ' ';
    }
    put(text, style, piece);
}

static void put_edge(struct text *text, const struct report_entry *from, const char *label) {
    char target[32] = "";
    const char *place = show_name(text, wording_member(text->pool, from));
    if (from->target_offset)
        snprintf(target, sizeof target, "+0x%02" PRIx64, from->target_offset);
    wrapped(text, NAME,
            pool_printf(text->pool, "%s%s%s %s%s", either(text, " ─(", " -("), place, either(text, ")→", ")->"), label,
                        target));
}

/* Rings of one place may be of any length; of several groups not all need to have the smallest one. */
static const char *length_text(struct text *text, const struct report_finding *finding) {
    bool all_alike = finding->objects == count_times(finding->count, finding->cycle_length_max);
    return pool_printf(text->pool, "%s%s", all_alike || finding->count < 2 ? "" : "up to ",
                       units_things(text->pool, finding->cycle_length_max, "object"));
}

static void cycle_line(struct text *text, const struct report_finding *finding, const char **labels) {
    size_t listed = finding->cycle_listed;
    bool uniform = is_uniform(finding), whole = finding->cycle_length == listed;
    bool is_long = !uniform && finding->cycle_length > CYCLE_SHOWN_MAX;
    size_t head = uniform ? 1 : is_long ? (CYCLE_HEAD < listed - 1 ? CYCLE_HEAD : listed - 1) : listed;
    const char *dots = either(text, " … ", " ... ");
    pad_to(text, INDENT);
    put(text, NAME, labels[0]);
    for (size_t i = 0; i < head; i++)
        put_edge(text, &finding->cycle[i], labels[uniform ? 0 : (i + 1) % listed]);
    if (is_long) {
        wrapped(text, FAINT,
                pool_printf(text->pool, "%s%s more%s", dots, units_count(text->pool, finding->cycle_length - head - 1),
                            dots));
        if (whole)
            put_edge(text, &finding->cycle[listed - 1], labels[0]);
        else
            wrapped(text, NAME, labels[0]);
    }
    if (uniform || is_long)
        wrapped(text, STRONG, pool_printf(text->pool, "%s%s", uniform ? dots : "   ", length_text(text, finding)));
    new_line(text);
    if (finding->group_objects_max > finding->cycle_length_max) {
        pad_to(text, INDENT);
        put(text, FAINT,
            pool_printf(text->pool, "(the smallest cycle of a group of %s%s)", finding->count > 1 ? "up to " : "",
                        units_things(text->pool, finding->group_objects_max, "object")));
        new_line(text);
    }
}

/* The entry that first shows the same stack and size; itself if it is the first. */
static size_t first_like(const struct report_finding *finding, size_t index) {
    size_t first = 0;
    while (!same_object(&finding->cycle[first], &finding->cycle[index]))
        first++;
    return first;
}

struct entry_columns {
    size_t label, size, function; /* widths of the first two, column of the third */
};

static const char *size_text(struct text *text, uint64_t size_bytes) {
    return units_things(text->pool, size_bytes, "byte");
}

static const char *entry_size(struct text *text, const struct report_entry *entry) {
    return wording_sizes(text->pool, entry->sizes, entry->bytes);
}

static void entry_lines(struct text *text, const struct report_finding *finding, const char **labels, size_t index,
                        const struct entry_columns *columns) {
    const struct report_entry *entry = &finding->cycle[index];
    const char *size = entry_size(text, entry);
    size_t first = first_like(finding, index);
    pad_to(text, INDENT);
    put(text, NAME, labels[index]);
    pad_to(text, INDENT + columns->label + 2 + columns->size - escape_columns(size));
    put(text, PLAIN, size);
    if (first == index)
        return stack_lines(text, entry->stack, columns->function,
                           function_width(text, entry->stack, columns->function));
    pad_to(text, columns->function);
    put(text, FAINT, pool_printf(text->pool, "as %s", labels[first]));
    new_line(text);
}

static void cycle_lines(struct text *text, const struct report_finding *finding) {
    const char **labels = label_cycle(text->pool, finding);
    size_t shown = finding->cycle_listed < CYCLE_SHOWN_MAX ? finding->cycle_listed : CYCLE_SHOWN_MAX;
    struct entry_columns columns = {0};
    for (size_t i = 0; i < finding->cycle_listed; i++)
        labels[i] = show_name(text, labels[i]);
    cycle_line(text, finding, labels);
    if (is_uniform(finding))
        shown = 1;
    for (size_t i = 0; i < shown; i++) {
        columns.label = max(columns.label, escape_columns(labels[i]));
        columns.size = max(columns.size, escape_columns(entry_size(text, &finding->cycle[i])));
    }
    columns.function = max(FUNCTION_COLUMN, INDENT + columns.label + 2 + columns.size + 3);
    for (size_t i = 0; i < shown; i++)
        entry_lines(text, finding, labels, i, &columns);
}

/* ---- findings ---- */

static const char *objects_text(struct text *text, const struct report_finding *finding) {
    uint64_t groups = finding->count;
    const char *objects = units_things(text->pool, finding->objects, finding->dangling ? "weak slot" : "object");
    if (finding->kind != KIND_CYCLE || groups < 2)
        return objects;
    if (finding->objects != count_times(groups, finding->group_objects_max))
        return pool_printf(text->pool, "%s in %s", objects, units_things(text->pool, groups, "group"));
    return pool_printf(text->pool, "%s %s %s", units_count(text->pool, groups), either(text, "×", "x"),
                       units_things(text->pool, finding->objects / groups, "object"));
}

static void head_line(struct text *text, size_t number, const struct report_finding *finding) {
    char digits[32];
    snprintf(digits, sizeof digits, "%2zu", number);
    put(text, PLAIN, digits);
    pad_to(text, text->column + 2);
    size_t column = INDENT > text->column ? INDENT : text->column;
    put(text, KINDS_DEFAULT & 1u << finding->kind ? LOST : STRONG, kind_titles[finding->kind]);
    pad_to(text, column += text->title_width);
    put(text, PLAIN, objects_text(text, finding));
    pad_to(text, column + text->objects_width);
    put(text, STRONG, units_size(text->pool, finding->bytes));
    if (finding->indirect_objects) {
        put(text, PLAIN,
            pool_printf(text->pool, "   + %s reached only from %s", units_size(text->pool, finding->indirect_bytes),
                        finding->objects == 1 ? "it" : "them"));
    }
    if (finding->has_retained && finding->retained_bytes < count_add(finding->bytes, finding->indirect_bytes))
        put(text, PLAIN,
            pool_printf(text->pool, " (%s without what others hold, too)",
                        units_size(text->pool, finding->retained_bytes)));
    if (finding->growth)
        put(text, PLAIN, pool_printf(text->pool, "   + %s", live_growth(text->pool, finding->growth)));
    pad_to(text, max(columns_of(text) - FINGERPRINT_WIDTH, text->column + 2));
    const char *fingerprint = wording_fingerprint(text->pool, finding);
    put(text, FAINT, text->view->verbose ? fingerprint : pool_printf(text->pool, "%.8s", fingerprint));
    new_line(text);
}

/* What live scans know of a finding, under its head. */
static void live_lines(struct text *text, const struct report_finding *finding) {
    const char *age = live_age(text->pool, text->report, finding);
    size_t count = 0;
    const char **pieces =
        finding->growth ? live_path(text->pool, &finding->growth->path, text->view->utf8, &count) : NULL;
    pad_to(text, *age || count ? INDENT : 0);
    put(text, FAINT, age);
    for (size_t i = 0; i < count; i++)
        wrapped(text, NAME, pieces[i]);
    if (finding->dangling) {
        pad_to(text, INDENT);
        put(text, PLAIN, wording_dangling(text->pool, finding));
    }
    if (text->column)
        new_line(text);
}

/* What reference counts and types say. */
static void refs_told(struct text *text, const struct report_finding *finding) {
    for (const char **line = refs_lines(text->pool, finding, text->view->utf8); *line; line++) {
        pad_to(text, INDENT);
        put(text, PLAIN, show_name(text, *line));
        new_line(text);
    }
}

static void culprit_lines(struct text *text, const struct report_finding *finding) {
    for (const struct refs_culprit *culprit = refs_culprits(text->pool, finding); culprit->stack; culprit++) {
        pad_to(text, INDENT);
        put(text, STRONG, culprit->label);
        size_t column = max(FUNCTION_COLUMN, text->column + 3);
        stack_lines(text, culprit->stack, column, function_width(text, culprit->stack, column));
    }
}

static void leak_lines(struct text *text, const struct report_finding *finding) {
    pad_to(text, INDENT);
    put(text, PLAIN, finding->dangling ? "made weak by" : wording_sizes(text->pool, finding->sizes, finding->bytes));
    size_t column = max(FUNCTION_COLUMN, text->column + 3);
    stack_lines(text, finding->stack, column, function_width(text, finding->stack, column));
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
        text->title_width = max(text->title_width, strlen(kind_titles[finding->kind]) + 3);
        text->objects_width = max(text->objects_width, escape_columns(objects_text(text, finding)) + 3);
    }
    for (int kind = 0; kind < KIND_COUNT; kind++)
        if (text->rest[kind].objects)
            text->title_width = max(text->title_width, strlen(kind_titles[kind]) + 3);
}

static void rest_lines(struct text *text) {
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        const struct tally *rest = &text->rest[kind];
        if (!rest->objects)
            continue;
        pad_to(text, INDENT);
        put(text, STRONG, kind_titles[kind]);
        pad_to(text, INDENT + text->title_width);
        put(text, PLAIN, units_things(text->pool, rest->objects, "object"));
        pad_to(text, max(INDENT + text->title_width + text->objects_width, text->column + 3));
        put(text, STRONG, units_size(text->pool, rest->bytes));
        put(text, FAINT, "   (counted without stacks)");
        new_line(text);
    }
}

static void finding_lines(struct text *text, const struct report_finding *finding) {
    live_lines(text, finding);
    if (finding->kind == KIND_CYCLE)
        cycle_lines(text, finding);
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
        pad_to(text, INDENT);
        put(text, FAINT,
            pool_printf(text->pool, "and %s that %s not listed", units_things(text->pool, left, "finding"),
                        left == 1 ? "is" : "are"));
        new_line(text);
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
    put(text, PLAIN, "castaway: ");
    put(text, STRONG, show_name(text, report->argc ? report->argv[0] : "?"));
    put(text, PLAIN, pool_printf(text->pool, "[%" PRId64 "]", report->pid));
    size_t others = report->processes - (report->has_main && report->processes);
    if (others)
        put(text, PLAIN, pool_printf(text->pool, " and %s", units_count(text->pool, others)));
    if (others)
        put(text, PLAIN, others == 1 ? " more process" : " more processes");
    put(text, PLAIN, ": ");
    put(text, PLAIN, verdict(text));
    uint64_t growing = report->tally[KIND_GROWING].findings;
    if (growing)
        put(text, PLAIN, pool_printf(text->pool, "; %s growing", units_things(text->pool, growing, "place")));
    uint64_t dangling = report->tally[KIND_DANGLING_WEAK].objects;
    if (dangling)
        put(text, PLAIN, pool_printf(text->pool, "; %s dangling", units_things(text->pool, dangling, "weak slot")));
    uint64_t miscounted = count_add(report->tally[KIND_OVER_UNREF].objects, report->tally[KIND_MISSING_UNREF].objects);
    if (miscounted)
        put(text, PLAIN,
            pool_printf(text->pool, "; %s in reach miscounted", units_things(text->pool, miscounted, "object")));
    new_line(text);
}

static void counts_line(struct text *text) {
    const char *counts = live_counts(text->pool, &text->report->live);
    if (*counts && text->lines > 2)
        new_line(text); /* apart from the last finding */
    put(text, PLAIN, counts);
    if (*counts)
        new_line(text);
}

/* -v: every kind's sums, whether it is listed or not. */
static void sums(struct text *text) {
    for (int kind = 0; kind < KIND_COUNT && text->view->verbose; kind++) {
        const struct tally *tally = &text->report->tally[kind];
        pad_to(text, INDENT);
        put(text, STRONG, kind_word((enum kind)kind));
        pad_to(text, INDENT + 16);
        put(text, PLAIN, units_things(text->pool, tally->objects, "object"));
        pad_to(text, INDENT + 36);
        put(text, PLAIN, units_size(text->pool, tally->bytes));
        pad_to(text, INDENT + 50);
        put(text, PLAIN, units_things(text->pool, tally->findings, "finding"));
        new_line(text);
    }
}

static void notes(struct text *text) {
    for (size_t i = 0; i < text->report->note_count; i++) {
        const struct report_note *note = &text->report->notes[i];
        put(text, STRONG, "note: ");
        put(text, PLAIN, show_name(text, note->text));
        if (note_is_counted(note->code) || note->count > 1)
            put(text, PLAIN, pool_printf(text->pool, ": %s", units_count(text->pool, note->count)));
        if (*note->detail)
            put(text, PLAIN, pool_printf(text->pool, " (%s)", show_name(text, note->detail)));
        new_line(text);
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
    return show_name(text, label_stack(text->pool, step->stack));
}

static void path_lines(struct text *text, const struct report_path *path) {
    size_t count, label = 0, size = 0;
    const char **pieces = live_path(text->pool, path, text->view->utf8, &count);
    pad_to(text, INDENT);
    for (size_t i = 0; i < count; i++)
        wrapped(text, NAME, pieces[i]);
    new_line(text);
    for (size_t i = 0; i < path->step_count; i++) {
        label = max(label, escape_columns(step_label(text, &path->steps[i])));
        size = max(size, escape_columns(size_text(text, path->steps[i].size_bytes)));
    }
    size_t function = max(FUNCTION_COLUMN, INDENT + label + 2 + size + 3);
    for (size_t i = 0; i < path->step_count; i++) {
        const struct report_step *step = &path->steps[i];
        const char *bytes = size_text(text, step->size_bytes);
        if (i && step[-1].size_bytes == step->size_bytes && stack_equal(step[-1].stack, step->stack))
            continue;
        pad_to(text, INDENT);
        put(text, NAME, step_label(text, step));
        pad_to(text, INDENT + label + 2 + size - escape_columns(bytes));
        put(text, PLAIN, bytes);
        stack_lines(text, step->stack, function, function_width(text, step->stack, function));
    }
}

void text_stack(FILE *file, const struct stack *stack, const struct view *view) {
    struct pool scratch = {0};
    struct text text = {.file = file, .pool = &scratch, .view = view};
    stack_lines(&text, stack, INDENT, function_width(&text, stack, INDENT));
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
    new_line(&text);
    findings(&text);
    if (text.lines > 2 && (report->profile.known || report->profile.has_holders))
        new_line(&text);
    profile_text(file, &scratch, report, view);
    sums(&text);
    counts_line(&text);
    notes(&text);
    if (text.lines > 2 || report->profile.known || report->profile.has_holders)
        new_line(&text);
    text_gate_end(file, &scratch, report, view);
    if (report->processes)
        fprintf(file, "SUMMARY: castaway: %" PRIu64 " byte(s) leaked in %" PRIu64 " allocation(s).\n", lost.bytes,
                lost.objects);
    pool_free(&scratch);
}
