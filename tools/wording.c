/* wording.c - sentences about findings.
 *
 * Never: puts anything of the target's into a sentence unescaped.
 * Start: wording_message(). */
#include "wording.h"

#include "breaks.h"
#include "demangle.h"
#include "escape.h"
#include "label.h"
#include "live_text.h"
#include "location.h"
#include "units.h"

#include <inttypes.h>

enum { CYCLE_HEAD = 4, CYCLE_SHOWN_MAX = 8 };

const char *wording_function(struct pool *pool, const struct stack_frame *frame) {
    return frame && frame->function ? escape_text(pool, demangle_short(pool, frame->function), true) : "??";
}

const char *wording_place(struct pool *pool, const struct stack_frame *frame) {
    if (frame->file_short && frame->line > 0)
        return pool_printf(pool, "%s:%d", escape_text(pool, frame->file_short, true), frame->line);
    if (frame->file_short)
        return escape_text(pool, frame->file_short, true);
    if (frame->module)
        return pool_printf(pool, "%s+0x%" PRIx64, escape_text(pool, path_base(frame->module), true), frame->offset);
    return pool_printf(pool, "0x%" PRIx64, frame->offset);
}

const char *wording_member(struct pool *pool, const struct report_entry *entry) {
    if (entry->layout.member)
        return pool_printf(pool, ".%s", escape_text(pool, entry->layout.member, true));
    return pool_printf(pool, "+0x%02" PRIx64, entry->offset);
}

const char *wording_sizes(struct pool *pool, struct sizes sizes, uint64_t sum_bytes) {
    if (!sizes.known)
        return pool_printf(pool, "%s in all", units_things(pool, sum_bytes, "byte"));
    if (sizes_are_one(sizes))
        return units_things(pool, sizes.least, "byte");
    return pool_printf(pool, "%s to %s", units_count(pool, sizes.least), units_things(pool, sizes.largest, "byte"));
}

static const char *edge(struct pool *pool, const struct report_entry *entry, const char *label) {
    const char *target = entry->target_offset ? pool_printf(pool, "+0x%02" PRIx64, entry->target_offset) : "";
    return pool_printf(pool, " -(%s)-> %s%s", wording_member(pool, entry), label, target);
}

static const char **escaped_labels(struct pool *pool, const struct report_finding *finding) {
    const char **labels = label_cycle(pool, finding);
    for (size_t i = 0; i < finding->cycle_listed; i++)
        labels[i] = escape_text(pool, labels[i], true);
    return labels;
}

/* The way round with its members or offsets, cut in the middle when it is long. */
static const char *cycle_way(struct pool *pool, const struct report_finding *finding) {
    size_t listed = finding->cycle_listed;
    const char **labels = escaped_labels(pool, finding), *way = labels[0];
    bool is_long = finding->cycle_length > CYCLE_SHOWN_MAX;
    size_t head = is_long && listed > CYCLE_HEAD ? CYCLE_HEAD : listed;
    for (size_t i = 0; i < head; i++)
        way = pool_printf(pool, "%s%s", way, edge(pool, &finding->cycle[i], labels[(i + 1) % listed]));
    if (is_long)
        way = pool_printf(pool, "%s ... %s more ... -> %s", way, units_count(pool, finding->cycle_length - head - 1),
                          labels[0]);
    return way;
}

/* What stands there more than once is named once: a ring may be longer in the next run. */
static const char *cycle_name(struct pool *pool, const struct report_finding *finding) {
    const char **labels = escaped_labels(pool, finding), *name = labels[0];
    bool *named = pool_array(pool, finding->part_count, sizeof *named);
    size_t shown = 0;
    for (size_t i = 0; i < finding->cycle_listed && shown <= CYCLE_SHOWN_MAX; i++) {
        size_t part = finding->cycle[i].part;
        if (named[part])
            continue;
        named[part] = true;
        if (shown++)
            name = shown > CYCLE_SHOWN_MAX ? pool_printf(pool, "%s ...", name)
                                           : pool_printf(pool, "%s -> %s", name, labels[i]);
    }
    return pool_printf(pool, "%s -> %s", name, labels[0]);
}

/* The function that a stack is named after: the one whose line it is pinned to. */
static const char *maker_of(struct pool *pool, const struct stack *stack) {
    struct location location = location_of_stack(pool, stack, location_root(pool));
    if (!location.frame)
        return "no stack known";
    return location.frame->function ? wording_function(pool, location.frame) : wording_place(pool, location.frame);
}

static const char *maker(struct pool *pool, const struct report_finding *finding) {
    return maker_of(pool, finding->stack);
}

const char *wording_dangling(struct pool *pool, const struct report_finding *finding) {
    const struct report_dangling *dangling = finding->dangling;
    const char *freed = "", *place = "";
    bool one = finding->count == 1;
    if (dangling->target)
        freed = pool_printf(pool, " made by %s", maker_of(pool, dangling->target));
    if (dangling->holder)
        place = pool_printf(pool, ", from %s into %s made by %s", units_size(pool, dangling->offset),
                            one ? "an object" : "objects", maker_of(pool, dangling->holder));
    return pool_printf(pool, "%s at %s%s%s", one ? "points" : "point", one ? "a freed object" : "freed objects", freed,
                       place);
}

const char *wording_name(struct pool *pool, const struct report_finding *finding) {
    const char *word = kind_word(finding->kind);
    if (finding->kind == KIND_CYCLE)
        return pool_printf(pool, "%s %s", word, cycle_name(pool, finding));
    return pool_printf(pool, "%s: %s", word, maker(pool, finding));
}

static const char *cycle_message(struct pool *pool, const struct report_finding *finding) {
    const char *size = units_size(pool, finding->bytes), *way = cycle_way(pool, finding);
    if (finding->count < 2)
        return pool_printf(pool, "cycle of %s, %s: %s", units_things(pool, finding->objects, "object"), size, way);
    return pool_printf(pool, "%s, %s, %s: %s", units_things(pool, finding->count, "cycle"),
                       units_things(pool, finding->objects, "object"), size, way);
}

const char *wording_message(struct pool *pool, const struct report_finding *finding) {
    const char *indirect = "";
    if (finding->indirect_objects)
        indirect = pool_printf(pool, "; %s more reached only from %s", units_size(pool, finding->indirect_bytes),
                               finding->objects == 1 ? "it" : "them");
    if (finding->kind == KIND_CYCLE)
        return pool_printf(pool, "%s%s", cycle_message(pool, finding), indirect);
    if (finding->growth)
        return pool_printf(pool, "%s, %s, from %s: %s", units_things(pool, finding->objects, "object"),
                           units_size(pool, finding->bytes), maker(pool, finding), live_growth(pool, finding->growth));
    if (finding->dangling)
        return pool_printf(pool, "%s, made weak by %s, %s", units_things(pool, finding->objects, "slot"),
                           maker(pool, finding), wording_dangling(pool, finding));
    return pool_printf(pool, "%s %s, %s, from %s%s", units_things(pool, finding->objects, "object"),
                       kind_word(finding->kind), units_size(pool, finding->bytes), maker(pool, finding), indirect);
}

const char *wording_advice(struct pool *pool, const struct report_finding *finding) {
    const char *advice = finding->refs.known ? breaks_line(pool, finding, false) : NULL;
    return advice ? escape_text(pool, advice, true) : NULL;
}

const char *wording_fingerprint(struct pool *pool, const struct report_finding *finding) {
    return pool_printf(pool, "%016" PRIx64, finding->fingerprint);
}

const char *wording_program(struct pool *pool, const struct report *report) {
    return report->argc ? escape_text(pool, path_base(report->argv[0]), true) : "?";
}
