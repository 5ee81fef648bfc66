/* recording.c - read a `.cast` file line by line, trusting nothing in it.
 *
 * Owns:  the tables of modules and sites.  Never: resolves symbols, prints other than errors.
 * Start: recording_read(), then the table of record types above it. */
#include "recording.h"

#include "message.h"
#include "plain_line.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct recording *recording;
    struct pool *pool;
    const char *wrong; /* first thing found wrong in this line */
};

static const char *const kind_words[KIND_COUNT] = {
#define X(name, word, key) word,
    KINDS(X)
#undef X
};

uint64_t count_add(uint64_t a, uint64_t b) {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* ---- fields ---- */

static void wrong(struct reader *reader, const char *what) {
    if (!reader->wrong)
        reader->wrong = what;
}

/* A number of 64 bits or more is read as a real (see parse_line). */
static uint64_t as_count(struct reader *reader, const json_t *value, const char *what) {
    if (json_is_real(value) && json_real_value(value) >= 0) {
        double real = json_real_value(value);
        return real < 18446744073709549568.0 ? (uint64_t)real : UINT64_MAX;
    }
    if (!json_is_integer(value) || json_integer_value(value) < 0) {
        wrong(reader, what);
        return 0;
    }
    return (uint64_t)json_integer_value(value);
}

static uint64_t get_count(struct reader *reader, const json_t *record, const char *key) {
    const json_t *value = json_object_get(record, key);
    return value ? as_count(reader, value, key) : 0;
}

static int64_t get_signed(struct reader *reader, const json_t *record, const char *key) {
    const json_t *value = json_object_get(record, key);
    if (value && !json_is_integer(value))
        wrong(reader, key);
    return json_integer_value(value);
}

static const char *get_string(struct reader *reader, const json_t *record, const char *key) {
    const json_t *value = json_object_get(record, key);
    if (value && !json_is_string(value) && !json_is_null(value))
        wrong(reader, key);
    return json_is_string(value) ? pool_strdup(reader->pool, json_string_value(value)) : "";
}

static uint32_t get_id(struct reader *reader, const json_t *record, const char *key) {
    uint64_t id = get_count(reader, record, key);
    if (id >= UINT32_MAX)
        wrong(reader, key);
    return (uint32_t)id;
}

static struct rec_site *find_site(struct reader *reader, uint32_t id) {
    struct rec_site *site = NULL;
    if (!id)
        return NULL;
    HASH_FIND(hh, reader->recording->sites, &id, sizeof id, site);
    if (!site)
        wrong(reader, "site");
    return site;
}

static struct rec_site *get_site(struct reader *reader, const json_t *record) {
    return find_site(reader, get_id(reader, record, "site"));
}

/* ---- records ---- */

static void read_header(struct reader *reader, const json_t *record) {
    struct recording *recording = reader->recording;
    const json_t *argv = json_object_get(record, "argv");
    recording->has_header = true;
    recording->pid = get_signed(reader, record, "pid");
    recording->executable = get_string(reader, record, "executable");
    recording->exit_status = get_signed(reader, record, "exit_status");
    recording->start_seconds = json_number_value(json_object_get(record, "start"));
    recording->argv = pool_array(reader->pool, json_array_size(argv) + 1, sizeof *recording->argv);
    for (size_t i = 0; i < json_array_size(argv); i++) {
        const char *argument = json_string_value(json_array_get(argv, i));
        if (!argument)
            wrong(reader, "argv");
        recording->argv[recording->argc++] = pool_strdup(reader->pool, argument ? argument : "");
    }
}

static void read_module(struct reader *reader, const json_t *record) {
    struct recording *recording = reader->recording;
    struct rec_module *module = pool_alloc(reader->pool, sizeof *module), *same = NULL;
    module->id = get_id(reader, record, "id");
    module->path = get_string(reader, record, "path");
    module->build_id = get_string(reader, record, "build_id");
    module->is_program = *module->path && !strcmp(module->path, recording->executable);
    if (module->build_id[strspn(module->build_id, "0123456789abcdef")])
        wrong(reader, "build_id");
    HASH_FIND(hh, recording->modules, &module->id, sizeof module->id, same);
    if (same)
        wrong(reader, "id (given twice)");
    if (!reader->wrong)
        HASH_ADD(hh, recording->modules, id, sizeof module->id, module);
}

/* `module` -1: in none. */
static struct rec_frame make_frame(struct reader *reader, bool in_module, uint64_t module, uint64_t offset,
                                   bool exact) {
    struct rec_frame frame = {.offset = offset, .exact = exact};
    uint32_t id = (uint32_t)module;
    if (!in_module)
        return frame;
    HASH_FIND(hh, reader->recording->modules, &id, sizeof id, frame.module);
    if (!frame.module || module != id)
        wrong(reader, "frames (unknown module)");
    return frame;
}

static struct rec_frame read_frame(struct reader *reader, const json_t *value) {
    const json_t *module = json_array_get(value, 0);
    if (!json_is_number(module) || json_array_size(value) < 2) {
        wrong(reader, "frames");
        return (struct rec_frame){0};
    }
    bool in_module = json_number_value(module) != -1;
    uint64_t id = in_module ? as_count(reader, module, "frames") : 0;
    uint64_t offset = as_count(reader, json_array_get(value, 1), "frames");
    return make_frame(reader, in_module, id, offset, json_number_value(json_array_get(value, 2)) == 1);
}

static void add_site(struct reader *reader, uint32_t id, const struct rec_frame *frames, size_t count) {
    struct recording *recording = reader->recording;
    struct rec_site *site = pool_alloc(reader->pool, sizeof *site), *same = NULL;
    *site = (struct rec_site){.id = id, .frames = frames, .frame_count = count};
    HASH_FIND(hh, recording->sites, &site->id, sizeof site->id, same);
    if (same || !site->id)
        wrong(reader, "id (given twice)");
    if (!reader->wrong)
        HASH_ADD(hh, recording->sites, id, sizeof site->id, site);
}

static void read_site(struct reader *reader, const json_t *record) {
    const json_t *values = json_object_get(record, "frames");
    size_t count = json_array_size(values);
    if (!json_is_array(values) || count > CAST_FRAMES_MAX)
        return wrong(reader, "frames");
    struct rec_frame *frames = pool_array(reader->pool, count, sizeof *frames);
    for (size_t i = 0; i < count; i++)
        frames[i] = read_frame(reader, json_array_get(values, i));
    add_site(reader, get_id(reader, record, "id"), frames, count);
}

/* The last scan is the one that the findings are from. */
static void read_scan(struct reader *reader, const json_t *record) {
    static const char *const keys[KIND_COUNT] = {
#define X(name, word, key) key,
        KINDS(X)
#undef X
    };
    reader->recording->has_scan = true;
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        const json_t *tally = json_object_get(record, keys[kind]);
        reader->recording->tally[kind] = (struct tally){
            .objects = get_count(reader, tally, "objects"),
            .bytes = get_count(reader, tally, "bytes"),
            .findings = get_count(reader, tally, "findings"),
        };
    }
}

static enum kind get_kind(struct reader *reader, const json_t *record) {
    const char *given = json_string_value(json_object_get(record, "kind"));
    for (int kind = 0; given && kind < KIND_COUNT; kind++)
        if (!strcmp(given, kind_words[kind]))
            return (enum kind)kind;
    wrong(reader, "kind");
    return KIND_LOST;
}

static void check_cycle(struct reader *reader, const struct rec_finding *finding) {
    if (finding->cycle_listed < 2)
        wrong(reader, "cycle");
    if (finding->cycle_length < finding->cycle_listed)
        wrong(reader, "length");
}

static void read_cycle(struct reader *reader, const json_t *record, struct rec_finding *finding) {
    const json_t *values = json_object_get(record, "cycle");
    size_t listed = json_array_size(values);
    struct rec_edge *edges = pool_array(reader->pool, listed, sizeof *edges);
    for (size_t i = 0; i < listed; i++) {
        const json_t *value = json_array_get(values, i);
        edges[i] = (struct rec_edge){
            .site = get_site(reader, value),
            .size_bytes = get_count(reader, value, "size"),
            .offset = get_count(reader, value, "offset"),
            .target_offset = get_count(reader, value, "target_offset"),
        };
    }
    finding->cycle = edges;
    finding->cycle_listed = listed;
    finding->cycle_length = json_object_get(record, "length") ? get_count(reader, record, "length") : listed;
    finding->group_objects_max = get_count(reader, record, "group_objects_max");
    check_cycle(reader, finding);
}

static void add_finding(struct reader *reader, const struct rec_finding *finding) {
    struct recording *recording = reader->recording;
    recording->findings = pool_grow(reader->pool, recording->findings, recording->finding_count,
                                    &recording->finding_capacity, sizeof *finding);
    recording->findings[recording->finding_count++] = *finding;
}

static void read_finding(struct reader *reader, const json_t *record) {
    struct rec_finding finding = {
        .kind = get_kind(reader, record),
        .site = get_site(reader, record),
        .count = get_count(reader, record, "count"),
        .objects = get_count(reader, record, "objects"),
        .bytes = get_count(reader, record, "bytes"),
        .indirect_objects = get_count(reader, record, "indirect_objects"),
        .indirect_bytes = get_count(reader, record, "indirect_bytes"),
    };
    if (finding.kind == KIND_CYCLE)
        read_cycle(reader, record, &finding);
    add_finding(reader, &finding);
}

static void read_note(struct reader *reader, const json_t *record) {
    struct recording *recording = reader->recording;
    struct rec_note note = {
        .code = get_string(reader, record, "code"),
        .detail = get_string(reader, record, "detail"),
        .count = get_count(reader, record, "count"),
    };
    recording->notes =
        pool_grow(reader->pool, recording->notes, recording->note_count, &recording->note_capacity, sizeof note);
    recording->notes[recording->note_count++] = note;
}

static void read_end(struct reader *reader, const json_t *record) {
    (void)record;
    reader->recording->complete = true;
}

static const struct {
    const char *name;
    void (*read)(struct reader *, const json_t *record);
} record_types[] = {
    {"header", read_header},   {"module", read_module}, {"site", read_site}, {"scan", read_scan},
    {"finding", read_finding}, {"note", read_note},     {"end", read_end},
};

/* ---- the same without JSON values, for the two records that there are most of ---- */

static uint32_t plain_id(struct plain_line *line) {
    uint64_t id = plain_number(line);
    line->ok = line->ok && id < UINT32_MAX;
    return (uint32_t)id;
}

static bool is_whole(struct plain_line *line) {
    return line->ok && (line->at[0] == '\0' || (line->at[0] == '\n' && !line->at[1]));
}

static struct rec_frame plain_frame(struct reader *reader, struct plain_line *line) {
    PLAIN_EXPECT(line, "[");
    bool in_module = !PLAIN_TAKES(line, "-1");
    uint32_t module = in_module ? plain_id(line) : 0;
    PLAIN_EXPECT(line, ",");
    uint64_t offset = plain_number(line);
    bool exact = PLAIN_TAKES(line, ",1");
    PLAIN_EXPECT(line, "]");
    return line->ok ? make_frame(reader, in_module, module, offset, exact) : (struct rec_frame){0};
}

/* returns  false: spelled in another way, nothing was done */
static bool plain_site(struct reader *reader, const char *text) {
    struct plain_line line = {text, true};
    struct rec_frame frames[CAST_FRAMES_MAX];
    size_t count = 0;
    PLAIN_EXPECT(&line, "{\"record\":\"site\",\"id\":");
    uint32_t id = plain_id(&line);
    PLAIN_EXPECT(&line, ",\"frames\":[");
    do
        frames[count++] = plain_frame(reader, &line);
    while (count < CAST_FRAMES_MAX && PLAIN_TAKES(&line, ","));
    PLAIN_EXPECT(&line, "]}");
    if (!is_whole(&line))
        return false;
    struct rec_frame *kept = pool_array(reader->pool, count, sizeof *kept);
    add_site(reader, id, memcpy(kept, frames, count * sizeof *kept), count);
    return true;
}

static void plain_edges(struct reader *reader, struct plain_line *line, struct rec_finding *finding) {
    struct rec_edge *edges = NULL;
    size_t capacity = 0;
    PLAIN_EXPECT(line, ",\"length\":");
    finding->cycle_length = plain_number(line);
    PLAIN_EXPECT(line, ",\"group_objects_max\":");
    finding->group_objects_max = plain_number(line);
    PLAIN_EXPECT(line, ",\"cycle\":[");
    do {
        struct rec_edge edge = {0};
        PLAIN_EXPECT(line, "{\"site\":");
        uint32_t site = plain_id(line);
        edge.site = line->ok ? find_site(reader, site) : NULL;
        PLAIN_EXPECT(line, ",\"size\":");
        edge.size_bytes = plain_number(line);
        PLAIN_EXPECT(line, ",\"offset\":");
        edge.offset = plain_number(line);
        PLAIN_EXPECT(line, ",\"target_offset\":");
        edge.target_offset = plain_number(line);
        PLAIN_EXPECT(line, "}");
        edges = pool_grow(reader->pool, edges, finding->cycle_listed, &capacity, sizeof edge);
        edges[finding->cycle_listed++] = edge;
    } while (PLAIN_TAKES(line, ","));
    PLAIN_EXPECT(line, "]");
    finding->cycle = edges;
}

/* The kind's word and the quote behind it. */
static enum kind plain_kind(struct plain_line *line) {
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        size_t length = strlen(kind_words[kind]);
        if (line->ok && !strncmp(line->at, kind_words[kind], length) && line->at[length] == '"') {
            line->at += length + 1;
            return (enum kind)kind;
        }
    }
    line->ok = false;
    return KIND_LOST;
}

static bool plain_finding(struct reader *reader, const char *text) {
    struct plain_line line = {text, true};
    struct rec_finding finding = {0};
    PLAIN_EXPECT(&line, "{\"record\":\"finding\",\"kind\":\"");
    finding.kind = plain_kind(&line);
    PLAIN_EXPECT(&line, ",\"site\":");
    uint32_t site = plain_id(&line);
    PLAIN_EXPECT(&line, ",\"count\":");
    finding.count = plain_number(&line);
    PLAIN_EXPECT(&line, ",\"objects\":");
    finding.objects = plain_number(&line);
    PLAIN_EXPECT(&line, ",\"bytes\":");
    finding.bytes = plain_number(&line);
    PLAIN_EXPECT(&line, ",\"indirect_objects\":");
    finding.indirect_objects = plain_number(&line);
    PLAIN_EXPECT(&line, ",\"indirect_bytes\":");
    finding.indirect_bytes = plain_number(&line);
    if (line.ok && finding.kind == KIND_CYCLE)
        plain_edges(reader, &line, &finding);
    PLAIN_EXPECT(&line, "}");
    if (!is_whole(&line))
        return false;
    finding.site = find_site(reader, site);
    if (finding.kind == KIND_CYCLE)
        check_cycle(reader, &finding);
    add_finding(reader, &finding);
    return true;
}

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
        wrong(reader, "record");
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
    if (number == 1 || strlen(line) != length || (!plain_site(reader, line) && !plain_finding(reader, line)))
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

int recording_read(struct recording *recording, const char *path, struct pool *pool) {
    struct reader reader = {.recording = recording, .pool = pool};
    *recording = (struct recording){.pool = pool, .path = path, .executable = ""};
    FILE *file = fopen(path, "re");
    if (!file) {
        message_error("%s: %s", path, strerror(errno));
        return -1;
    }
    int result = read_lines(&reader, file);
    fclose(file);
    return result;
}

void recording_close(struct recording *recording) {
    HASH_CLEAR(hh, recording->modules);
    HASH_CLEAR(hh, recording->sites);
}
