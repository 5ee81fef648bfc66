/* recording_profile.c - the records of --profile-allocations and --retained.
 *
 * Start: the functions of recording_reader.h at the end. */
#include "recording_reader.h"

static uint64_t microseconds(struct reader *reader, const json_t *record, const char *key) {
    int64_t us = reader_signed(reader, record, key);
    return us > 0 ? (uint64_t)us : 0;
}

static struct rec_counts read_counts(struct reader *reader, const json_t *record) {
    return (struct rec_counts){
        .objects = reader_count(reader, record, "objects"),
        .bytes = reader_count(reader, record, "bytes"),
        .freed_objects = reader_count(reader, record, "freed_objects"),
        .freed_bytes = reader_count(reader, record, "freed_bytes"),
        .peak_objects = reader_count(reader, record, "peak_objects"),
        .peak_bytes = reader_count(reader, record, "peak_bytes"),
        .peak_us = microseconds(reader, record, "peak_us"),
        .at_once = reader_count(reader, record, "at_once"),
        .same_call = reader_count(reader, record, "same_call"),
        .size_min = reader_count(reader, record, "size_min"),
        .size_max = reader_count(reader, record, "size_max"),
        .slack_bytes = reader_count(reader, record, "slack_bytes"),
        .grown = reader_count(reader, record, "grown"),
        .moved_bytes = reader_count(reader, record, "moved_bytes"),
        .chain_max = reader_count(reader, record, "chain_max"),
    };
}

void reader_profile(struct reader *reader, const json_t *record) {
    struct rec_profile *profile = &reader->recording->profile;
    profile->known = true;
    profile->total = read_counts(reader, record);
    profile->header_bytes = reader_count(reader, record, "header_bytes");
    profile->missed = reader_count(reader, record, "missed");
}

void reader_allocations(struct reader *reader, const json_t *record) {
    struct recording *recording = reader->recording;
    struct rec_allocations allocations = {.site = reader_site(reader, record), .counts = read_counts(reader, record)};
    recording->allocations = pool_grow(reader->pool, recording->allocations, recording->allocations_count,
                                       &recording->allocations_capacity, sizeof allocations);
    recording->allocations[recording->allocations_count++] = allocations;
}

static void finding_retained(struct reader *reader, const json_t *record) {
    struct recording *recording = reader->recording;
    uint64_t number = reader_count(reader, record, "finding");
    if (number >= recording->finding_count)
        return reader_wrong(reader, "finding");
    struct rec_finding *finding = &recording->findings[number];
    finding->has_retained = true;
    finding->retained_objects = reader_count(reader, record, "objects");
    finding->retained_bytes = reader_count(reader, record, "bytes");
}

void reader_retained(struct reader *reader, const json_t *record) {
    struct recording *recording = reader->recording;
    const json_t *root = json_object_get(record, "root"), *largest = json_object_get(record, "largest");
    if (json_object_get(record, "finding"))
        return finding_retained(reader, record);
    struct rec_retained retained = {
        .objects = reader_count(reader, record, "objects"),
        .bytes = reader_count(reader, record, "bytes"),
        .largest = largest ? reader_site(reader, largest) : NULL,
        .largest_objects = largest ? reader_count(reader, largest, "objects") : 0,
        .largest_bytes = largest ? reader_count(reader, largest, "bytes") : 0,
    };
    retained.root = root ? reader_root(reader, root) : (struct rec_root){.kind = "", .name = ""};
    if (root && !*retained.root.kind)
        reader_wrong(reader, "root");
    recording->retained = pool_grow(reader->pool, recording->retained, recording->retained_count,
                                    &recording->retained_capacity, sizeof retained);
    recording->retained[recording->retained_count++] = retained;
}
