/* recording_live.c - the records of scans while the program runs: status, growth, path, population, and ages.
 *
 * Start: the functions of recording_reader.h at the end. */
#include "recording_reader.h"

/* ---- paths ---- */

struct rec_root reader_root(struct reader *reader, const json_t *entry) {
    const json_t *module = json_object_get(entry, "module");
    return (struct rec_root){
        .kind = reader_string(reader, entry, "root"),
        .name = reader_string(reader, entry, "name"),
        .tid = reader_signed(reader, entry, "tid"),
        .module = module ? reader_module(reader, module, "path (unknown module)") : NULL,
        .offset = reader_count(reader, entry, "offset"),
    };
}

static struct rec_step read_step(struct reader *reader, const json_t *entry) {
    return (struct rec_step){
        .site = reader_site(reader, entry),
        .size_bytes = reader_count(reader, entry, "size"),
        .offset = reader_count(reader, entry, "offset"),
        .count = json_object_get(entry, "count") ? reader_count(reader, entry, "count") : 1,
    };
}

static struct rec_path read_path(struct reader *reader, const json_t *record) {
    const json_t *entries = json_object_get(record, "path");
    size_t count = json_array_size(entries);
    struct rec_path path = {.root = {.kind = "", .name = ""}};
    if (entries && !json_is_array(entries))
        reader_wrong(reader, "path");
    if (!count)
        return path;
    struct rec_step *steps = pool_array(reader->pool, count, sizeof *steps);
    path.root = reader_root(reader, json_array_get(entries, 0));
    path.steps = steps;
    if (!*path.root.kind)
        reader_wrong(reader, "path (no root)");
    for (size_t i = 1; i < count; i++)
        steps[path.step_count++] = read_step(reader, json_array_get(entries, i));
    return path;
}

/* ---- numbers by generation ---- */

static void read_numbers(struct reader *reader, const json_t *record, const char *key, uint64_t numbers[GENERATIONS]) {
    const json_t *values = json_object_get(record, key);
    if (json_array_size(values) != GENERATIONS)
        return reader_wrong(reader, key);
    for (size_t i = 0; i < GENERATIONS; i++)
        numbers[i] = reader_as_count(reader, json_array_get(values, i), key);
}

static void read_generations(struct reader *reader, const json_t *record, struct rec_status *status) {
    const json_t *values = json_object_get(record, "generations");
    if (json_array_size(values) != GENERATIONS)
        return reader_wrong(reader, "generations");
    for (size_t i = 0; i < GENERATIONS; i++) {
        const json_t *value = json_array_get(values, i);
        status->generations[i] = (struct rec_generation){
            .objects = reader_count(reader, value, "objects"),
            .bytes = reader_count(reader, value, "bytes"),
            .scans = reader_count(reader, value, "scans"),
            .scan_us_p50 = reader_count(reader, value, "scan_us_p50"),
            .scan_us_max = reader_count(reader, value, "scan_us_max"),
        };
    }
}

/* ---- records ---- */

struct rec_age reader_age(struct reader *reader, const json_t *finding) {
    const json_t *between = json_object_get(finding, "lost_between");
    if (!json_is_object(between))
        return (struct rec_age){.born_us = -1};
    return (struct rec_age){
        .known = true,
        .born_us = json_object_get(finding, "born_us") ? reader_signed(reader, finding, "born_us") : -1,
        .generation = reader_count(reader, finding, "generation"),
        .scan_a = reader_count(reader, between, "scan_a"),
        .scan_b = reader_count(reader, between, "scan_b"),
        .us_a = reader_count(reader, between, "us_a"),
        .us_b = reader_count(reader, between, "us_b"),
    };
}

void reader_status(struct reader *reader, const json_t *record) {
    const json_t *pause = json_object_get(record, "pause_us"), *method = json_object_get(record, "method");
    struct rec_status *status = &reader->recording->status;
    *status = (struct rec_status){
        .recorded_us = reader_count(reader, record, "recorded_us"),
        .pause_us_p50 = reader_count(reader, pause, "p50"),
        .pause_us_p99 = reader_count(reader, pause, "p99"),
        .pause_us_max = reader_count(reader, pause, "max"),
        .suspects = reader_count(reader, record, "suspects"),
        .confirmed = reader_count(reader, record, "confirmed"),
        .withdrawn = reader_count(reader, record, "withdrawn"),
        .freed_by_program = reader_count(reader, record, "freed_by_program"),
        .confirmed_withdrawn = reader_count(reader, record, "confirmed_withdrawn"),
        .confirmed_freed = reader_count(reader, record, "confirmed_freed"),
        .dirty_pages = reader_string(reader, method, "dirty_pages"),
        .stop = reader_string(reader, method, "stop"),
        .snapshot = reader_string(reader, method, "snapshot"),
    };
    read_generations(reader, record, status);
    reader->recording->has_status = true;
}

void reader_timeline(struct reader *reader, const json_t *record) {
    struct recording *recording = reader->recording;
    const json_t *scans = json_object_get(record, "scans");
    size_t count = json_array_size(scans);
    if (!json_is_array(scans))
        reader_wrong(reader, "scans");
    recording->timeline = pool_array(reader->pool, count, sizeof *recording->timeline);
    recording->timeline_count = count;
    for (size_t i = 0; i < count; i++) {
        const json_t *scan = json_array_get(scans, i);
        struct rec_moment *moment = &recording->timeline[i];
        *moment = (struct rec_moment){
            .number = reader_count(reader, scan, "number"),
            .generation = reader_count(reader, scan, "generation"),
            .at_us = reader_count(reader, scan, "at_us"),
            .pause_us = reader_count(reader, scan, "pause_us"),
            .scan_us = reader_count(reader, scan, "scan_us"),
        };
        read_numbers(reader, scan, "objects", moment->objects);
        read_numbers(reader, scan, "bytes", moment->bytes);
    }
}

/* Older libraries write none. */
static const struct rec_point *read_points(struct reader *reader, const json_t *record, size_t *count) {
    const json_t *values = json_object_get(record, "points");
    if (values && !json_is_array(values))
        reader_wrong(reader, "points");
    *count = json_array_size(values);
    struct rec_point *points = pool_array(reader->pool, *count, sizeof *points);
    for (size_t i = 0; i < *count; i++) {
        const json_t *value = json_array_get(values, i);
        points[i] = (struct rec_point){
            .at_us = reader_count(reader, value, "at_us"),
            .objects = reader_count(reader, value, "objects"),
            .bytes = reader_count(reader, value, "bytes"),
        };
    }
    return points;
}

void reader_growth(struct reader *reader, const json_t *record) {
    struct recording *recording = reader->recording;
    struct rec_growth growth = {
        .site = reader_site(reader, record),
        .scans = reader_count(reader, record, "scans"),
        .objects = reader_count(reader, record, "objects"),
        .bytes = reader_count(reader, record, "bytes"),
        .objects_per_minute = reader_count(reader, record, "objects_per_minute"),
        .bytes_per_minute = reader_count(reader, record, "bytes_per_minute"),
        .path = read_path(reader, record),
    };
    growth.points = read_points(reader, record, &growth.point_count);
    recording->growths = pool_grow(reader->pool, recording->growths, recording->growth_count,
                                   &recording->growth_capacity, sizeof growth);
    recording->growths[recording->growth_count++] = growth;
}

void reader_dangling(struct reader *reader, const json_t *record) {
    struct recording *recording = reader->recording;
    struct rec_dangling dangling = {
        .site = reader_site(reader, record),
        .holder = reader_site_at(reader, record, "holder"),
        .target = reader_site_at(reader, record, "target"),
        .slots = reader_count(reader, record, "slots"),
        .offset = reader_count(reader, record, "offset"),
    };
    recording->danglings = pool_grow(reader->pool, recording->danglings, recording->dangling_count,
                                     &recording->dangling_capacity, sizeof dangling);
    recording->danglings[recording->dangling_count++] = dangling;
}

void reader_target(struct reader *reader, const json_t *record) {
    struct recording *recording = reader->recording;
    struct rec_target target = {
        .address = reader_count(reader, record, "target"),
        .path = read_path(reader, record),
    };
    recording->targets = pool_grow(reader->pool, recording->targets, recording->target_count,
                                   &recording->target_capacity, sizeof target);
    recording->targets[recording->target_count++] = target;
}

void reader_population(struct reader *reader, const json_t *record) {
    struct recording *recording = reader->recording;
    struct rec_population population = {.site = reader_site(reader, record)};
    read_numbers(reader, record, "objects", population.objects);
    read_numbers(reader, record, "bytes", population.bytes);
    recording->populations = pool_grow(reader->pool, recording->populations, recording->population_count,
                                       &recording->population_capacity, sizeof population);
    recording->populations[recording->population_count++] = population;
}
