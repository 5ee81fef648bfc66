/* top_screen.c - one frame of `castaway top` as lines of text.
 *
 * Start: top_draw(). */
#include "top_screen.h"

#include "demangle.h"
#include "escape.h"
#include "live_text.h"
#include "units.h"
#include "writers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_LINES = 3, FOOT_LINES = 1, FRAMES_SHOWN = 64, CALLERS_SHOWN = 3 };

static const char *const order_names[TOP_ORDERS] = {
    [TOP_BY_BYTES] = "bytes", [TOP_BY_OBJECTS] = "objects", [TOP_BY_GROWTH] = "growth",
    [TOP_BY_AGE] = "age",     [TOP_BY_NAME] = "name",
};
static const char *const help_text[] = {
    "Tab        sites, or findings",
    "up, down   select a row; also j, k, PgUp, PgDn, Home, End",
    "Enter      the row's stack, and for what grows the path that holds it",
    "Esc        back",
    "s          sort by the next of bytes, objects, growth, age, name",
    "b o g a n  sort by one of them",
    "/          filter: part of a function, file, module or kind; Enter keeps it, Esc drops it",
    "p          pause, go on",
    "r          ask now",
    "?          this help",
    "q          quit",
    "",
    "BYTES and OBJECTS are alive now. A MINUTE is how the bytes grew while top watched.",
    "YOUNG, MIDDLE and OLD share out the objects by generation: what survived no scan,",
    "one, and more of the program's heap. FINDINGS are confirmed: lost, cycle, growing;",
    "LOST FOR is the time since the scan that found them.",
};

/* ---- lines ---- */

/* As much of an escaped text as fits. */
static const char *cut(struct pool *pool, const char *text, size_t width, bool utf8) {
    size_t length = 0, columns = 0;
    if (escape_columns(text) <= width)
        return text;
    while (text[length] && columns + 1 < width) {
        unsigned code_point;
        size_t bytes = escape_utf8(text + length, &code_point);
        bytes = bytes ? bytes : 1;
        columns += escape_columns(pool_strndup(pool, text + length, bytes));
        if (columns + 1 <= width)
            length += bytes;
    }
    return width ? pool_printf(pool, "%.*s%s", (int)length, text, utf8 ? "…" : "~") : "";
}

static void add(struct top_lines *lines, const struct top_view *view, enum top_style style, const char *text) {
    lines->list = pool_grow(lines->pool, lines->list, lines->count, &lines->capacity, sizeof *lines->list);
    lines->list[lines->count++] =
        (struct top_line){.style = style, .text = cut(lines->pool, text, view->width, view->utf8)};
}

/* ---- the head ---- */

static void head(struct top *top, const struct top_view *view, struct top_lines *lines) {
    struct pool *pool = lines->pool;
    const struct rec_status *status = &top->recording.status;
    uint64_t objects = 0, bytes = 0;
    for (size_t i = 0; i < GENERATIONS; i++) {
        objects = count_add(objects, status->generations[i].objects);
        bytes = count_add(bytes, status->generations[i].bytes);
    }
    add(lines, view, TOP_TITLE,
        pool_printf(pool, "castaway top: %s: %s, %s, watched for %s", view->program,
                    units_things(pool, objects, "object"), units_size(pool, bytes),
                    live_seconds(pool, (int64_t)status->recorded_us)));
    add(lines, view, TOP_PLAIN,
        pool_printf(pool,
                    "scans %" PRIu64 "/%" PRIu64 "/%" PRIu64 ", pause p99 %.1f ms; suspects %s, confirmed %s, "
                    "withdrawn %s, freed %s",
                    status->generations[0].scans, status->generations[1].scans, status->generations[2].scans,
                    (double)status->pause_us_p99 / 1e3, units_count(pool, status->suspects),
                    units_count(pool, status->confirmed), units_count(pool, status->withdrawn),
                    units_count(pool, status->freed_by_program)));
}

static void tabs(const struct top *top, const struct top_view *view, struct top_lines *lines) {
    struct pool *pool = lines->pool;
    bool sites = view->list == TOP_SITES;
    const char *filter = escape_text(pool, view->filter, view->utf8);
    add(lines, view, TOP_PLAIN,
        pool_printf(pool, "%sSITES %zu%s  %sFINDINGS %zu%s  by %s%s%s%s%s", sites ? "[" : " ",
                    top->row_count[TOP_SITES], sites ? "]" : " ", sites ? " " : "[", top->row_count[TOP_FINDINGS],
                    sites ? " " : "]", order_names[view->order[view->list]], view->paused ? "; PAUSED" : "",
                    *filter || view->typing ? "; filter: " : "", filter, view->typing ? "_" : ""));
}

/* ---- rows ---- */

static const char *rate(struct pool *pool, const struct top_row *row) {
    if (!row->has_rate)
        return "-";
    uint64_t size = row->bytes_per_minute < 0 ? (uint64_t)-row->bytes_per_minute : (uint64_t)row->bytes_per_minute;
    return pool_printf(pool, "%s%s", row->bytes_per_minute < 0 ? "-" : "+", units_size(pool, size));
}

static const char *share(struct pool *pool, const struct top_row *row, size_t generation) {
    if (!row->objects || !row->by_generation[generation])
        return "-";
    double percent = (double)row->by_generation[generation] * 100 / (double)row->objects;
    return percent < 1 ? "<1%" : pool_printf(pool, "%.0f%%", percent);
}

/* The function that allocates, and who called it: many stacks begin alike. */
static const char *made_by(struct top *top, struct pool *pool, const struct top_row *row, bool utf8) {
    const struct stack *stack = top_stack(top, row);
    const char *text = escape_text(pool, demangle_short(pool, top_name(top, row)), utf8);
    if (stack->frame_count && stack->frames[0].file_short)
        text = pool_printf(pool, "%s %s:%d", text, escape_text(pool, stack->frames[0].file_short, utf8),
                           stack->frames[0].line);
    for (size_t i = 1; i < stack->named_count && i <= CALLERS_SHOWN; i++)
        text = pool_printf(pool, "%s %s %s", text, utf8 ? "←" : "<-",
                           stack->frames[i].function
                               ? escape_text(pool, demangle_short(pool, stack->frames[i].function), utf8)
                               : "??");
    return text;
}

static const char *site_text(struct top *top, struct pool *pool, const struct top_row *row, bool utf8) {
    return pool_printf(pool, "%10s %11s %11s %5s %6s %4s  %s", units_size(pool, row->bytes),
                       units_count(pool, row->objects), rate(pool, row), share(pool, row, 0), share(pool, row, 1),
                       share(pool, row, 2), made_by(top, pool, row, utf8));
}

static const char *finding_text(struct top *top, struct pool *pool, const struct top_row *row, bool utf8) {
    char fingerprint[12] = "";
    if (row->finding)
        snprintf(fingerprint, sizeof fingerprint, "%08x", (unsigned)(row->finding->fingerprint >> 32));
    return pool_printf(pool, "%10s %11s %11s %-7s %10s  %s", units_size(pool, row->bytes),
                       units_count(pool, row->objects), rate(pool, row), top_kind(row),
                       row->lost_us >= 0 ? live_seconds(pool, row->lost_us) : "-", made_by(top, pool, row, utf8));
}

static const char *row_text(struct top *top, struct pool *pool, enum top_list list, const struct top_row *row,
                            bool utf8) {
    return (list == TOP_SITES ? site_text : finding_text)(top, pool, row, utf8);
}

static const char *columns_text(struct pool *pool, enum top_list list) {
    return list == TOP_SITES ? pool_printf(pool, "%10s %11s %11s %5s %6s %4s  %s", "BYTES", "OBJECTS", "A MINUTE",
                                           "YOUNG", "MIDDLE", "OLD", "MADE BY")
                             : pool_printf(pool, "%10s %11s %11s %-7s %10s  %s", "BYTES", "OBJECTS", "A MINUTE", "KIND",
                                           "LOST FOR", "MADE BY");
}

/* ---- pages ---- */

/* The selected row may have moved, or gone: then the one in its place is selected. */
static void follow_selection(struct top *top, struct top_view *view, size_t room) {
    const struct top_row *rows = top->rows[view->list];
    for (size_t i = 0; i < view->rows && view->key; i++)
        if (rows[i].key == view->key)
            view->selected = i;
    if (view->selected >= view->rows)
        view->selected = view->rows ? view->rows - 1 : 0;
    if (view->selected < view->first)
        view->first = view->selected;
    if (view->selected >= view->first + room)
        view->first = view->selected - room + 1;
    if (view->first + room > view->rows)
        view->first = view->rows > room ? view->rows - room : 0;
    view->key = view->rows ? rows[view->selected].key : 0;
}

static void list_page(struct top *top, struct top_view *view, struct top_lines *lines) {
    size_t room = view->height > HEAD_LINES + 1 + FOOT_LINES ? view->height - HEAD_LINES - 1 - FOOT_LINES : 1;
    follow_selection(top, view, room);
    add(lines, view, TOP_HEADER, columns_text(lines->pool, view->list));
    for (size_t i = view->first; i < view->rows && i < view->first + room; i++)
        add(lines, view, i == view->selected ? TOP_SELECTED : TOP_PLAIN,
            row_text(top, lines->pool, view->list, &top->rows[view->list][i], view->utf8));
    if (!view->rows)
        add(lines, view, TOP_PLAIN, *view->filter ? "  (none passes the filter)" : "  (none)");
}

/* What the text report says of a row. */
static void write_row(FILE *file, struct top *top, const struct top_row *row, const struct view *text_view,
                      struct pool *pool) {
    if (row->finding) {
        struct report one = {.pool = pool, .kinds = KINDS_ALL, .live = top->report.live};
        one.findings = (struct report_finding *)row->finding;
        one.finding_count = 1;
        text_findings(file, &one, text_view);
        return;
    }
    if (row->growth) {
        struct report_path path = report_path(&top->report, &row->growth->path);
        path.population = row->growth->objects;
        fprintf(file, "Grew in each of %s, by %s a minute. The path that holds it:\n\n",
                units_things(pool, row->growth->scans, "scan"), units_size(pool, row->growth->bytes_per_minute));
        if (*path.root_kind)
            text_path(file, &path, text_view);
        else
            fputs("    (none was found)\n", file);
        fputc('\n', file);
    }
    fputs("Allocated at:\n\n", file);
    text_stack(file, top_stack(top, row), text_view);
}

static void row_page(struct top *top, struct top_view *view, struct top_lines *lines) {
    struct view text_view = {.show = KINDS_ALL, .frames_max = FRAMES_SHOWN, .columns = view->width, .utf8 = view->utf8};
    char *text = NULL, *rest = NULL;
    size_t length = 0, number = 0;
    size_t room = view->height > HEAD_LINES + 1 + FOOT_LINES ? view->height - HEAD_LINES - 1 - FOOT_LINES : 1;
    list_page(top, view, lines);
    lines->count = HEAD_LINES;
    FILE *file = view->rows ? open_memstream(&text, &length) : NULL;
    if (!file)
        return;
    const struct top_row *row = &top->rows[view->list][view->selected];
    add(lines, view, TOP_HEADER, columns_text(lines->pool, view->list));
    add(lines, view, TOP_SELECTED, row_text(top, lines->pool, view->list, row, view->utf8));
    fputc('\n', file);
    write_row(file, top, row, &text_view, lines->pool);
    fclose(file);
    size_t total = 0;
    for (const char *at = text; (at = strchr(at, '\n')); at++)
        total++;
    room -= room > 1; /* the row itself */
    view->scroll_max = total > room ? total - room : 0;
    if (view->scroll > view->scroll_max)
        view->scroll = view->scroll_max;
    for (char *at = text; at && *at && lines->count + FOOT_LINES < view->height; at = rest) {
        rest = strchr(at, '\n');
        if (rest)
            *rest++ = '\0';
        if (number++ >= view->scroll)
            add(lines, view, TOP_PLAIN, pool_strdup(lines->pool, at));
    }
    free(text);
}

static void help_page(const struct top_view *view, struct top_lines *lines) {
    add(lines, view, TOP_HEADER, "KEYS");
    for (size_t i = 0; i < sizeof help_text / sizeof *help_text; i++)
        add(lines, view, TOP_PLAIN, help_text[i]);
}

static const char *foot(const struct top_view *view) {
    if (view->message)
        return view->message;
    if (view->typing)
        return "type a part of a name   Enter keep   Esc drop";
    return view->page == PAGE_LIST ? "q quit   Tab sites/findings   s sort   / filter   Enter stack   p pause   ? help"
                                   : "Esc back   up, down scroll   q quit";
}

void top_draw(struct top *top, struct top_view *view, struct top_lines *lines) {
    view->rows = top_arrange(top, view->list, view->order[view->list], view->filter);
    head(top, view, lines);
    tabs(top, view, lines);
    if (view->page == PAGE_LIST)
        list_page(top, view, lines);
    else if (view->page == PAGE_ROW)
        row_page(top, view, lines);
    else
        help_page(view, lines);
    if (lines->count + FOOT_LINES > view->height)
        lines->count = view->height > FOOT_LINES ? view->height - FOOT_LINES : 0;
    while (lines->count + FOOT_LINES < view->height)
        add(lines, view, TOP_PLAIN, "");
    add(lines, view, TOP_FOOTER, foot(view));
}

void top_draw_once(struct top *top, struct top_view *view, size_t most, struct top_lines *lines) {
    static const char *const titles[TOP_LISTS] = {[TOP_SITES] = "SITES", [TOP_FINDINGS] = "FINDINGS"};
    head(top, view, lines);
    for (int list = 0; list < TOP_LISTS; list++) {
        size_t rows = top_arrange(top, (enum top_list)list, TOP_BY_BYTES, "");
        add(lines, view, TOP_PLAIN, "");
        add(lines, view, TOP_TITLE, pool_printf(lines->pool, "%s %zu", titles[list], rows));
        add(lines, view, TOP_HEADER, columns_text(lines->pool, (enum top_list)list));
        for (size_t i = 0; i < rows && i < most; i++)
            add(lines, view, TOP_PLAIN,
                row_text(top, lines->pool, (enum top_list)list, &top->rows[list][i], view->utf8));
        if (rows > most)
            add(lines, view, TOP_PLAIN, pool_printf(lines->pool, "  and %zu more", rows - most));
    }
}
