/* cast.c - write a recording: JSON Lines without malloc, stdio or locale.
 *
 * Owns:    the sink's buffer.      Never: writes half a number, or a byte that JSON forbids, whatever a path contains.
 * Runs in: snapshot child, unit tests, tools.
 * Start:   the public functions at the end; each writes one line.  Format: README.md, "Recording". */
#include "cast.h"

#include <string.h>

/* ---- bytes ---- */

static void flush(struct cast_sink *sink) {
    if (sink->fill && !sink->error)
        sink->error = sink->write(sink->context, sink->buffer, sink->fill);
    sink->fill = 0;
}

static void put_bytes(struct cast_sink *sink, const char *bytes, size_t count) {
    while (count > 0 && !sink->error) {
        size_t room = sizeof sink->buffer - sink->fill, now = count < room ? count : room;
        memcpy(sink->buffer + sink->fill, bytes, now);
        sink->fill += now;
        bytes += now;
        count -= now;
        if (sink->fill == sizeof sink->buffer)
            flush(sink);
    }
}

static size_t text_bytes(const char *text) {
    size_t count = 0;
    while (text[count]) {
        count++;
        __asm__("" : "+r"(count)); /* or the compiler makes it a call of strlen */
    }
    return count;
}

static void put(struct cast_sink *sink, const char *text) {
    put_bytes(sink, text, text_bytes(text));
}

/* ---- numbers ---- */

static void put_unsigned(struct cast_sink *sink, uint64_t value) {
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    put_bytes(sink, digits + at, sizeof digits - at);
}

/* Differences of addresses: what is beyond 2^63 is a negative one, and JSON readers choke on integers that large. */
static void put_signed(struct cast_sink *sink, uint64_t value) {
    if (value >> 63) {
        put(sink, "-");
        value = 0 - value;
    }
    put_unsigned(sink, value);
}

/* Six decimals. Not a number, and what is too large for 63 bits, is written as 0: JSON has neither. */
static void put_seconds(struct cast_sink *sink, double value) {
    if (value < 0) {
        put(sink, "-");
        value = -value;
    }
    if (!(value < 9e18))
        value = 0;
    uint64_t whole = (uint64_t)value;
    uint64_t millionths = (uint64_t)((value - (double)whole) * 1e6 + 0.5);
    if (millionths >= 1000000) {
        millionths -= 1000000;
        whole++;
    }
    put_unsigned(sink, whole);
    char decimals[7] = ".000000";
    for (int i = 6; i > 0; i--, millionths /= 10)
        decimals[i] = (char)('0' + millionths % 10);
    put_bytes(sink, decimals, sizeof decimals);
}

/* ---- strings ---- */

static int is_continuation(unsigned char byte) {
    return (byte & 0xc0) == 0x80;
}

/* The length of the well-formed UTF-8 sequence that begins at `s`; 0: there is none. Unicode 15, table 3-7: no
 * overlong forms, no surrogates, nothing above U+10FFFF. */
static size_t utf8_bytes(const unsigned char *s, size_t left) {
    unsigned char second = left > 1 ? s[1] : 0;
    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xc2 && s[0] <= 0xdf)
        return is_continuation(second) ? 2 : 0;
    if (s[0] >= 0xe0 && s[0] <= 0xef) {
        if (left < 3 || !is_continuation(second) || !is_continuation(s[2]))
            return 0;
        return (s[0] == 0xe0 && second < 0xa0) || (s[0] == 0xed && second > 0x9f) ? 0 : 3;
    }
    if (s[0] >= 0xf0 && s[0] <= 0xf4) {
        if (left < 4 || !is_continuation(second) || !is_continuation(s[2]) || !is_continuation(s[3]))
            return 0;
        return (s[0] == 0xf0 && second < 0x90) || (s[0] == 0xf4 && second > 0x8f) ? 0 : 4;
    }
    return 0;
}

static void put_hex(struct cast_sink *sink, const unsigned char *bytes, size_t count) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++)
        put_bytes(sink, (const char[]){digits[bytes[i] >> 4], digits[bytes[i] & 15]}, 2);
}

static void put_string_bytes(struct cast_sink *sink, const char *text, size_t count) {
    const unsigned char *s = (const unsigned char *)text;
    put(sink, "\"");
    for (size_t at = 0, step; at < count; at += step) {
        step = utf8_bytes(s + at, count - at);
        if (step == 0 || s[at] < 0x20) {
            step = 1;
            put(sink, "\\u00");
            put_hex(sink, s + at, 1);
            continue;
        }
        if (s[at] == '"' || s[at] == '\\')
            put(sink, "\\");
        put_bytes(sink, text + at, step);
    }
    put(sink, "\"");
}

static void put_string(struct cast_sink *sink, const char *text) {
    put_string_bytes(sink, text ? text : "", text ? text_bytes(text) : 0);
}

/* ---- members: a comma, the key, the value ---- */

static void put_key(struct cast_sink *sink, const char *key) {
    put(sink, ",\"");
    put(sink, key);
    put(sink, "\":");
}

static void put_count(struct cast_sink *sink, const char *key, uint64_t value) {
    put_key(sink, key);
    put_unsigned(sink, value);
}

static void put_text(struct cast_sink *sink, const char *key, const char *text) {
    put_key(sink, key);
    put_string(sink, text);
}

static void open_line(struct cast_sink *sink, const char *record) {
    put(sink, "{\"record\":\"");
    put(sink, record);
    put(sink, "\"");
}

static void close_line(struct cast_sink *sink) {
    put(sink, "}\n");
}

/* ---- records ---- */

static void put_arguments(struct cast_sink *sink, const char *cmdline, size_t count) {
    put_key(sink, "argv");
    put(sink, "[");
    for (size_t at = 0, end; at < count; at = end + 1) {
        for (end = at; end < count && cmdline[end];)
            end++;
        if (at)
            put(sink, ",");
        put_string_bytes(sink, cmdline + at, end - at);
    }
    put(sink, "]");
}

void cast_header(struct cast_sink *sink, const struct cast_header *header) {
    open_line(sink, "header");
    put_text(sink, "format", CAST_FORMAT);
    put_count(sink, "version", CAST_VERSION);
    put_text(sink, "tool", header->tool_version);
    put_key(sink, "pid");
    put_signed(sink, (uint64_t)(int64_t)header->pid);
    put_key(sink, "ppid");
    put_signed(sink, (uint64_t)(int64_t)header->parent_pid);
    put_arguments(sink, header->cmdline, header->cmdline_bytes);
    put_text(sink, "executable", header->executable);
    put_key(sink, "exit_status");
    put_signed(sink, (uint64_t)(int64_t)header->exit_status);
    put_key(sink, "start");
    put_seconds(sink, header->start_seconds);
    put_key(sink, "end");
    put_seconds(sink, header->end_seconds);
    close_line(sink);
}

void cast_module(struct cast_sink *sink, uint32_t id, const struct cast_module *module) {
    open_line(sink, "module");
    put_count(sink, "id", id);
    put_text(sink, "path", module->path);
    put_key(sink, "build_id");
    put(sink, "\"");
    put_hex(sink, module->build_id, module->build_id_bytes);
    put(sink, "\"");
    put_key(sink, "bias");
    put_signed(sink, module->bias);
    close_line(sink);
}

void cast_site(struct cast_sink *sink, uint32_t id, const struct cast_frame *frames, size_t count) {
    open_line(sink, "site");
    put_count(sink, "id", id);
    put_key(sink, "frames");
    put(sink, "[");
    for (size_t i = 0; i < count; i++) {
        put(sink, i ? ",[" : "[");
        put_signed(sink, frames[i].module == UINT32_MAX ? UINT64_MAX : frames[i].module);
        put(sink, ",");
        put_signed(sink, frames[i].offset);
        put(sink, frames[i].exact ? ",1]" : "]");
    }
    put(sink, "]");
    close_line(sink);
}

static const struct kind_names {
    const char *word, *key;
} KIND_NAMES[] = {
#define X(name, word, key) {word, key},
    KINDS(X)
#undef X
};

void cast_scan(struct cast_sink *sink, const struct cast_scan *scan, const struct verdicts *verdicts) {
    open_line(sink, "scan");
    put_count(sink, "generation", scan->generation);
    put_count(sink, "threads", scan->threads);
    put_count(sink, "pause_us", scan->pause_us);
    put_count(sink, "mark_us", scan->mark_us);
    put_count(sink, "scan_us", scan->scan_us);
    put_count(sink, "root_bytes", scan->root_bytes);
    for (size_t kind = 0; kind < KIND_JUDGED_COUNT; kind++) {
        const struct tally *tally = &verdicts->tally[kind];
        put_key(sink, KIND_NAMES[kind].key);
        put(sink, "{\"objects\":");
        put_unsigned(sink, tally->objects);
        put_count(sink, "bytes", tally->bytes);
        put_count(sink, "findings", tally->findings);
        put(sink, "}");
    }
    close_line(sink);
}

static void put_cycle(struct cast_sink *sink, const struct finding *finding) {
    put_count(sink, "length", finding->cycle_length);
    put_count(sink, "group_objects_max", finding->group_objects_max);
    put_key(sink, "cycle");
    put(sink, "[");
    for (size_t i = 0; i < finding->cycle_listed; i++) {
        const struct cycle_edge *edge = &finding->cycle[i];
        put(sink, i ? ",{\"site\":" : "{\"site\":");
        put_unsigned(sink, edge->site);
        put_count(sink, "size", edge->size_bytes);
        put_count(sink, "offset", edge->offset);
        put_count(sink, "target_offset", edge->target_offset);
        put(sink, "}");
    }
    put(sink, "]");
}

void cast_finding(struct cast_sink *sink, const struct finding *finding) {
    open_line(sink, "finding");
    put_text(sink, "kind", KIND_NAMES[finding->kind].word);
    put_count(sink, "site", finding->site);
    put_count(sink, "count", finding->count);
    put_count(sink, "objects", finding->objects);
    put_count(sink, "bytes", finding->bytes);
    put_count(sink, "indirect_objects", finding->indirect_objects);
    put_count(sink, "indirect_bytes", finding->indirect_bytes);
    if (finding->kind == KIND_CYCLE)
        put_cycle(sink, finding);
    close_line(sink);
}

void cast_note(struct cast_sink *sink, enum note_code code, uint64_t count, const char *detail) {
    static const char *const CODES[] = {
#define X(name, code_, text) code_,
        NOTES(X)
#undef X
    };
    open_line(sink, "note");
    put_text(sink, "code", CODES[code]);
    put_count(sink, "count", count);
    if (detail)
        put_text(sink, "detail", detail);
    close_line(sink);
}

int cast_end(struct cast_sink *sink) {
    open_line(sink, "end");
    close_line(sink);
    flush(sink);
    return sink->error;
}
