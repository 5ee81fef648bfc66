/* recording_refs.c - the part of a finding that tells of types and reference counts.
 *
 * Start: reader_refs(), reader_history(). */
#include "recording_reader.h"

#include <string.h>

static void read_types(struct reader *reader, const json_t *list, struct rec_refs *refs) {
    refs->type_count = json_array_size(list);
    refs->types = pool_array(reader->pool, refs->type_count, sizeof *refs->types);
    for (size_t i = 0; i < refs->type_count; i++) {
        const json_t *value = json_array_get(list, i);
        refs->types[i] = (struct rec_type){
            .type = reader_string(reader, value, "type"),
            .objects = reader_count(reader, value, "objects"),
            .bytes = reader_count(reader, value, "bytes"),
            .collectable = reader_count(reader, value, "collectable"),
        };
    }
}

/* A number that a proposal may leave out. */
static uint64_t count_or(struct reader *reader, const json_t *value, const char *key, uint64_t without) {
    return json_object_get(value, key) ? reader_count(reader, value, key) : without;
}

/* One of the cycle's; SIZE_MAX: none that is listed. */
static size_t read_entry(struct reader *reader, const json_t *value, const char *key,
                         const struct rec_finding *finding) {
    uint64_t entry = count_or(reader, value, key, SIZE_MAX);
    if (entry != SIZE_MAX && entry >= finding->cycle_length)
        reader_wrong(reader, "break");
    return entry < finding->cycle_listed ? (size_t)entry : SIZE_MAX;
}

/* An older recording names the entry alone: that says where the reference lies. */
static void take_from_cycle(const struct rec_finding *finding, struct rec_break *part) {
    const struct rec_edge *edge = &finding->cycle[part->entry];
    const struct rec_edge *next = &finding->cycle[(part->entry + 1) % finding->cycle_listed];
    part->from_entry = part->entry;
    part->to_entry = (part->entry + 1) % finding->cycle_listed;
    part->site = edge->site;
    part->to_site = next->site;
    part->size_bytes = edge->sizes.least;
    part->offset = edge->offset;
    part->type = edge->type;
    part->to_type = next->type;
}

static void read_break(struct reader *reader, const json_t *value, const struct rec_finding *finding, size_t number,
                       struct rec_break *part) {
    *part = (struct rec_break){
        .set = count_or(reader, value, "set", number),
        .entry = read_entry(reader, value, "entry", finding),
        .from_entry = read_entry(reader, value, "from_entry", finding),
        .to_entry = read_entry(reader, value, "to_entry", finding),
        .references = count_or(reader, value, "references", 1),
        .frees_objects = reader_count(reader, value, "frees_objects"),
        .frees_bytes = reader_count(reader, value, "frees_bytes"),
        .frees_all = count_or(reader, value, "frees_all", 1) != 0,
        .type = "",
        .to_type = "",
    };
    if (!json_object_get(value, "site")) {
        if (part->entry != SIZE_MAX)
            take_from_cycle(finding, part);
        return;
    }
    part->site = reader_site(reader, value);
    part->to_site = reader_site_at(reader, value, "to_site");
    part->size_bytes = reader_count(reader, value, "size");
    part->offset = reader_count(reader, value, "offset");
    part->type = reader_string(reader, value, "type");
    part->to_type = reader_string(reader, value, "to_type");
}

static void read_breaks(struct reader *reader, const json_t *record, struct rec_finding *finding) {
    const json_t *list = json_object_get(record, "break");
    finding->break_count = json_array_size(list);
    finding->breaks = pool_array(reader->pool, finding->break_count, sizeof *finding->breaks);
    finding->breaks_complete = count_or(reader, record, "break_complete", 1) != 0;
    for (size_t i = 0; i < finding->break_count; i++)
        read_break(reader, json_array_get(list, i), finding, i + 1, &finding->breaks[i]);
}

static void read_proofs(struct reader *reader, const json_t *list, struct rec_refs *refs) {
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *proof = json_string_value(json_array_get(list, i));
        if (!proof)
            reader_wrong(reader, "proofs");
        refs->by_marking |= proof && !strcmp(proof, "marking");
        refs->by_subtraction |= proof && !strcmp(proof, "subtraction");
    }
}

void reader_refs(struct reader *reader, const json_t *record, struct rec_finding *finding) {
    struct rec_refs *refs = &finding->refs;
    const json_t *counts = json_object_get(record, "refs");
    finding->type = reader_string(reader, record, "type");
    refs->by_marking = !json_object_get(record, "proofs");
    refs->known = counts != NULL;
    refs->count = reader_count(reader, counts, "count");
    refs->found_inside = reader_count(reader, counts, "found_inside");
    refs->found_outside = reader_count(reader, counts, "found_outside");
    refs->verdict = reader_string(reader, counts, "verdict");
    refs->source = reader_string(reader, counts, "source");
    refs->kept = reader_count(reader, record, "kept");
    read_proofs(reader, json_object_get(record, "proofs"), refs);
    read_types(reader, json_object_get(record, "types"), refs);
    read_breaks(reader, record, finding);
}

/* ---- histories ---- */

static struct rec_balance *read_balances(struct reader *reader, const json_t *list, size_t *count) {
    *count = json_array_size(list);
    struct rec_balance *balances = pool_array(reader->pool, *count, sizeof *balances);
    for (size_t i = 0; i < *count; i++) {
        const json_t *value = json_array_get(list, i);
        balances[i] = (struct rec_balance){reader_signed(reader, value, "balance"), reader_site(reader, value)};
    }
    return balances;
}

static void read_takers(struct reader *reader, const json_t *sites, struct rec_finding *finding) {
    for (size_t i = 0; i < finding->break_count; i++) {
        const json_t *site = json_array_get(sites, i);
        uint64_t id = site ? reader_as_count(reader, site, "break_sites") : 0;
        if (id > UINT32_MAX)
            reader_wrong(reader, "break_sites");
        else if (id)
            finding->breaks[i].taker = reader_find_site(reader, (uint32_t)id);
    }
}

/* Of a scan that did not look for references in the heap: the count is all that is known. */
static void know_count(struct reader *reader, const json_t *record, struct rec_refs *refs) {
    int64_t count = reader_signed(reader, record, "count");
    *refs = (struct rec_refs){.known = true,
                              .by_marking = refs->by_marking,
                              .count = count > 0 ? (uint64_t)count : 0,
                              .verdict = "unknown",
                              .source = reader_string(reader, record, "source")};
}

void reader_history(struct reader *reader, const json_t *record) {
    struct recording *recording = reader->recording;
    uint64_t number = reader_count(reader, record, "finding");
    if (number >= recording->finding_count) {
        reader_wrong(reader, "finding");
        return;
    }
    struct rec_finding *finding = &recording->findings[number];
    struct rec_history *history = &finding->history;
    history->balances = read_balances(reader, json_object_get(record, "balances"), &history->balance_count);
    history->unmatched = read_balances(reader, json_object_get(record, "unmatched"), &history->unmatched_count);
    history->dropped = reader_count(reader, record, "dropped");
    history->finalizer = reader_string(reader, record, "finalizer");
    read_takers(reader, json_object_get(record, "break_sites"), finding);
    if (!finding->refs.known)
        know_count(reader, record, &finding->refs);
}
