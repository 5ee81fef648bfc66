/* text_cycle.c - see the header.
 *
 * Owns:  nothing.
 * Never: lists more than CYCLE_SHOWN_MAX objects of one cycle.
 * Start: text_cycle_lines(). */
#include "text_cycle.h"

#include "escape.h"
#include "label.h"
#include "units.h"
#include "wording.h"

#include <inttypes.h>

enum {
    CYCLE_SHOWN_MAX = 8, /* a longer one is shown by its start and its end */
    CYCLE_HEAD = 4,
};

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

static void put_edge(struct text *text, const struct report_entry *from, const char *label) {
    char target[32] = "";
    const char *place = text_name(text, wording_member(text->pool, from));
    if (from->target_offset)
        snprintf(target, sizeof target, "+0x%02" PRIx64, from->target_offset);
    text_wrapped(text, NAME,
                 pool_printf(text->pool, "%s%s%s %s%s", text_either(text, " ─(", " -("), place,
                             text_either(text, ")→", ")->"), label, target));
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
    const char *dots = text_either(text, " … ", " ... ");
    text_pad(text, TEXT_INDENT);
    text_put(text, NAME, labels[0]);
    for (size_t i = 0; i < head; i++)
        put_edge(text, &finding->cycle[i], labels[uniform ? 0 : (i + 1) % listed]);
    if (is_long) {
        text_wrapped(text, FAINT,
                     pool_printf(text->pool, "%s%s more%s", dots,
                                 units_count(text->pool, finding->cycle_length - head - 1), dots));
        if (whole)
            put_edge(text, &finding->cycle[listed - 1], labels[0]);
        else
            text_wrapped(text, NAME, labels[0]);
    }
    if (uniform || is_long)
        text_wrapped(text, STRONG, pool_printf(text->pool, "%s%s", uniform ? dots : "   ", length_text(text, finding)));
    text_new_line(text);
    if (finding->group_objects_max > finding->cycle_length_max) {
        text_pad(text, TEXT_INDENT);
        text_put(text, FAINT,
                 pool_printf(text->pool, "(the smallest cycle of a group of %s%s)", finding->count > 1 ? "up to " : "",
                             units_things(text->pool, finding->group_objects_max, "object")));
        text_new_line(text);
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

static const char *entry_size(struct text *text, const struct report_entry *entry) {
    return wording_sizes(text->pool, entry->sizes, entry->bytes);
}

static void entry_lines(struct text *text, const struct report_finding *finding, const char **labels, size_t index,
                        const struct entry_columns *columns) {
    const struct report_entry *entry = &finding->cycle[index];
    const char *size = entry_size(text, entry);
    size_t first = first_like(finding, index);
    text_pad(text, TEXT_INDENT);
    text_put(text, NAME, labels[index]);
    text_pad(text, TEXT_INDENT + columns->label + 2 + columns->size - escape_columns(size));
    text_put(text, PLAIN, size);
    if (first == index)
        return text_stack_lines(text, entry->stack, columns->function,
                                text_function_width(text, entry->stack, columns->function));
    text_pad(text, columns->function);
    text_put(text, FAINT, pool_printf(text->pool, "as %s", labels[first]));
    text_new_line(text);
}

void text_cycle_lines(struct text *text, const struct report_finding *finding) {
    const char **labels = label_cycle(text->pool, finding);
    size_t shown = finding->cycle_listed < CYCLE_SHOWN_MAX ? finding->cycle_listed : CYCLE_SHOWN_MAX;
    struct entry_columns columns = {0};
    for (size_t i = 0; i < finding->cycle_listed; i++)
        labels[i] = text_name(text, labels[i]);
    cycle_line(text, finding, labels);
    if (is_uniform(finding))
        shown = 1;
    for (size_t i = 0; i < shown; i++) {
        columns.label = text_larger(columns.label, escape_columns(labels[i]));
        columns.size = text_larger(columns.size, escape_columns(entry_size(text, &finding->cycle[i])));
    }
    columns.function = text_larger(TEXT_FUNCTION_COLUMN, TEXT_INDENT + columns.label + 2 + columns.size + 3);
    for (size_t i = 0; i < shown; i++)
        entry_lines(text, finding, labels, i, &columns);
}
