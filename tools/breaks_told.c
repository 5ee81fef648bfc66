/* breaks_told.c - which references to make weak, in words and in JSON. Shapes: README.md, "JSON".
 *
 * Start: breaks_line(), breaks_json(). */
#include "breaks.h"
#include "json.h"
#include "label.h"
#include "units.h"

#include <inttypes.h>
#include <string.h>

enum { PARTS_SHOWN = 4 };

/* ---- words ---- */

/* An object of the cycle by its name there, another one and those of a class by what they are. */
static const char *label_of(struct pool *pool, const struct report_finding *finding, const char **labels,
                            const struct report_break *part, bool target) {
    size_t entry = target ? part->is.to_entry : part->is.from_entry;
    if (part->is.references == 1 && entry < finding->cycle_listed)
        return labels[entry];
    const char *type = target ? part->to_type : part->from_type;
    const char *label = type ? type : label_stack(pool, target ? part->to : part->from);
    for (size_t i = 0; part->is.references == 1 && i < finding->cycle_listed; i++)
        if (!strcmp(labels[i], label))
            return pool_printf(pool, "another %s", label);
    return label;
}

static const char *part_words(struct pool *pool, const struct report_finding *finding, const char **labels,
                              const struct report_break *part, bool utf8) {
    const char *place =
        part->member ? pool_printf(pool, ".%s", part->member) : pool_printf(pool, "+0x%02" PRIx64, part->is.offset);
    const char *words = pool_printf(pool, "%s%s %s %s", label_of(pool, finding, labels, part, false), place,
                                    utf8 ? "→" : "->", label_of(pool, finding, labels, part, true));
    if (part->is.references < 2)
        return words;
    return pool_printf(pool, "%s (%s)", words, units_things(pool, part->is.references, "reference"));
}

const char *breaks_line(struct pool *pool, const struct report_finding *finding, bool utf8) {
    const struct report_breaks *breaks = &finding->breaks;
    if (!breaks->count)
        return NULL;
    const char **labels = label_cycle(pool, finding), *line = "to break it:";
    const struct report_break *best = &breaks->list[0];
    size_t parts = breaks_parts(breaks, best->is.set), shown = parts > PARTS_SHOWN ? PARTS_SHOWN - 1 : parts;
    for (size_t i = 0; i < shown; i++)
        line = pool_printf(pool, "%s%s %s", line,
                           !i               ? ""
                           : i + 1 == parts ? " and"
                                            : ",",
                           part_words(pool, finding, labels, &best[i], utf8));
    if (shown < parts)
        line = pool_printf(pool, "%s and %zu more", line, parts - shown);
    return pool_printf(pool, "%s %s %s, %s%s%s", line, parts > 1 ? "together free" : "frees",
                       units_things(pool, best->is.frees_objects, "object"), units_size(pool, best->is.frees_bytes),
                       best->is.frees_all ? "" : ", not the whole group",
                       breaks->complete ? "" : " (the search was cut short: less may do)");
}

/* ---- JSON ---- */

json_t *breaks_json(struct pool *pool, const struct report_finding *finding, const struct view *view) {
    json_t *list = json_array();
    const char **labels = label_cycle(pool, finding);
    for (size_t i = 0; i < finding->breaks.count; i++) {
        const struct report_break *part = &finding->breaks.list[i];
        json_t *object = json_object();
        json_object_set_new(object, "set", json_number(part->is.set));
        json_object_set_new(object, "from", json_text(pool, label_of(pool, finding, labels, part, false)));
        json_object_set_new(object, "offset", json_number(part->is.offset));
        json_object_set_new(object, "member", json_text(pool, part->member));
        json_object_set_new(object, "to", json_text(pool, label_of(pool, finding, labels, part, true)));
        json_object_set_new(object, "references", json_number(part->is.references));
        json_object_set_new(object, "frees_objects", json_number(part->is.frees_objects));
        json_object_set_new(object, "frees_bytes", json_number(part->is.frees_bytes));
        json_object_set_new(object, "frees_all", json_boolean(part->is.frees_all));
        json_object_set_new(object, "stack", part->taker ? json_stack(pool, part->taker, view) : json_array());
        json_array_append_new(list, object);
    }
    return list;
}
