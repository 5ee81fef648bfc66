/* json.c - the report for a program. Keys are only ever added; the shape is described in README.md, "JSON".
 *
 * Start: json_write(). */
#include "writers.h"

#include "escape.h"
#include "gate.h"

#include <inttypes.h>
#include <jansson.h>

enum { REPORT_VERSION = 1 };

static json_t *number(uint64_t value) {
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

static json_t *string(struct pool *pool, const char *value) {
    return value ? json_string(escape_to_utf8(pool, value)) : json_null();
}

static json_t *frame_json(struct pool *pool, const struct stack_frame *frame) {
    json_t *object = json_object();
    json_object_set_new(object, "function", string(pool, frame->function));
    json_object_set_new(object, "file", string(pool, frame->file));
    json_object_set_new(object, "line", frame->line > 0 ? number((uint64_t)frame->line) : json_null());
    json_object_set_new(object, "module", string(pool, frame->module));
    json_object_set_new(object, "offset", number(frame->offset));
    json_object_set_new(object, "build_id", string(pool, frame->build_id));
    if (frame->inlined)
        json_object_set_new(object, "inlined", json_true());
    return object;
}

static json_t *stack_json(struct pool *pool, const struct stack *stack, const struct view *view) {
    json_t *frames = json_array();
    for (size_t i = 0; i < stack->frame_count && i < (size_t)view->frames_max; i++)
        json_array_append_new(frames, frame_json(pool, &stack->frames[i]));
    return frames;
}

static json_t *cycle_json(struct pool *pool, const struct report_finding *finding, const struct view *view) {
    json_t *entries = json_array();
    for (size_t i = 0; i < finding->cycle_listed; i++) {
        const struct report_entry *entry = &finding->cycle[i];
        json_t *object = json_object();
        json_object_set_new(object, "offset", number(entry->offset));
        json_object_set_new(object, "target_offset", number(entry->target_offset));
        json_object_set_new(object, "size", number(entry->size_bytes));
        json_object_set_new(object, "stack", stack_json(pool, entry->stack, view));
        json_array_append_new(entries, object);
    }
    return entries;
}

static const char *const standing_words[] = {
    [STANDING_NEW] = "new", [STANDING_GROWN] = "grown", [STANDING_KNOWN] = "known"};

static void set_fingerprint(json_t *object, const char *key, uint64_t fingerprint) {
    char text[17];
    snprintf(text, sizeof text, "%016" PRIx64, fingerprint);
    json_object_set_new(object, key, json_string(text));
}

static json_t *arguments_json(struct pool *pool, size_t count, const char *const *words) {
    json_t *argv = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(argv, string(pool, words[i]));
    return argv;
}

static json_t *origin_json(struct pool *pool, const struct origin *origin) {
    json_t *object = json_object();
    json_object_set_new(object, "argv", arguments_json(pool, origin->argc, origin->argv));
    json_object_set_new(object, "pid", json_integer(origin->pid));
    return object;
}

static json_t *finding_json(struct pool *pool, const struct report_finding *finding, const struct view *view) {
    json_t *object = json_object();
    json_object_set_new(object, "kind", json_string(kind_word(finding->kind)));
    set_fingerprint(object, "fingerprint", finding->fingerprint);
    json_object_set_new(object, "count", number(finding->count));
    json_object_set_new(object, "objects", number(finding->objects));
    json_object_set_new(object, "bytes", number(finding->bytes));
    json_object_set_new(object, "indirect_objects", number(finding->indirect_objects));
    json_object_set_new(object, "indirect_bytes", number(finding->indirect_bytes));
    json_object_set_new(object, "processes", number(finding->processes));
    if (finding->origin)
        json_object_set_new(object, "first", origin_json(pool, finding->origin));
    if (finding->family != finding->fingerprint)
        set_fingerprint(object, "family", finding->family);
    if (finding->standing != STANDING_NONE) {
        json_object_set_new(object, "standing", json_string(standing_words[finding->standing]));
        json_object_set_new(object, "ceiling", number(finding->ceiling));
    }
    json_object_set_new(object, "where", string(pool, compare_where(pool, finding->stack)));
    json_object_set_new(object, "stack", stack_json(pool, finding->stack, view));
    json_object_set_new(object, "cycle", cycle_json(pool, finding, view));
    if (finding->kind == KIND_CYCLE) {
        json_object_set_new(object, "cycle_length", number(finding->cycle_length));
        json_object_set_new(object, "group_objects_max", number(finding->group_objects_max));
    }
    return object;
}

static json_t *program_json(struct pool *pool, const struct report *report) {
    json_t *object = json_object();
    json_object_set_new(object, "argv", arguments_json(pool, report->argc, report->argv));
    json_object_set_new(object, "pid", json_integer(report->pid));
    json_object_set_new(object, "exit_status", report->signal ? json_null() : json_integer(report->exit_status));
    if (report->signal)
        json_object_set_new(object, "signal", json_integer(report->signal));
    return object;
}

static json_t *tallies_json(const struct tally *tallies) {
    json_t *object = json_object();
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        const struct tally *tally = &tallies[kind];
        json_t *counts = json_object();
        json_object_set_new(counts, "objects", number(tally->objects));
        json_object_set_new(counts, "bytes", number(tally->bytes));
        json_object_set_new(counts, "findings", number(tally->findings));
        json_object_set_new(object, kind_key((enum kind)kind), counts);
    }
    return object;
}

static json_t *notes_json(struct pool *pool, const struct report *report) {
    json_t *notes = json_array();
    for (size_t i = 0; i < report->note_count; i++) {
        const struct report_note *note = &report->notes[i];
        json_t *object = json_object();
        json_object_set_new(object, "code", string(pool, note->code));
        json_object_set_new(object, "text", string(pool, note->text));
        json_object_set_new(object, "count", number(note->count));
        if (*note->detail)
            json_object_set_new(object, "detail", string(pool, note->detail));
        json_array_append_new(notes, object);
    }
    return notes;
}

static json_t *suppression_json(struct pool *pool, const struct suppression *suppression) {
    json_t *object = json_object();
    json_object_set_new(object, "name", string(pool, suppression->name));
    json_object_set_new(object, "file", suppression->is_default ? json_null() : string(pool, suppression->file));
    json_object_set_new(object, "line", number(suppression->line));
    json_object_set_new(object, "findings", number(suppression->findings));
    json_object_set_new(object, "objects", number(suppression->objects));
    json_object_set_new(object, "bytes", number(suppression->bytes));
    if (suppression->reason)
        json_object_set_new(object, "reason", string(pool, suppression->reason));
    if (suppression->expires)
        json_object_set_new(object, "expires", string(pool, suppression->expires));
    if (suppression->objects_max != UINT64_MAX)
        json_object_set_new(object, "max", number(suppression->objects_max));
    json_object_set_new(object, "expired", json_boolean(suppression->expired));
    json_object_set_new(object, "exceeded", json_boolean(suppression->exceeded));
    return object;
}

static json_t *suppressions_json(struct pool *pool, const struct suppressions *suppressions) {
    json_t *list = json_array();
    for (size_t i = 0; i < suppressions->count; i++)
        if (!suppressions->list[i].is_default || suppressions->list[i].findings)
            json_array_append_new(list, suppression_json(pool, &suppressions->list[i]));
    return list;
}

static json_t *gone_json(struct pool *pool, const struct gate *gate) {
    json_t *list = json_array();
    for (size_t i = 0; i < gate->baseline.known.count; i++) {
        const struct compare_item *item = &gate->baseline.known.items[i];
        if (item->partner || !(gate->options->fail_on & 1u << item->kind))
            continue;
        json_t *object = json_object();
        set_fingerprint(object, "fingerprint", item->fingerprint);
        json_object_set_new(object, "where", string(pool, item->where));
        json_array_append_new(list, object);
    }
    return list;
}

static void set_gate(struct pool *pool, json_t *root, const struct report *report) {
    const struct gate *gate = report->gate;
    json_t *object = json_object();
    json_object_set_new(object, "status", json_integer(gate->status));
    json_object_set_new(object, "why", string(pool, gate->why));
    if (gate->has_baseline) {
        json_object_set_new(object, "baseline", string(pool, gate->options->baseline));
        json_object_set_new(object, "gone", gone_json(pool, gate));
    }
    json_object_set_new(root, "exit", object);
    json_object_set_new(root, "suppressed", tallies_json(report->suppressed));
    json_object_set_new(root, "suppressions", suppressions_json(pool, &gate->suppressions));
}

void json_write(FILE *file, const struct report *report, const struct view *view) {
    struct pool scratch = {0};
    json_t *root = json_object(), *findings = json_array();
    for (size_t i = 0; i < report->finding_count; i++)
        if (view->show & 1u << report->findings[i].kind)
            json_array_append_new(findings, finding_json(&scratch, &report->findings[i], view));
    json_object_set_new(root, "format", json_string("castaway-report"));
    json_object_set_new(root, "version", json_integer(REPORT_VERSION));
    json_object_set_new(root, "program", program_json(&scratch, report));
    json_object_set_new(root, "processes", number(report->processes));
    json_object_set_new(root, "summary", tallies_json(report->tally));
    json_object_set_new(root, "findings", findings);
    json_object_set_new(root, "notes", notes_json(&scratch, report));
    if (report->gate)
        set_gate(&scratch, root, report);
    json_dumpf(root, file, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    fputc('\n', file);
    json_decref(root);
    pool_free(&scratch);
}
