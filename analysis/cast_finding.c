/* cast_finding.c - write the findings of a recording: cycles, references and types, what to make weak.
 *
 * Owns:    nothing.      Never: passes on a string of the target's that was not escaped.
 * Runs in: snapshot child, unit tests, tools.
 * Start:   cast_finding(), cast_refs(); each writes one line.  Format: README.md, "Recording". */
#include "cast_line.h"

static void put_cycle(struct cast_sink *sink, const struct finding *finding) {
    line_count(sink, "length", finding->cycle_length);
    if (finding->cycle_length_max > finding->cycle_length)
        line_count(sink, "length_max", finding->cycle_length_max);
    line_count(sink, "group_objects_max", finding->group_objects_max);
    line_key(sink, "cycle");
    line_put(sink, "[");
    for (size_t i = 0; i < finding->cycle_listed; i++) {
        const struct cycle_edge *edge = &finding->cycle[i];
        line_put(sink, i ? "," : "");
        line_first(sink, "site", edge->site);
        line_count(sink, "size", edge->size_bytes);
        line_count(sink, "offset", edge->offset);
        line_count(sink, "target_offset", edge->target_offset);
        if (edge->size_max_bytes != edge->size_bytes || edge->bytes != finding->count * edge->size_bytes) {
            line_count(sink, "size_max", edge->size_max_bytes);
            line_count(sink, "sum", edge->bytes);
        }
        if (edge->type)
            line_text(sink, "type", edge->type);
        line_put(sink, "}");
    }
    line_put(sink, "]");
}

static void put_sizes(struct cast_sink *sink, const struct finding *finding) {
    line_count(sink, "size_min", finding->size_min_bytes);
    line_count(sink, "size_max", finding->size_max_bytes);
}

/* ---- what is known of references and types ---- */

static void put_types(struct cast_sink *sink, const struct blame *blame) {
    line_key(sink, "types");
    line_put(sink, "[");
    for (size_t i = 0; i < blame->type_count; i++) {
        line_put(sink, i ? "," : "");
        line_first(sink, "objects", blame->types[i].objects);
        line_count(sink, "bytes", blame->types[i].bytes);
        line_count(sink, "collectable", blame->types[i].collected);
        line_text(sink, "type", blame->types[i].name);
        line_put(sink, "}");
    }
    line_put(sink, "]");
}

static enum refs_verdict verdict_of(enum kind kind, const struct blame *blame) {
    if (kind == KIND_OVER_UNREF)
        return REFS_OVER_UNREF;
    if (kind == KIND_MISSING_UNREF)
        return REFS_MISSING_UNREF;
    return audit_verdict(blame->count, blame->found_inside, blame->found_outside);
}

static void put_references(struct cast_sink *sink, enum kind kind, const struct blame *blame) {
    line_key(sink, "refs");
    line_first(sink, "count", blame->count);
    line_count(sink, "found_inside", blame->found_inside);
    line_count(sink, "found_outside", blame->found_outside);
    line_text(sink, "verdict", refs_verdict_word(verdict_of(kind, blame)));
    line_text(sink, "source", count_source_word(blame->source));
    line_key(sink, "unmatched");
    line_put(sink, "[]}");
}

static void put_entry(struct cast_sink *sink, const char *key, size_t entry) {
    if (entry != REFERENCE_OFF_CYCLE)
        line_count(sink, key, entry);
}

static void put_break(struct cast_sink *sink, const struct break_set *set, size_t number,
                      const struct break_part *part) {
    line_first(sink, "set", number);
    put_entry(sink, "entry", part->entry);
    put_entry(sink, "from_entry", part->from_entry);
    put_entry(sink, "to_entry", part->to_entry);
    line_count(sink, "site", part->from_site);
    line_count(sink, "size", part->from_size);
    line_count(sink, "offset", part->offset);
    if (part->from_type)
        line_text(sink, "type", part->from_type);
    line_count(sink, "to_site", part->to_site);
    line_count(sink, "to_size", part->to_size);
    if (part->to_type)
        line_text(sink, "to_type", part->to_type);
    line_count(sink, "references", part->references);
    line_count(sink, "frees_objects", set->frees_objects);
    line_count(sink, "frees_bytes", set->frees_bytes);
    line_count(sink, "frees_all", (uint64_t)set->frees_all);
    line_put(sink, "}");
}

static void put_breaks(struct cast_sink *sink, const struct breaks *breaks) {
    size_t written = 0;
    line_count(sink, "break_complete", (uint64_t)breaks->is_complete);
    line_key(sink, "break");
    line_put(sink, "[");
    for (size_t i = 0; i < breaks->count; i++)
        for (size_t p = 0; p < breaks->set[i].part_count; p++) {
            line_put(sink, written++ ? "," : "");
            put_break(sink, &breaks->set[i], i + 1, &breaks->set[i].part[p]);
        }
    line_put(sink, "]");
}

static void put_blame(struct cast_sink *sink, enum kind kind, const struct blame *blame) {
    unsigned proofs = blame->counted ? blame->proofs : PROOF_MARKING;
    line_count(sink, "kept", blame->kept_objects);
    line_key(sink, "proofs");
    line_put(sink, proofs & PROOF_MARKING ? "[\"marking\"" : "[");
    line_put(sink, proofs == (PROOF_MARKING | PROOF_SUBTRACTION) ? "," : "");
    line_put(sink, proofs & PROOF_SUBTRACTION ? "\"subtraction\"]" : "]");
    if (blame->counted)
        put_references(sink, kind, blame);
    if (blame->type_count)
        put_types(sink, blame);
    if (blame->breaks && blame->breaks->count)
        put_breaks(sink, blame->breaks);
}

static void put_age(struct cast_sink *sink, const struct age *age) {
    line_count(sink, "generation", age->generation);
    line_number(sink, "born_us", age->born_us);
    line_key(sink, "lost_between");
    line_first(sink, "scan_a", age->scan_a);
    line_count(sink, "scan_b", age->scan_b);
    line_number(sink, "us_a", age->a_us);
    line_number(sink, "us_b", age->b_us);
    line_put(sink, "}");
}

void cast_finding(struct cast_sink *sink, const struct finding *finding) {
    line_open(sink, "finding");
    line_text(sink, "kind", kind_word(finding->kind));
    line_count(sink, "site", finding->site);
    line_count(sink, "count", finding->count);
    line_count(sink, "objects", finding->objects);
    line_count(sink, "bytes", finding->bytes);
    line_count(sink, "indirect_objects", finding->indirect_objects);
    line_count(sink, "indirect_bytes", finding->indirect_bytes);
    if (finding->kind == KIND_CYCLE)
        put_cycle(sink, finding);
    else
        put_sizes(sink, finding);
    if (finding->kind == KIND_CYCLE || finding->kind == KIND_LOST)
        put_age(sink, &finding->age);
    if (finding->type)
        line_text(sink, "type", finding->type);
    if (finding->blame)
        put_blame(sink, finding->kind, finding->blame);
    line_close(sink);
}

/* ---- histories of counts ---- */

static void put_balances(struct cast_sink *sink, const char *key, const struct cast_balance *list, size_t count) {
    line_key(sink, key);
    line_put(sink, "[");
    for (size_t i = 0; i < count; i++) {
        line_put(sink, i ? ",{\"balance\":" : "{\"balance\":");
        line_signed(sink, (uint64_t)list[i].balance);
        line_count(sink, "site", list[i].site);
        line_put(sink, "}");
    }
    line_put(sink, "]");
}

static void put_sites(struct cast_sink *sink, const char *key, const uint32_t *sites, size_t count) {
    line_key(sink, key);
    line_put(sink, "[");
    for (size_t i = 0; i < count; i++) {
        line_put(sink, i ? "," : "");
        line_unsigned(sink, sites[i]);
    }
    line_put(sink, "]");
}

void cast_refs(struct cast_sink *sink, const struct cast_refs *refs) {
    line_open(sink, "refs");
    line_count(sink, "finding", refs->finding);
    line_count(sink, "objects", refs->objects);
    line_number(sink, "count", refs->count);
    line_count(sink, "dropped", refs->dropped);
    put_balances(sink, "balances", refs->balances, refs->balance_count);
    put_balances(sink, "unmatched", refs->unmatched, refs->unmatched_count);
    line_text(sink, "source", count_source_word(refs->source));
    put_sites(sink, "break_sites", refs->break_sites, refs->break_count);
    if (refs->type)
        line_text(sink, "type", refs->type);
    if (refs->finalizer)
        line_text(sink, "finalizer", refs->finalizer);
    line_close(sink);
}
