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

static void put_number(struct cast_sink *sink, const char *key, int64_t value) {
    put_key(sink, key);
    put_signed(sink, (uint64_t)value);
}

static void put_text(struct cast_sink *sink, const char *key, const char *text) {
    put_key(sink, key);
    put_string(sink, text);
}

/* An object's first member has no comma before it. */
static void put_first(struct cast_sink *sink, const char *key, uint64_t value) {
    put(sink, "{\"");
    put(sink, key);
    put(sink, "\":");
    put_unsigned(sink, value);
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
    put_number(sink, "pid", header->pid);
    put_number(sink, "ppid", header->parent_pid);
    put_arguments(sink, header->cmdline, header->cmdline_bytes);
    put_text(sink, "executable", header->executable);
    put_number(sink, "exit_status", header->exit_status);
    if (header->replaced) {
        put_key(sink, "replaced");
        put(sink, "true");
    }
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
    put_count(sink, "number", scan->number);
    put_number(sink, "at_us", scan->at_us);
    put_count(sink, "generation", scan->generation);
    put_count(sink, "threads", scan->threads);
    put_count(sink, "pause_us", scan->pause_us);
    put_count(sink, "mark_us", scan->mark_us);
    put_count(sink, "scan_us", scan->scan_us);
    put_count(sink, "root_bytes", scan->root_bytes);
    put_count(sink, "objects_scanned", scan->objects_scanned);
    put_count(sink, "bytes_read", scan->bytes_read);
    for (size_t kind = 0; kind < KIND_JUDGED_COUNT; kind++) {
        const struct tally *tally = &verdicts->tally[kind];
        put_key(sink, KIND_NAMES[kind].key);
        put_first(sink, "objects", tally->objects);
        put_count(sink, "bytes", tally->bytes);
        put_count(sink, "findings", tally->findings);
        put(sink, "}");
    }
    close_line(sink);
}

static void put_cycle(struct cast_sink *sink, const struct finding *finding) {
    put_count(sink, "length", finding->cycle_length);
    if (finding->cycle_length_max > finding->cycle_length)
        put_count(sink, "length_max", finding->cycle_length_max);
    put_count(sink, "group_objects_max", finding->group_objects_max);
    put_key(sink, "cycle");
    put(sink, "[");
    for (size_t i = 0; i < finding->cycle_listed; i++) {
        const struct cycle_edge *edge = &finding->cycle[i];
        put(sink, i ? "," : "");
        put_first(sink, "site", edge->site);
        put_count(sink, "size", edge->size_bytes);
        put_count(sink, "offset", edge->offset);
        put_count(sink, "target_offset", edge->target_offset);
        if (edge->size_max_bytes != edge->size_bytes || edge->bytes != finding->count * edge->size_bytes) {
            put_count(sink, "size_max", edge->size_max_bytes);
            put_count(sink, "sum", edge->bytes);
        }
        if (edge->type)
            put_text(sink, "type", edge->type);
        put(sink, "}");
    }
    put(sink, "]");
}

static void put_sizes(struct cast_sink *sink, const struct finding *finding) {
    put_count(sink, "size_min", finding->size_min_bytes);
    put_count(sink, "size_max", finding->size_max_bytes);
}

/* ---- what is known of references and types ---- */

static void put_types(struct cast_sink *sink, const struct blame *blame) {
    put_key(sink, "types");
    put(sink, "[");
    for (size_t i = 0; i < blame->type_count; i++) {
        put(sink, i ? "," : "");
        put_first(sink, "objects", blame->types[i].objects);
        put_count(sink, "bytes", blame->types[i].bytes);
        put_count(sink, "collectable", blame->types[i].collected);
        put_text(sink, "type", blame->types[i].name);
        put(sink, "}");
    }
    put(sink, "]");
}

static enum refs_verdict verdict_of(enum kind kind, const struct blame *blame) {
    if (kind == KIND_OVER_UNREF)
        return REFS_OVER_UNREF;
    if (kind == KIND_MISSING_UNREF)
        return REFS_MISSING_UNREF;
    return audit_verdict(blame->count, blame->found_inside, blame->found_outside);
}

static void put_references(struct cast_sink *sink, enum kind kind, const struct blame *blame) {
    put_key(sink, "refs");
    put_first(sink, "count", blame->count);
    put_count(sink, "found_inside", blame->found_inside);
    put_count(sink, "found_outside", blame->found_outside);
    put_text(sink, "verdict", refs_verdict_word(verdict_of(kind, blame)));
    put_text(sink, "source", count_source_word(blame->source));
    put_key(sink, "unmatched");
    put(sink, "[]}");
}

static void put_entry(struct cast_sink *sink, const char *key, size_t entry) {
    if (entry != REFERENCE_OFF_CYCLE)
        put_count(sink, key, entry);
}

static void put_break(struct cast_sink *sink, const struct break_set *set, size_t number,
                      const struct break_part *part) {
    put_first(sink, "set", number);
    put_entry(sink, "entry", part->entry);
    put_entry(sink, "from_entry", part->from_entry);
    put_entry(sink, "to_entry", part->to_entry);
    put_count(sink, "site", part->from_site);
    put_count(sink, "size", part->from_size);
    put_count(sink, "offset", part->offset);
    if (part->from_type)
        put_text(sink, "type", part->from_type);
    put_count(sink, "to_site", part->to_site);
    put_count(sink, "to_size", part->to_size);
    if (part->to_type)
        put_text(sink, "to_type", part->to_type);
    put_count(sink, "references", part->references);
    put_count(sink, "frees_objects", set->frees_objects);
    put_count(sink, "frees_bytes", set->frees_bytes);
    put_count(sink, "frees_all", (uint64_t)set->frees_all);
    put(sink, "}");
}

static void put_breaks(struct cast_sink *sink, const struct breaks *breaks) {
    size_t written = 0;
    put_count(sink, "break_complete", (uint64_t)breaks->is_complete);
    put_key(sink, "break");
    put(sink, "[");
    for (size_t i = 0; i < breaks->count; i++)
        for (size_t p = 0; p < breaks->set[i].part_count; p++) {
            put(sink, written++ ? "," : "");
            put_break(sink, &breaks->set[i], i + 1, &breaks->set[i].part[p]);
        }
    put(sink, "]");
}

static void put_blame(struct cast_sink *sink, enum kind kind, const struct blame *blame) {
    unsigned proofs = blame->counted ? blame->proofs : PROOF_MARKING;
    put_count(sink, "kept", blame->kept_objects);
    put_key(sink, "proofs");
    put(sink, proofs & PROOF_MARKING ? "[\"marking\"" : "[");
    put(sink, proofs == (PROOF_MARKING | PROOF_SUBTRACTION) ? "," : "");
    put(sink, proofs & PROOF_SUBTRACTION ? "\"subtraction\"]" : "]");
    if (blame->counted)
        put_references(sink, kind, blame);
    if (blame->type_count)
        put_types(sink, blame);
    if (blame->breaks && blame->breaks->count)
        put_breaks(sink, blame->breaks);
}

static void put_age(struct cast_sink *sink, const struct age *age) {
    put_count(sink, "generation", age->generation);
    put_number(sink, "born_us", age->born_us);
    put_key(sink, "lost_between");
    put_first(sink, "scan_a", age->scan_a);
    put_count(sink, "scan_b", age->scan_b);
    put_number(sink, "us_a", age->a_us);
    put_number(sink, "us_b", age->b_us);
    put(sink, "}");
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
    else
        put_sizes(sink, finding);
    if (finding->kind == KIND_CYCLE || finding->kind == KIND_LOST)
        put_age(sink, &finding->age);
    if (finding->type)
        put_text(sink, "type", finding->type);
    if (finding->blame)
        put_blame(sink, finding->kind, finding->blame);
    close_line(sink);
}

static void put_generations(struct cast_sink *sink, const struct cast_status *status) {
    put_key(sink, "generations");
    for (size_t generation = 0; generation < GENERATIONS; generation++) {
        put(sink, generation ? "," : "[");
        put_first(sink, "objects", status->objects[generation]);
        put_count(sink, "bytes", status->bytes[generation]);
        put_count(sink, "scans", status->history ? status->history->scans_done[generation] : 0);
        put_count(sink, "scan_us_p50", status->scan_us[generation].p50);
        put_count(sink, "scan_us_max", status->scan_us[generation].max);
        put(sink, "}");
    }
    put(sink, "]");
}

void cast_status(struct cast_sink *sink, const struct cast_status *status) {
    const struct history_counts none = {0}, *counts = status->history ? &status->history->counts : &none;
    open_line(sink, "status");
    put_number(sink, "recorded_us", status->recorded_us);
    put_generations(sink, status);
    put_key(sink, "pause_us");
    put_first(sink, "p50", status->pause_us.p50);
    put_count(sink, "p99", status->pause_us.p99);
    put_count(sink, "max", status->pause_us.max);
    put(sink, "}");
    put_count(sink, "suspects", counts->suspects);
    put_count(sink, "confirmed", counts->confirmed);
    put_count(sink, "withdrawn", counts->withdrawn);
    put_count(sink, "freed_by_program", counts->freed_by_program);
    put_count(sink, "confirmed_withdrawn", counts->confirmed_withdrawn);
    put_count(sink, "confirmed_freed", counts->confirmed_freed);
    put_key(sink, "method");
    put(sink, "{\"dirty_pages\":");
    put_string(sink, status->dirty_pages);
    put_text(sink, "stop", status->stop);
    put_text(sink, "snapshot", status->snapshot);
    put(sink, "}");
    close_line(sink);
}

static void put_each(struct cast_sink *sink, const char *key, const uint64_t *values) {
    put_key(sink, key);
    for (size_t generation = 0; generation < GENERATIONS; generation++) {
        put(sink, generation ? "," : "[");
        put_unsigned(sink, values[generation]);
    }
    put(sink, "]");
}

void cast_timeline(struct cast_sink *sink, const struct history *history) {
    if (history->scan_count < 2)
        return;
    open_line(sink, "timeline");
    put_key(sink, "scans");
    for (size_t i = 0; i < history->scan_count; i++) {
        const struct scan_entry *scan = &history->scans[i];
        put(sink, i ? "," : "[");
        put_first(sink, "number", scan->number);
        put_count(sink, "generation", scan->generation);
        put_number(sink, "at_us", scan->at_us);
        put_count(sink, "pause_us", scan->pause_us);
        put_count(sink, "scan_us", scan->scan_us);
        put_each(sink, "objects", scan->objects);
        put_each(sink, "bytes", scan->bytes);
        put(sink, "}");
    }
    put(sink, "]");
    close_line(sink);
}

/* Where the words of a root of that kind are counted from is said by struct cast_root; in the others nothing is. */
static const struct root_kind {
    const char *kind;
    int has_thread, has_offset;
} ROOT_KINDS[] = {
    {"module", 0, 1}, {"stack", 1, 1}, {"registers", 1, 0}, {"mapping", 0, 1}, {"kernel", 0, 0}, {"ignored", 0, 0},
};

static const struct root_kind *root_kind(const char *kind) {
    size_t count = sizeof ROOT_KINDS / sizeof *ROOT_KINDS, at = 0, bytes = text_bytes(kind) + 1;
    while (at + 1 < count &&
           (text_bytes(ROOT_KINDS[at].kind) + 1 != bytes || memcmp(ROOT_KINDS[at].kind, kind, bytes) != 0))
        at++;
    return &ROOT_KINDS[at];
}

static void put_root(struct cast_sink *sink, const struct cast_root *root) {
    const struct root_kind *kind = root_kind(root->kind);
    put(sink, "{\"root\":");
    put_string(sink, root->kind);
    if (root->name)
        put_text(sink, "name", root->name);
    if (kind->has_thread)
        put_number(sink, "tid", root->tid);
    if (root->module != UINT32_MAX)
        put_count(sink, "module", root->module);
    if (kind->has_offset)
        put_number(sink, "offset", (int64_t)root->offset);
    put(sink, "}");
}

static void put_path(struct cast_sink *sink, const struct cast_root *root, const struct path *path) {
    put_key(sink, "path");
    put(sink, "[");
    if (path->step_count)
        put_root(sink, root);
    for (size_t i = 0; i < path->step_count; i++) {
        const struct path_step *step = &path->steps[i];
        put(sink, ",");
        put_first(sink, "site", step->site);
        put_count(sink, "size", step->size_bytes);
        put_count(sink, "offset", step->offset);
        put_count(sink, "count", step->count);
        put(sink, "}");
    }
    put(sink, "]");
}

static void put_points(struct cast_sink *sink, const struct growth *growth) {
    put_key(sink, "points");
    for (uint32_t i = 0; i < growth->point_count; i++) {
        put(sink, i ? "," : "[");
        put_first(sink, "at_us", (uint64_t)growth->at_us[i]);
        put_count(sink, "objects", growth->objects_then[i]);
        put_count(sink, "bytes", growth->bytes_then[i]);
        put(sink, "}");
    }
    put(sink, "]");
}

void cast_growth(struct cast_sink *sink, const struct growth *growth, const struct cast_root *root,
                 const struct path *path) {
    open_line(sink, "growth");
    put_count(sink, "site", growth->site);
    put_count(sink, "scans", growth->scans);
    put_count(sink, "objects", growth->objects);
    put_count(sink, "bytes", growth->bytes);
    put_count(sink, "objects_per_minute", growth->objects_per_minute);
    put_count(sink, "bytes_per_minute", growth->bytes_per_minute);
    if (growth->point_count)
        put_points(sink, growth);
    if (path)
        put_path(sink, root, path);
    close_line(sink);
}

void cast_dangling(struct cast_sink *sink, const struct cast_dangling *dangling) {
    open_line(sink, "dangling");
    put_count(sink, "site", dangling->site);
    put_count(sink, "slots", dangling->slots);
    put_count(sink, "holder", dangling->holder);
    put_count(sink, "offset", dangling->offset);
    put_count(sink, "target", dangling->target);
    close_line(sink);
}

void cast_path(struct cast_sink *sink, uintptr_t target, const struct cast_root *root, const struct path *path) {
    open_line(sink, "path");
    put_count(sink, "target", target);
    if (path)
        put_path(sink, root, path);
    close_line(sink);
}

void cast_population(struct cast_sink *sink, const struct cast_population *population) {
    open_line(sink, "population");
    put_count(sink, "site", population->site);
    put_each(sink, "objects", population->objects);
    put_each(sink, "bytes", population->bytes);
    close_line(sink);
}

static void put_balances(struct cast_sink *sink, const char *key, const struct cast_balance *list, size_t count) {
    put_key(sink, key);
    put(sink, "[");
    for (size_t i = 0; i < count; i++) {
        put(sink, i ? ",{\"balance\":" : "{\"balance\":");
        put_signed(sink, (uint64_t)list[i].balance);
        put_count(sink, "site", list[i].site);
        put(sink, "}");
    }
    put(sink, "]");
}

static void put_sites(struct cast_sink *sink, const char *key, const uint32_t *sites, size_t count) {
    put_key(sink, key);
    put(sink, "[");
    for (size_t i = 0; i < count; i++) {
        put(sink, i ? "," : "");
        put_unsigned(sink, sites[i]);
    }
    put(sink, "]");
}

void cast_refs(struct cast_sink *sink, const struct cast_refs *refs) {
    open_line(sink, "refs");
    put_count(sink, "finding", refs->finding);
    put_count(sink, "objects", refs->objects);
    put_number(sink, "count", refs->count);
    put_count(sink, "dropped", refs->dropped);
    put_balances(sink, "balances", refs->balances, refs->balance_count);
    put_balances(sink, "unmatched", refs->unmatched, refs->unmatched_count);
    put_text(sink, "source", count_source_word(refs->source));
    put_sites(sink, "break_sites", refs->break_sites, refs->break_count);
    if (refs->type)
        put_text(sink, "type", refs->type);
    if (refs->finalizer)
        put_text(sink, "finalizer", refs->finalizer);
    close_line(sink);
}

void cast_retained(struct cast_sink *sink, const struct cast_retained *held) {
    const struct retained *retained = &held->retained;
    open_line(sink, "retained");
    if (held->root) {
        put_key(sink, "root");
        put_root(sink, held->root);
    } else if (held->finding >= 0)
        put_number(sink, "finding", held->finding);
    put_count(sink, "objects", retained->objects);
    put_count(sink, "bytes", retained->bytes);
    if (retained->largest_objects) {
        put_key(sink, "largest");
        put_first(sink, "site", retained->largest_site);
        put_count(sink, "objects", retained->largest_objects);
        put_count(sink, "bytes", retained->largest_bytes);
        put(sink, "}");
    }
    close_line(sink);
}

void cast_profile(struct cast_sink *sink, const struct cast_profile *profile) {
    open_line(sink, "profile");
    put_count(sink, "objects", profile->objects);
    put_count(sink, "bytes", profile->bytes);
    put_count(sink, "freed_objects", profile->freed_objects);
    put_count(sink, "freed_bytes", profile->freed_bytes);
    put_count(sink, "peak_objects", profile->peak_objects);
    put_count(sink, "peak_bytes", profile->peak_bytes);
    put_number(sink, "peak_us", profile->peak_us);
    put_count(sink, "header_bytes", profile->header_bytes);
    put_count(sink, "missed", profile->missed);
    close_line(sink);
}

void cast_allocations(struct cast_sink *sink, const struct cast_allocations *site) {
    open_line(sink, "allocations");
    put_count(sink, "site", site->site);
    put_count(sink, "objects", site->objects);
    put_count(sink, "bytes", site->bytes);
    put_count(sink, "freed_objects", site->freed_objects);
    put_count(sink, "freed_bytes", site->freed_bytes);
    put_count(sink, "peak_objects", site->peak_objects);
    put_count(sink, "peak_bytes", site->peak_bytes);
    put_number(sink, "peak_us", site->peak_us);
    put_count(sink, "at_once", site->at_once);
    put_count(sink, "same_call", site->same_call);
    put_count(sink, "size_min", site->size_min);
    put_count(sink, "size_max", site->size_max);
    put_count(sink, "slack_bytes", site->slack_bytes);
    put_count(sink, "grown", site->grown);
    put_count(sink, "moved_bytes", site->moved_bytes);
    put_count(sink, "chain_max", site->chain_max);
    close_line(sink);
}

void cast_defaults(struct cast_sink *sink, const char *options, const char *suppressions) {
    open_line(sink, "defaults");
    if (options)
        put_text(sink, "options", options);
    if (suppressions)
        put_text(sink, "suppressions", suppressions);
    close_line(sink);
}

static void open_note(struct cast_sink *sink, enum note_code code, uint64_t count) {
    static const char *const CODES[] = {
#define X(name, code_, text) code_,
        NOTES(X)
#undef X
    };
    open_line(sink, "note");
    put_text(sink, "code", CODES[code]);
    put_count(sink, "count", count);
}

void cast_note(struct cast_sink *sink, enum note_code code, uint64_t count, const char *detail) {
    open_note(sink, code, count);
    if (detail)
        put_text(sink, "detail", detail);
    close_line(sink);
}

void cast_lingering(struct cast_sink *sink, const struct lingering_site *site) {
    open_note(sink, NOTE_LINGERING, site->objects);
    put_count(sink, "bytes", site->bytes);
    put_count(sink, "scans", site->scans);
    put_count(sink, "site", site->site);
    close_line(sink);
}

int cast_end(struct cast_sink *sink) {
    open_line(sink, "end");
    close_line(sink);
    flush(sink);
    return sink->error;
}
