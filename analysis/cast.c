/* cast.c - write a recording, but for its findings: the process, its scans, what it was asked for.
 *
 * Owns:    nothing.      Never: passes on a string of the target's that was not escaped.
 * Runs in: snapshot child, unit tests, tools.
 * Start:   the public functions; each writes one line.  Format: README.md, "Recording". */
#include "cast_line.h"

#include <string.h>

static void put_arguments(struct cast_sink *sink, const char *cmdline, size_t count) {
    line_key(sink, "argv");
    line_put(sink, "[");
    for (size_t at = 0, end; at < count; at = end + 1) {
        for (end = at; end < count && cmdline[end];)
            end++;
        if (at)
            line_put(sink, ",");
        line_string_bytes(sink, cmdline + at, end - at);
    }
    line_put(sink, "]");
}

void cast_header(struct cast_sink *sink, const struct cast_header *header) {
    line_open(sink, "header");
    line_text(sink, "format", CAST_FORMAT);
    line_count(sink, "version", CAST_VERSION);
    line_text(sink, "tool", header->tool_version);
    line_number(sink, "pid", header->pid);
    line_number(sink, "ppid", header->parent_pid);
    put_arguments(sink, header->cmdline, header->cmdline_bytes);
    line_text(sink, "executable", header->executable);
    line_number(sink, "exit_status", header->exit_status);
    if (header->replaced) {
        line_key(sink, "replaced");
        line_put(sink, "true");
    }
    line_key(sink, "start");
    line_seconds(sink, header->start_seconds);
    line_key(sink, "end");
    line_seconds(sink, header->end_seconds);
    line_close(sink);
}

void cast_module(struct cast_sink *sink, uint32_t id, const struct cast_module *module) {
    line_open(sink, "module");
    line_count(sink, "id", id);
    line_text(sink, "path", module->path);
    line_key(sink, "build_id");
    line_put(sink, "\"");
    line_hex(sink, module->build_id, module->build_id_bytes);
    line_put(sink, "\"");
    line_key(sink, "bias");
    line_signed(sink, module->bias);
    line_close(sink);
}

void cast_site(struct cast_sink *sink, uint32_t id, const struct cast_frame *frames, size_t count) {
    line_open(sink, "site");
    line_count(sink, "id", id);
    line_key(sink, "frames");
    line_put(sink, "[");
    for (size_t i = 0; i < count; i++) {
        line_put(sink, i ? ",[" : "[");
        line_signed(sink, frames[i].module == UINT32_MAX ? UINT64_MAX : frames[i].module);
        line_put(sink, ",");
        line_signed(sink, frames[i].offset);
        line_put(sink, frames[i].exact ? ",1]" : "]");
    }
    line_put(sink, "]");
    line_close(sink);
}

void cast_scan(struct cast_sink *sink, const struct cast_scan *scan, const struct verdicts *verdicts) {
    line_open(sink, "scan");
    line_count(sink, "number", scan->number);
    line_number(sink, "at_us", scan->at_us);
    line_count(sink, "generation", scan->generation);
    line_count(sink, "threads", scan->threads);
    line_count(sink, "pause_us", scan->pause_us);
    line_count(sink, "mark_us", scan->mark_us);
    line_count(sink, "scan_us", scan->scan_us);
    line_count(sink, "root_bytes", scan->root_bytes);
    line_count(sink, "objects_scanned", scan->objects_scanned);
    line_count(sink, "bytes_read", scan->bytes_read);
    for (size_t kind = 0; kind < KIND_JUDGED_COUNT; kind++) {
        const struct tally *tally = &verdicts->tally[kind];
        line_key(sink, kind_key((enum kind)kind));
        line_first(sink, "objects", tally->objects);
        line_count(sink, "bytes", tally->bytes);
        line_count(sink, "findings", tally->findings);
        line_put(sink, "}");
    }
    line_close(sink);
}

static void put_generations(struct cast_sink *sink, const struct cast_status *status) {
    line_key(sink, "generations");
    for (size_t generation = 0; generation < GENERATIONS; generation++) {
        line_put(sink, generation ? "," : "[");
        line_first(sink, "objects", status->objects[generation]);
        line_count(sink, "bytes", status->bytes[generation]);
        line_count(sink, "scans", status->history ? status->history->scans_done[generation] : 0);
        line_count(sink, "scan_us_p50", status->scan_us[generation].p50);
        line_count(sink, "scan_us_max", status->scan_us[generation].max);
        line_put(sink, "}");
    }
    line_put(sink, "]");
}

void cast_status(struct cast_sink *sink, const struct cast_status *status) {
    const struct history_counts none = {0}, *counts = status->history ? &status->history->counts : &none;
    line_open(sink, "status");
    line_number(sink, "recorded_us", status->recorded_us);
    put_generations(sink, status);
    line_key(sink, "pause_us");
    line_first(sink, "p50", status->pause_us.p50);
    line_count(sink, "p99", status->pause_us.p99);
    line_count(sink, "max", status->pause_us.max);
    line_put(sink, "}");
    line_count(sink, "suspects", counts->suspects);
    line_count(sink, "confirmed", counts->confirmed);
    line_count(sink, "withdrawn", counts->withdrawn);
    line_count(sink, "freed_by_program", counts->freed_by_program);
    line_count(sink, "confirmed_withdrawn", counts->confirmed_withdrawn);
    line_count(sink, "confirmed_freed", counts->confirmed_freed);
    line_key(sink, "method");
    line_put(sink, "{\"dirty_pages\":");
    line_string(sink, status->dirty_pages);
    line_text(sink, "stop", status->stop);
    line_text(sink, "snapshot", status->snapshot);
    line_put(sink, "}");
    line_close(sink);
}

static void put_each(struct cast_sink *sink, const char *key, const uint64_t *values) {
    line_key(sink, key);
    for (size_t generation = 0; generation < GENERATIONS; generation++) {
        line_put(sink, generation ? "," : "[");
        line_unsigned(sink, values[generation]);
    }
    line_put(sink, "]");
}

void cast_timeline(struct cast_sink *sink, const struct history *history) {
    if (history->scan_count < 2)
        return;
    line_open(sink, "timeline");
    line_key(sink, "scans");
    for (size_t i = 0; i < history->scan_count; i++) {
        const struct scan_entry *scan = &history->scans[i];
        line_put(sink, i ? "," : "[");
        line_first(sink, "number", scan->number);
        line_count(sink, "generation", scan->generation);
        line_number(sink, "at_us", scan->at_us);
        line_count(sink, "pause_us", scan->pause_us);
        line_count(sink, "scan_us", scan->scan_us);
        put_each(sink, "objects", scan->objects);
        put_each(sink, "bytes", scan->bytes);
        line_put(sink, "}");
    }
    line_put(sink, "]");
    line_close(sink);
}

/* Where the words of a root of that kind are counted from is said by struct cast_root; in the others nothing is. */
static const struct root_kind {
    const char *kind;
    int has_thread, has_offset;
} ROOT_KINDS[] = {
    {"module", 0, 1}, {"stack", 1, 1}, {"registers", 1, 0}, {"mapping", 0, 1}, {"kernel", 0, 0}, {"ignored", 0, 0},
};

static const struct root_kind *root_kind(const char *kind) {
    size_t count = sizeof ROOT_KINDS / sizeof *ROOT_KINDS, at = 0, bytes = line_text_bytes(kind) + 1;
    while (at + 1 < count &&
           (line_text_bytes(ROOT_KINDS[at].kind) + 1 != bytes || memcmp(ROOT_KINDS[at].kind, kind, bytes) != 0))
        at++;
    return &ROOT_KINDS[at];
}

static void put_root(struct cast_sink *sink, const struct cast_root *root) {
    const struct root_kind *kind = root_kind(root->kind);
    line_put(sink, "{\"root\":");
    line_string(sink, root->kind);
    if (root->name)
        line_text(sink, "name", root->name);
    if (kind->has_thread)
        line_number(sink, "tid", root->tid);
    if (root->module != UINT32_MAX)
        line_count(sink, "module", root->module);
    if (kind->has_offset)
        line_number(sink, "offset", (int64_t)root->offset);
    line_put(sink, "}");
}

static void put_path(struct cast_sink *sink, const struct cast_root *root, const struct path *path) {
    line_key(sink, "path");
    line_put(sink, "[");
    if (path->step_count)
        put_root(sink, root);
    for (size_t i = 0; i < path->step_count; i++) {
        const struct path_step *step = &path->steps[i];
        line_put(sink, ",");
        line_first(sink, "site", step->site);
        line_count(sink, "size", step->size_bytes);
        line_count(sink, "offset", step->offset);
        line_count(sink, "count", step->count);
        line_put(sink, "}");
    }
    line_put(sink, "]");
}

static void put_points(struct cast_sink *sink, const struct growth *growth) {
    line_key(sink, "points");
    for (uint32_t i = 0; i < growth->point_count; i++) {
        line_put(sink, i ? "," : "[");
        line_first(sink, "at_us", (uint64_t)growth->at_us[i]);
        line_count(sink, "objects", growth->objects_then[i]);
        line_count(sink, "bytes", growth->bytes_then[i]);
        line_put(sink, "}");
    }
    line_put(sink, "]");
}

void cast_growth(struct cast_sink *sink, const struct growth *growth, const struct cast_root *root,
                 const struct path *path) {
    line_open(sink, "growth");
    line_count(sink, "site", growth->site);
    line_count(sink, "scans", growth->scans);
    line_count(sink, "objects", growth->objects);
    line_count(sink, "bytes", growth->bytes);
    line_count(sink, "objects_per_minute", growth->objects_per_minute);
    line_count(sink, "bytes_per_minute", growth->bytes_per_minute);
    if (growth->point_count)
        put_points(sink, growth);
    if (path)
        put_path(sink, root, path);
    line_close(sink);
}

void cast_dangling(struct cast_sink *sink, const struct cast_dangling *dangling) {
    line_open(sink, "dangling");
    line_count(sink, "site", dangling->site);
    line_count(sink, "slots", dangling->slots);
    line_count(sink, "holder", dangling->holder);
    line_count(sink, "offset", dangling->offset);
    line_count(sink, "target", dangling->target);
    line_close(sink);
}

void cast_path(struct cast_sink *sink, uintptr_t target, const struct cast_root *root, const struct path *path) {
    line_open(sink, "path");
    line_count(sink, "target", target);
    if (path)
        put_path(sink, root, path);
    line_close(sink);
}

void cast_population(struct cast_sink *sink, const struct cast_population *population) {
    line_open(sink, "population");
    line_count(sink, "site", population->site);
    put_each(sink, "objects", population->objects);
    put_each(sink, "bytes", population->bytes);
    line_close(sink);
}

void cast_retained(struct cast_sink *sink, const struct cast_retained *held) {
    const struct retained *retained = &held->retained;
    line_open(sink, "retained");
    if (held->root) {
        line_key(sink, "root");
        put_root(sink, held->root);
    } else if (held->finding >= 0)
        line_number(sink, "finding", held->finding);
    line_count(sink, "objects", retained->objects);
    line_count(sink, "bytes", retained->bytes);
    if (retained->largest_objects) {
        line_key(sink, "largest");
        line_first(sink, "site", retained->largest_site);
        line_count(sink, "objects", retained->largest_objects);
        line_count(sink, "bytes", retained->largest_bytes);
        line_put(sink, "}");
    }
    line_close(sink);
}

void cast_profile(struct cast_sink *sink, const struct cast_profile *profile) {
    line_open(sink, "profile");
    line_count(sink, "objects", profile->objects);
    line_count(sink, "bytes", profile->bytes);
    line_count(sink, "freed_objects", profile->freed_objects);
    line_count(sink, "freed_bytes", profile->freed_bytes);
    line_count(sink, "peak_objects", profile->peak_objects);
    line_count(sink, "peak_bytes", profile->peak_bytes);
    line_number(sink, "peak_us", profile->peak_us);
    line_count(sink, "header_bytes", profile->header_bytes);
    line_count(sink, "missed", profile->missed);
    line_close(sink);
}

void cast_allocations(struct cast_sink *sink, const struct cast_allocations *site) {
    line_open(sink, "allocations");
    line_count(sink, "site", site->site);
    line_count(sink, "objects", site->objects);
    line_count(sink, "bytes", site->bytes);
    line_count(sink, "freed_objects", site->freed_objects);
    line_count(sink, "freed_bytes", site->freed_bytes);
    line_count(sink, "peak_objects", site->peak_objects);
    line_count(sink, "peak_bytes", site->peak_bytes);
    line_number(sink, "peak_us", site->peak_us);
    line_count(sink, "at_once", site->at_once);
    line_count(sink, "same_call", site->same_call);
    line_count(sink, "size_min", site->size_min);
    line_count(sink, "size_max", site->size_max);
    line_count(sink, "slack_bytes", site->slack_bytes);
    line_count(sink, "grown", site->grown);
    line_count(sink, "moved_bytes", site->moved_bytes);
    line_count(sink, "chain_max", site->chain_max);
    line_close(sink);
}

void cast_defaults(struct cast_sink *sink, const char *options, const char *suppressions) {
    line_open(sink, "defaults");
    if (options)
        line_text(sink, "options", options);
    if (suppressions)
        line_text(sink, "suppressions", suppressions);
    line_close(sink);
}

static void open_note(struct cast_sink *sink, enum note_code code, uint64_t count) {
    static const char *const CODES[] = {
#define X(name, code_, text) code_,
        NOTES(X)
#undef X
    };
    line_open(sink, "note");
    line_text(sink, "code", CODES[code]);
    line_count(sink, "count", count);
}

void cast_note(struct cast_sink *sink, enum note_code code, uint64_t count, const char *detail) {
    open_note(sink, code, count);
    if (detail)
        line_text(sink, "detail", detail);
    line_close(sink);
}

void cast_lingering(struct cast_sink *sink, const struct lingering_site *site) {
    open_note(sink, NOTE_LINGERING, site->objects);
    line_count(sink, "bytes", site->bytes);
    line_count(sink, "scans", site->scans);
    line_count(sink, "site", site->site);
    line_close(sink);
}

int cast_end(struct cast_sink *sink) {
    line_open(sink, "end");
    line_close(sink);
    line_flush(sink);
    return sink->error;
}
