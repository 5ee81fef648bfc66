/* recording.c - read a `.cast` file line by line, trusting nothing in it.
 *
 * Owns:  the tables of modules and sites.  Never: resolves symbols, prints other than errors.
 * Start: recording_read(), then the table of record types above it. */
#include "recording.h"

#include "message.h"
#include "recording_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t count_add(uint64_t a, uint64_t b) {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

uint64_t count_times(uint64_t a, uint64_t b) {
    uint64_t product;
    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

struct sizes sizes_of_both(struct sizes a, struct sizes b) {
    if (!a.known || !b.known)
        return (struct sizes){0};
    return (struct sizes){true, a.least < b.least ? a.least : b.least, a.largest > b.largest ? a.largest : b.largest};
}

bool sizes_are_one(struct sizes sizes) {
    return sizes.known && sizes.least == sizes.largest;
}

/* ---- fields ---- */

void reader_wrong(struct reader *reader, const char *what) {
    if (!reader->wrong)
        reader->wrong = what;
}

/* A number of 64 bits or more is read as a real (see parse_line). */
uint64_t reader_as_count(struct reader *reader, const json_t *value, const char *what) {
    if (json_is_real(value) && json_real_value(value) >= 0) {
        double real = json_real_value(value);
        return real < 18446744073709549568.0 ? (uint64_t)real : UINT64_MAX;
    }
    if (!json_is_integer(value) || json_integer_value(value) < 0) {
        reader_wrong(reader, what);
        return 0;
    }
    return (uint64_t)json_integer_value(value);
}

uint64_t reader_count(struct reader *reader, const json_t *record, const char *key) {
    const json_t *value = json_object_get(record, key);
    return value ? reader_as_count(reader, value, key) : 0;
}

int64_t reader_signed(struct reader *reader, const json_t *record, const char *key) {
    const json_t *value = json_object_get(record, key);
    if (value && !json_is_integer(value))
        reader_wrong(reader, key);
    return json_integer_value(value);
}

const char *reader_string(struct reader *reader, const json_t *record, const char *key) {
    const json_t *value = json_object_get(record, key);
    if (value && !json_is_string(value) && !json_is_null(value))
        reader_wrong(reader, key);
    return json_is_string(value) ? pool_strdup(reader->pool, json_string_value(value)) : "";
}

static uint32_t reader_id(struct reader *reader, const json_t *record, const char *key) {
    uint64_t id = reader_count(reader, record, key);
    if (id >= UINT32_MAX)
        reader_wrong(reader, key);
    return (uint32_t)id;
}

struct rec_site *reader_find_site(struct reader *reader, uint32_t id) {
    struct rec_site *site = NULL;
    if (!id)
        return NULL;
    HASH_FIND(hh, reader->recording->sites, &id, sizeof id, site);
    if (!site)
        reader_wrong(reader, "site");
    return site;
}

struct rec_site *reader_site_at(struct reader *reader, const json_t *record, const char *key) {
    return reader_find_site(reader, reader_id(reader, record, key));
}
struct rec_site *reader_site(struct reader *reader, const json_t *record) {
    return reader_site_at(reader, record, "site");
}

static struct rec_module *find_module(struct reader *reader, uint64_t wide, const char *what) {
    uint32_t id = (uint32_t)wide;
    struct rec_module *found = NULL;
    HASH_FIND(hh, reader->recording->modules, &id, sizeof id, found);
    if (!found || wide != id)
        reader_wrong(reader, what);
    return found;
}

struct rec_module *reader_module(struct reader *reader, const json_t *value, const char *what) {
    return find_module(reader, reader_as_count(reader, value, what), what);
}

/* ---- records ---- */

static void read_header(struct reader *reader, const json_t *record) {
    struct recording *recording = reader->recording;
    const json_t *argv = json_object_get(record, "argv");
    recording->pid = reader_signed(reader, record, "pid");
    recording->executable = reader_string(reader, record, "executable");
    recording->exit_status = reader_signed(reader, record, "exit_status");
    recording->at_exit = json_object_get(record, "exit_status") && recording->exit_status >= 0;
    recording->replaced = json_is_true(json_object_get(record, "replaced"));
    recording->start_seconds = json_number_value(json_object_get(record, "start"));
    recording->end_seconds = json_number_value(json_object_get(record, "end"));
    recording->argv = pool_array(reader->pool, json_array_size(argv) + 1, sizeof *recording->argv);
    for (size_t i = 0; i < json_array_size(argv); i++) {
        const char *argument = json_string_value(json_array_get(argv, i));
        if (!argument)
            reader_wrong(reader, "argv");
        recording->argv[recording->argc++] = pool_strdup(reader->pool, argument ? argument : "");
    }
}

static void read_module(struct reader *reader, const json_t *record) {
    struct recording *recording = reader->recording;
    struct rec_module *module = pool_alloc(reader->pool, sizeof *module), *same = NULL;
    module->id = reader_id(reader, record, "id");
    module->path = reader_string(reader, record, "path");
    module->build_id = reader_string(reader, record, "build_id");
    module->is_program = *module->path && !strcmp(module->path, recording->executable);
    if (module->build_id[strspn(module->build_id, "0123456789abcdef")])
        reader_wrong(reader, "build_id");
    HASH_FIND(hh, recording->modules, &module->id, sizeof module->id, same);
    if (same)
        reader_wrong(reader, "id (given twice)");
    if (!reader->wrong)
        HASH_ADD(hh, recording->modules, id, sizeof module->id, module);
}

struct rec_frame reader_frame(struct reader *reader, bool in_module, uint64_t module, uint64_t offset, bool exact) {
    struct rec_frame frame = {.offset = offset, .exact = exact};
    if (in_module)
        frame.module = find_module(reader, module, "frames (unknown module)");
    return frame;
}

static struct rec_frame read_frame(struct reader *reader, const json_t *value) {
    const json_t *module = json_array_get(value, 0);
    if (!json_is_number(module) || json_array_size(value) < 2) {
        reader_wrong(reader, "frames");
        return (struct rec_frame){0};
    }
    bool in_module = json_number_value(module) != -1;
    uint64_t id = in_module ? reader_as_count(reader, module, "frames (unknown module)") : 0;
    uint64_t offset = reader_as_count(reader, json_array_get(value, 1), "frames");
    return reader_frame(reader, in_module, id, offset, json_number_value(json_array_get(value, 2)) == 1);
}

void reader_add_site(struct reader *reader, uint32_t id, const struct rec_frame *frames, size_t count) {
    struct recording *recording = reader->recording;
    struct rec_site *site = pool_alloc(reader->pool, sizeof *site), *same = NULL;
    *site = (struct rec_site){.id = id, .frames = frames, .frame_count = count};
    HASH_FIND(hh, recording->sites, &site->id, sizeof site->id, same);
    if (same || !site->id)
        reader_wrong(reader, "id (given twice)");
    if (!reader->wrong)
        HASH_ADD(hh, recording->sites, id, sizeof site->id, site);
}

static void read_site(struct reader *reader, const json_t *record) {
    const json_t *values = json_object_get(record, "frames");
    size_t count = json_array_size(values);
    if (!json_is_array(values) || count > CAST_FRAMES_MAX)
        return reader_wrong(reader, "frames");
    struct rec_frame *frames = pool_array(reader->pool, count, sizeof *frames);
    for (size_t i = 0; i < count; i++)
        frames[i] = read_frame(reader, json_array_get(values, i));
    reader_add_site(reader, reader_id(reader, record, "id"), frames, count);
}

/* The last scan is the one that the findings are from. */
static void read_scan(struct reader *reader, const json_t *record) {
    reader->recording->has_scan = true;
    reader->recording->scan = (struct rec_scan){
        .number = reader_count(reader, record, "number"),
        .generation = reader_count(reader, record, "generation"),
        .at_us = reader_count(reader, record, "at_us"),
        .pause_us = reader_count(reader, record, "pause_us"),
        .scan_us = reader_count(reader, record, "scan_us"),
        .objects_scanned = reader_count(reader, record, "objects_scanned"),
        .bytes_read = reader_count(reader, record, "bytes_read"),
    };
    for (int kind = 0; kind < KIND_JUDGED_COUNT; kind++) {
        const json_t *tally = json_object_get(record, kind_key((enum kind)kind));
        reader->recording->tally[kind] = (struct tally){
            .objects = reader_count(reader, tally, "objects"),
            .bytes = reader_count(reader, tally, "bytes"),
            .findings = reader_count(reader, tally, "findings"),
        };
    }
}

static enum kind get_kind(struct reader *reader, const json_t *record) {
    const char *given = json_string_value(json_object_get(record, "kind"));
    for (int kind = 0; given && kind < KIND_COUNT; kind++)
        if (!strcmp(given, kind_word((enum kind)kind)) && kind != KIND_GROWING && kind != KIND_DANGLING_WEAK)
            return (enum kind)kind;
    reader_wrong(reader, "kind");
    return KIND_LOST;
}

void reader_check_cycle(struct reader *reader, const struct rec_finding *finding) {
    if (!finding->cycle_listed || (finding->cycle_listed == 1 && finding->cycle_length > 1))
        reader_wrong(reader, "cycle");
    if (finding->cycle_length < finding->cycle_listed)
        reader_wrong(reader, "length");
}

static void read_cycle(struct reader *reader, const json_t *record, struct rec_finding *finding) {
    const json_t *values = json_object_get(record, "cycle");
    size_t listed = json_array_size(values);
    struct rec_edge *edges = pool_array(reader->pool, listed, sizeof *edges);
    for (size_t i = 0; i < listed; i++) {
        const json_t *value = json_array_get(values, i);
        uint64_t size_bytes = reader_count(reader, value, "size");
        edges[i] = (struct rec_edge){
            .site = reader_site(reader, value),
            .sizes = {true, size_bytes, size_bytes},
            .bytes = count_times(size_bytes, finding->count),
            .offset = reader_count(reader, value, "offset"),
            .target_offset = reader_count(reader, value, "target_offset"),
            .type = reader_string(reader, value, "type"),
        };
        if (json_object_get(value, "size_max")) {
            edges[i].sizes.largest = reader_count(reader, value, "size_max");
            edges[i].bytes = reader_count(reader, value, "sum");
        }
    }
    finding->cycle = edges;
    finding->cycle_listed = listed;
    finding->cycle_length = json_object_get(record, "length") ? reader_count(reader, record, "length") : listed;
    finding->cycle_length_max =
        json_object_get(record, "length_max") ? reader_count(reader, record, "length_max") : finding->cycle_length;
    finding->group_objects_max = reader_count(reader, record, "group_objects_max");
    reader_check_cycle(reader, finding);
}

void reader_add_finding(struct reader *reader, const struct rec_finding *finding) {
    struct recording *recording = reader->recording;
    recording->findings = pool_grow_alone(reader->pool, recording->findings, recording->finding_count,
                                          &recording->finding_capacity, sizeof *finding);
    struct rec_finding *added = &recording->findings[recording->finding_count++];
    *added = *finding;
    if (!finding->type) /* the line was plain: it told nothing of them */
        added->refs.by_marking = true;
    if (added->objects == 1 && added->kind != KIND_CYCLE)
        added->sizes = (struct sizes){true, added->bytes, added->bytes};
}

static void read_finding(struct reader *reader, const json_t *record) {
    struct rec_finding finding = {
        .kind = get_kind(reader, record),
        .site = reader_site(reader, record),
        .count = reader_count(reader, record, "count"),
        .objects = reader_count(reader, record, "objects"),
        .bytes = reader_count(reader, record, "bytes"),
        .indirect_objects = reader_count(reader, record, "indirect_objects"),
        .indirect_bytes = reader_count(reader, record, "indirect_bytes"),
        .age = reader_age(reader, record),
    };
    if (json_object_get(record, "size_max"))
        finding.sizes =
            (struct sizes){true, reader_count(reader, record, "size_min"), reader_count(reader, record, "size_max")};
    if (finding.kind == KIND_CYCLE)
        read_cycle(reader, record, &finding);
    reader_refs(reader, record, &finding);
    reader_add_finding(reader, &finding);
}

static void read_note(struct reader *reader, const json_t *record) {
    struct recording *recording = reader->recording;
    struct rec_note note = {
        .code = reader_string(reader, record, "code"),
        .detail = reader_string(reader, record, "detail"),
        .count = reader_count(reader, record, "count"),
    };
    if (!strcmp(note.code, "lingering")) {
        note.site = reader_site(reader, record);
        note.bytes = reader_count(reader, record, "bytes");
        note.scans = reader_count(reader, record, "scans");
    }
    recording->notes =
        pool_grow(reader->pool, recording->notes, recording->note_count, &recording->note_capacity, sizeof note);
    recording->notes[recording->note_count++] = note;
    recording->is_turned_off |= !strcmp(note.code, "turned-off");
    recording->has_scan |= recording->is_turned_off;
}

static void read_defaults(struct reader *reader, const json_t *record) {
    reader->recording->default_options = reader_string(reader, record, "options");
    reader->recording->default_suppressions = reader_string(reader, record, "suppressions");
}

static void read_end(struct reader *reader, const json_t *record) {
    (void)record;
    reader->recording->complete = true;
}

static const struct {
    const char *name;
    void (*read)(struct reader *, const json_t *record);
} record_types[] = {
    {"header", read_header},
    {"module", read_module},
    {"site", read_site},
    {"scan", read_scan},
    {"finding", read_finding},
    {"note", read_note},
    {"end", read_end},
    {"status", reader_status},
    {"growth", reader_growth},
    {"path", reader_target},
    {"population", reader_population},
    {"profile", reader_profile},
    {"allocations", reader_allocations},
    {"retained", reader_retained},
    {"refs", reader_history},
    {"dangling", reader_dangling},
    {"defaults", read_defaults},
    {"timeline", reader_timeline},
};

/* ---- lines ---- */

/* jansson's integers are signed; an address in the upper half, which only a broken stack holds, is read as a real. */
static json_t *parse_line(const char *line, size_t length) {
    json_error_t error;
    json_t *record = json_loadb(line, length, 0, &error);
    if (!record && json_error_code(&error) == json_error_numeric_overflow)
        record = json_loadb(line, length, JSON_DECODE_INT_AS_REAL, &error);
    return record;
}

/* The first line decides whether this is a recording, and whether we can read it. */
static int check_first(const struct recording *recording, const json_t *record) {
    const char *type = json_string_value(json_object_get(record, "record"));
    const char *format = json_string_value(json_object_get(record, "format"));
    const json_t *version = json_object_get(record, "version");
    if (!type || strcmp(type, "header") != 0 || !format || strcmp(format, CAST_FORMAT) != 0) {
        message_error("%s:1: not a recording of castaway (`castaway -o FILE CMD` makes one)", recording->path);
        return -1;
    }
    if (!json_is_integer(version) || json_integer_value(version) != CAST_VERSION) {
        char *text = json_dumps(version, JSON_ENCODE_ANY);
        message_error("%s:1: recording of version %s, this castaway reads version %d: use the castaway that wrote it",
                      recording->path, text ? text : "(none)", CAST_VERSION);
        free(text);
        return -1;
    }
    return 0;
}

static int damaged(const struct reader *reader, size_t number, const char *type) {
    message_error("%s:%zu: damaged recording: %s `%s` is wrong or missing; record again", reader->recording->path,
                  number, type, reader->wrong);
    return -1;
}

static int read_json_line(struct reader *reader, const char *line, size_t length, size_t number) {
    struct recording *recording = reader->recording;
    json_t *record = parse_line(line, length);
    int result = number == 1 ? check_first(recording, record) : 0;
    const char *type = json_string_value(json_object_get(record, "record"));
    if (result)
        goto out;
    if (!type)
        reader_wrong(reader, "record");
    for (size_t i = 0; type && i < sizeof record_types / sizeof *record_types; i++)
        if (!strcmp(type, record_types[i].name) && (number == 1) == (i == 0))
            record_types[i].read(reader, record);
    if (reader->wrong)
        result = damaged(reader, number, type ? type : "line without a");
out:
    json_decref(record);
    return result;
}

static int read_line(struct reader *reader, const char *line, size_t length, size_t number) {
    if (number == 1 || strlen(line) != length ||
        (!reader_plain_site(reader, line) && !reader_plain_finding(reader, line)))
        return read_json_line(reader, line, length, number);
    return reader->wrong ? damaged(reader, number, line[11] == 's' ? "site" : "finding") : 0;
}

static int read_lines(struct reader *reader, FILE *file) {
    struct recording *recording = reader->recording;
    char *line = NULL;
    size_t room = 0, number = 0;
    ssize_t length;
    int result = 0;
    errno = 0;
    while (!result && !recording->complete && (length = getline(&line, &room, file)) > 0) {
        bool cut = line[length - 1] != '\n';
        if (cut && number > 0)
            break; /* the writer was stopped in this line */
        result = read_line(reader, line, (size_t)length, ++number);
    }
    free(line);
    if (!result && ferror(file)) {
        message_error("%s: %s", recording->path, strerror(errno));
        return -1;
    }
    if (!result && !number) {
        message_error("%s: empty: the program ended before castaway could write its recording", recording->path);
        return -1;
    }
    return result;
}

int recording_read_open(struct recording *recording, FILE *file, const char *path, struct pool *pool) {
    struct reader reader = {.recording = recording, .pool = pool};
    *recording = (struct recording){.pool = pool, .path = path, .executable = ""};
    return read_lines(&reader, file);
}

int recording_read(struct recording *recording, const char *path, struct pool *pool) {
    FILE *file = fopen(path, "re");
    *recording = (struct recording){.pool = pool, .path = path, .executable = ""};
    if (!file) {
        message_error("%s: %s", path, strerror(errno));
        return -1;
    }
    int result = recording_read_open(recording, file, path, pool);
    fclose(file);
    return result;
}

void recording_close(struct recording *recording) {
    HASH_CLEAR(hh, recording->modules);
    HASH_CLEAR(hh, recording->sites);
}
