/* refs_told.c - what reference counts say of a finding, in words and in JSON. Shapes: README.md, "JSON".
 *
 * Start: refs_lines(), refs_json(). */
#include "json.h"
#include "label.h"
#include "refs.h"
#include "units.h"

#include <inttypes.h>
#include <string.h>

/* ---- words ---- */

enum { TYPES_SHOWN = 6, LINES_MAX = 4 };

static const char *types_line(struct pool *pool, const struct rec_refs *refs, bool utf8) {
    const char *line = "made of", *times = utf8 ? "×" : "x";
    size_t shown = refs->type_count < TYPES_SHOWN ? refs->type_count : TYPES_SHOWN;
    for (size_t i = 0; i < shown; i++)
        line = pool_printf(pool, "%s%s %s %s %s", line, i ? "," : "", units_count(pool, refs->types[i].objects), times,
                           refs->types[i].type);
    return shown < refs->type_count ? pool_printf(pool, "%s and %zu more types", line, refs->type_count - shown) : line;
}

static const char *counts_line(struct pool *pool, const struct rec_refs *refs) {
    const char *count = units_things(pool, refs->count, "reference");
    uint64_t found = count_add(refs->found_inside, refs->found_outside);
    if (!strcmp(refs->verdict, "missing-unref"))
        return pool_printf(pool, "%s counted, %s found: %s never given back", count, units_count(pool, found),
                           units_count(pool, refs->count - (found < refs->count ? found : refs->count)));
    if (refs->kept)
        return pool_printf(pool, "%s counted, all found inside: kept only by words that own nothing", count);
    if (!strcmp(refs->verdict, "cycle"))
        return pool_printf(pool, "%s counted, all found inside", count);
    return pool_printf(pool, "%s counted, %s found", count, units_count(pool, found));
}

static size_t entry_of_rank(const struct report_finding *finding, size_t rank) {
    size_t at = 0;
    while (at < finding->cycle_listed && finding->cycle[at].rank != rank)
        at++;
    return at;
}

static const char *break_line(struct pool *pool, const struct report_finding *finding, const char **labels, bool utf8) {
    size_t best = entry_of_rank(finding, 1);
    const struct report_entry *entry = &finding->cycle[best];
    return pool_printf(pool, "to break it: %s+0x%02" PRIx64 " %s %s frees %s, %s", labels[best], entry->offset,
                       utf8 ? "→" : "->", labels[(best + 1) % finding->cycle_listed],
                       units_things(pool, entry->frees_objects, "object"), units_size(pool, entry->frees_bytes));
}

const char **refs_lines(struct pool *pool, const struct report_finding *finding, bool utf8) {
    const char **lines = pool_array(pool, LINES_MAX, sizeof *lines);
    const struct rec_refs *refs = &finding->refs;
    size_t count = 0;
    if (finding->kind != KIND_LOST && finding->kind != KIND_CYCLE)
        return lines;
    if (refs->type_count)
        lines[count++] = types_line(pool, refs, utf8);
    if (refs->known)
        lines[count++] = counts_line(pool, refs);
    if (refs->known && entry_of_rank(finding, 1) < finding->cycle_listed)
        lines[count++] = break_line(pool, finding, label_cycle(pool, finding), utf8);
    return lines;
}

/* ---- JSON ---- */

static json_t *counts_json(struct pool *pool, const struct rec_refs *refs) {
    json_t *object = json_object();
    json_object_set_new(object, "count", json_number(refs->count));
    json_object_set_new(object, "found_inside", json_number(refs->found_inside));
    json_object_set_new(object, "found_outside", json_number(refs->found_outside));
    json_object_set_new(object, "verdict", json_text(pool, refs->verdict));
    json_object_set_new(object, "source", json_text(pool, refs->source));
    json_object_set_new(object, "unmatched", json_array());
    return object;
}

static json_t *types_json(struct pool *pool, const struct rec_refs *refs) {
    json_t *types = json_array();
    for (size_t i = 0; i < refs->type_count; i++) {
        json_t *object = json_object();
        json_object_set_new(object, "type", json_text(pool, refs->types[i].type));
        json_object_set_new(object, "objects", json_number(refs->types[i].objects));
        json_object_set_new(object, "bytes", json_number(refs->types[i].bytes));
        json_object_set_new(object, "collectable", json_number(refs->types[i].collectable));
        json_array_append_new(types, object);
    }
    return types;
}

static json_t *break_json(struct pool *pool, const struct report_finding *finding) {
    json_t *breaks = json_array();
    const char **labels = label_cycle(pool, finding);
    for (size_t rank = 1, at; (at = entry_of_rank(finding, rank)) < finding->cycle_listed; rank++) {
        json_t *object = json_object();
        json_object_set_new(object, "from", json_text(pool, labels[at]));
        json_object_set_new(object, "offset", json_number(finding->cycle[at].offset));
        json_object_set_new(object, "member", json_null());
        json_object_set_new(object, "to", json_text(pool, labels[(at + 1) % finding->cycle_listed]));
        json_object_set_new(object, "frees_objects", json_number(finding->cycle[at].frees_objects));
        json_object_set_new(object, "frees_bytes", json_number(finding->cycle[at].frees_bytes));
        json_object_set_new(object, "stack", json_array());
        json_array_append_new(breaks, object);
    }
    return breaks;
}

void refs_json(struct pool *pool, json_t *object, const struct report_finding *finding) {
    const struct rec_refs *refs = &finding->refs;
    json_t *proofs = json_array();
    if (finding->kind != KIND_LOST && finding->kind != KIND_CYCLE) {
        json_decref(proofs);
        return;
    }
    if (refs->by_marking)
        json_array_append_new(proofs, json_string("marking"));
    if (refs->by_subtraction)
        json_array_append_new(proofs, json_string("subtraction"));
    json_object_set_new(object, "type", json_text(pool, finding->type));
    json_object_set_new(object, "types", types_json(pool, refs));
    json_object_set_new(object, "refs", refs->known ? counts_json(pool, refs) : json_null());
    json_object_set_new(object, "proofs", proofs);
    if (refs->kept)
        json_object_set_new(object, "kept_only_by", json_string("words that own nothing"));
    if (finding->kind == KIND_CYCLE)
        json_object_set_new(object, "break", break_json(pool, finding));
}
