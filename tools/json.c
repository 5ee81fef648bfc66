/* json.c - the report for a program. Keys are only ever added; the shape is described in README.md, "JSON".
 *
 * Start: json_write(). */
#include "formats.h"

#include "escape.h"

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

static json_t *finding_json(struct pool *pool, const struct report_finding *finding, const struct view *view) {
    json_t *object = json_object();
    char fingerprint[17];
    snprintf(fingerprint, sizeof fingerprint, "%016" PRIx64, finding->fingerprint);
    json_object_set_new(object, "kind", json_string(kind_word(finding->kind)));
    json_object_set_new(object, "fingerprint", json_string(fingerprint));
    json_object_set_new(object, "count", number(finding->count));
    json_object_set_new(object, "objects", number(finding->objects));
    json_object_set_new(object, "bytes", number(finding->bytes));
    json_object_set_new(object, "indirect_objects", number(finding->indirect_objects));
    json_object_set_new(object, "indirect_bytes", number(finding->indirect_bytes));
    json_object_set_new(object, "stack", stack_json(pool, finding->stack, view));
    json_object_set_new(object, "cycle", cycle_json(pool, finding, view));
    if (finding->kind == KIND_CYCLE) {
        json_object_set_new(object, "cycle_length", number(finding->cycle_length));
        json_object_set_new(object, "group_objects_max", number(finding->group_objects_max));
    }
    return object;
}

static json_t *program_json(struct pool *pool, const struct report *report) {
    json_t *object = json_object(), *argv = json_array();
    for (size_t i = 0; i < report->argc; i++)
        json_array_append_new(argv, string(pool, report->argv[i]));
    json_object_set_new(object, "argv", argv);
    json_object_set_new(object, "pid", json_integer(report->pid));
    json_object_set_new(object, "exit_status", report->signal ? json_null() : json_integer(report->exit_status));
    if (report->signal)
        json_object_set_new(object, "signal", json_integer(report->signal));
    return object;
}

static json_t *summary_json(const struct report *report) {
    json_t *object = json_object();
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        const struct tally *tally = &report->tally[kind];
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
    json_object_set_new(root, "summary", summary_json(report));
    json_object_set_new(root, "findings", findings);
    json_object_set_new(root, "notes", notes_json(&scratch, report));
    json_dumpf(root, file, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    fputc('\n', file);
    json_decref(root);
    pool_free(&scratch);
}
