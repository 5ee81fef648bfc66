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

static void read_breaks(struct reader *reader, const json_t *list, struct rec_finding *finding) {
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *value = json_array_get(list, i);
        uint64_t entry = reader_count(reader, value, "entry");
        if (entry >= finding->cycle_listed) {
            if (entry >= finding->cycle_length)
                reader_wrong(reader, "break");
            continue; /* beyond what is listed */
        }
        struct rec_edge *edge = (struct rec_edge *)&finding->cycle[entry];
        edge->rank = i + 1;
        edge->frees_objects = reader_count(reader, value, "frees_objects");
        edge->frees_bytes = reader_count(reader, value, "frees_bytes");
    }
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
    read_breaks(reader, json_object_get(record, "break"), finding);
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
    for (size_t i = 0; i < finding->cycle_listed; i++) {
        struct rec_edge *edge = (struct rec_edge *)&finding->cycle[i];
        const json_t *site = edge->rank ? json_array_get(sites, edge->rank - 1) : NULL;
        uint64_t id = site ? reader_as_count(reader, site, "break_sites") : 0;
        if (id > UINT32_MAX)
            reader_wrong(reader, "break_sites");
        else if (id)
            edge->taker = reader_find_site(reader, (uint32_t)id);
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
