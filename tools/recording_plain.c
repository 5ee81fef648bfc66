/* recording_plain.c - sites and findings that are spelled as libcastaway.so writes them, read without JSON values.
 *
 * Start: reader_plain_site(). */
#include "plain_line.h"
#include "recording_reader.h"

#include <string.h>

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
    return line->ok ? reader_frame(reader, in_module, module, offset, exact) : (struct rec_frame){0};
}

bool reader_plain_site(struct reader *reader, const char *text) {
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
    reader_add_site(reader, id, memcpy(kept, frames, count * sizeof *kept), count);
    return true;
}

static void plain_edges(struct reader *reader, struct plain_line *line, struct rec_finding *finding) {
    struct rec_edge *edges = NULL;
    size_t capacity = 0;
    PLAIN_EXPECT(line, ",\"length\":");
    finding->cycle_length = plain_number(line);
    finding->cycle_length_max = PLAIN_TAKES(line, ",\"length_max\":") ? plain_number(line) : finding->cycle_length;
    PLAIN_EXPECT(line, ",\"group_objects_max\":");
    finding->group_objects_max = plain_number(line);
    PLAIN_EXPECT(line, ",\"cycle\":[");
    do {
        struct rec_edge edge = {0};
        PLAIN_EXPECT(line, "{\"site\":");
        uint32_t site = plain_id(line);
        edge.site = line->ok ? reader_find_site(reader, site) : NULL;
        PLAIN_EXPECT(line, ",\"size\":");
        uint64_t size_bytes = plain_number(line);
        edge.sizes = (struct sizes){true, size_bytes, size_bytes};
        edge.bytes = count_times(edge.sizes.least, finding->count);
        PLAIN_EXPECT(line, ",\"offset\":");
        edge.offset = plain_number(line);
        PLAIN_EXPECT(line, ",\"target_offset\":");
        edge.target_offset = plain_number(line);
        if (PLAIN_TAKES(line, ",\"size_max\":")) {
            edge.sizes.largest = plain_number(line);
            PLAIN_EXPECT(line, ",\"sum\":");
            edge.bytes = plain_number(line);
        }
        PLAIN_EXPECT(line, "}");
        edges = pool_grow(reader->pool, edges, finding->cycle_listed, &capacity, sizeof edge);
        edges[finding->cycle_listed++] = edge;
    } while (PLAIN_TAKES(line, ","));
    PLAIN_EXPECT(line, "]");
    finding->cycle = edges;
}

/* -1: not known. */
static int64_t plain_signed(struct plain_line *line) {
    return PLAIN_TAKES(line, "-1") ? -1 : (int64_t)plain_number(line);
}

static void plain_age(struct plain_line *line, struct rec_age *age) {
    *age = (struct rec_age){.born_us = -1};
    if (!PLAIN_TAKES(line, ",\"generation\":"))
        return;
    age->known = true;
    age->generation = plain_number(line);
    PLAIN_EXPECT(line, ",\"born_us\":");
    age->born_us = plain_signed(line);
    PLAIN_EXPECT(line, ",\"lost_between\":{\"scan_a\":");
    age->scan_a = plain_number(line);
    PLAIN_EXPECT(line, ",\"scan_b\":");
    age->scan_b = plain_number(line);
    PLAIN_EXPECT(line, ",\"us_a\":");
    age->us_a = plain_number(line);
    PLAIN_EXPECT(line, ",\"us_b\":");
    age->us_b = plain_number(line);
    PLAIN_EXPECT(line, "}");
}

/* The kind's word and the quote behind it. */
static enum kind plain_kind(struct plain_line *line) {
    for (int kind = 0; kind < KIND_JUDGED_COUNT; kind++) {
        const char *word = kind_word((enum kind)kind);
        size_t length = strlen(word);
        if (line->ok && !strncmp(line->at, word, length) && line->at[length] == '"') {
            line->at += length + 1;
            return (enum kind)kind;
        }
    }
    line->ok = false;
    return KIND_LOST;
}

bool reader_plain_finding(struct reader *reader, const char *text) {
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
    if (PLAIN_TAKES(&line, ",\"size_min\":")) {
        finding.sizes = (struct sizes){.known = true, .least = plain_number(&line)};
        PLAIN_EXPECT(&line, ",\"size_max\":");
        finding.sizes.largest = plain_number(&line);
    }
    plain_age(&line, &finding.age);
    PLAIN_EXPECT(&line, "}");
    if (!is_whole(&line))
        return false;
    finding.site = reader_find_site(reader, site);
    if (finding.kind == KIND_CYCLE)
        reader_check_cycle(reader, &finding);
    reader_add_finding(reader, &finding);
    return true;
}
