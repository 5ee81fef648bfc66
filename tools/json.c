/* json.c - the report for a program. Keys are only ever added; the shape is described in README.md, "JSON".
 *
 * Start: json_write(). */
#include "json.h"

#include "escape.h"
#include "refs.h"

#include <inttypes.h>
#include <string.h>

enum { REPORT_VERSION = 1, INDENT = 2, REAL_DIGITS = 12 /* microseconds of eleven days, and no 0.64100000000000001 */ };

#define DUMP_FLAGS (JSON_INDENT(INDENT) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(REAL_DIGITS))
static const char FINDINGS[] = "findings";

json_t *json_number(uint64_t value) {
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

json_t *json_text(struct pool *pool, const char *value) {
    return value ? json_string(escape_to_utf8(pool, value)) : json_null();
}

static json_t *frame_json(struct pool *pool, const struct stack_frame *frame) {
    json_t *object = json_object();
    json_object_set_new(object, "function", json_text(pool, frame->function));
    json_object_set_new(object, "file", json_text(pool, frame->file));
    json_object_set_new(object, "line", frame->line > 0 ? json_number((uint64_t)frame->line) : json_null());
    json_object_set_new(object, "module", json_text(pool, frame->module));
    json_object_set_new(object, "offset", json_number(frame->offset));
    json_object_set_new(object, "build_id", json_text(pool, frame->build_id));
    if (frame->inlined)
        json_object_set_new(object, "inlined", json_true());
    if (frame->put_back)
        json_object_set_new(object, "put_back", json_true());
    return object;
}

json_t *json_stack(struct pool *pool, const struct stack *stack, const struct view *view) {
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
        json_object_set_new(object, "offset", json_number(entry->offset));
        json_object_set_new(object, "target_offset", json_number(entry->target_offset));
        json_object_set_new(object, "size", json_number(entry->sizes.least));
        json_object_set_new(object, "size_max", json_number(entry->sizes.largest));
        json_object_set_new(object, "type", json_text(pool, entry->type ? entry->type : entry->layout.type));
        json_object_set_new(object, "member", json_text(pool, entry->layout.member));
        json_object_set_new(object, "stack", json_stack(pool, entry->stack, view));
        json_array_append_new(entries, object);
    }
    return entries;
}

json_t *json_fingerprint(uint64_t fingerprint) {
    char text[17];
    snprintf(text, sizeof text, "%016" PRIx64, fingerprint);
    return json_string(text);
}

static json_t *finding_json(struct pool *pool, const struct report_finding *finding, const struct view *view) {
    json_t *object = json_object();
    json_object_set_new(object, "kind", json_string(kind_word(finding->kind)));
    json_object_set_new(object, "fingerprint", json_fingerprint(finding->fingerprint));
    json_object_set_new(object, "count", json_number(finding->count));
    json_object_set_new(object, "objects", json_number(finding->objects));
    json_object_set_new(object, "bytes", json_number(finding->bytes));
    json_object_set_new(object, "indirect_objects", json_number(finding->indirect_objects));
    json_object_set_new(object, "indirect_bytes", json_number(finding->indirect_bytes));
    if (finding->sizes.known) {
        json_object_set_new(object, "size_min", json_number(finding->sizes.least));
        json_object_set_new(object, "size_max", json_number(finding->sizes.largest));
    }
    json_gate_finding(pool, object, finding);
    json_object_set_new(object, "stack", json_stack(pool, finding->stack, view));
    json_object_set_new(object, "cycle", cycle_json(pool, finding, view));
    if (finding->kind == KIND_CYCLE) {
        json_object_set_new(object, "cycle_length", json_number(finding->cycle_length));
        json_object_set_new(object, "cycle_length_max", json_number(finding->cycle_length_max));
        json_object_set_new(object, "group_objects_max", json_number(finding->group_objects_max));
    }
    refs_json(pool, object, finding, view);
    json_live_finding(pool, object, finding, view);
    json_profile_finding(object, finding);
    return object;
}

json_t *json_findings(struct pool *pool, const struct report *report, const struct view *view) {
    json_t *findings = json_array();
    for (size_t i = 0; i < report->finding_count; i++)
        if (view->show & 1u << report->findings[i].kind)
            json_array_append_new(findings, finding_json(pool, &report->findings[i], view));
    return findings;
}

json_t *json_words(struct pool *pool, size_t count, const char *const *words) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_text(pool, words[i]));
    return list;
}

static json_t *program_json(struct pool *pool, const struct report *report) {
    json_t *object = json_object();
    json_object_set_new(object, "argv", json_words(pool, report->argc, report->argv));
    json_object_set_new(object, "pid", json_integer(report->pid));
    json_object_set_new(object, "exit_status", report->signal ? json_null() : json_integer(report->exit_status));
    if (report->signal)
        json_object_set_new(object, "signal", json_integer(report->signal));
    return object;
}

json_t *json_tallies(const struct tally *tallies) {
    json_t *object = json_object();
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        const struct tally *tally = &tallies[kind];
        json_t *counts = json_object();
        json_object_set_new(counts, "objects", json_number(tally->objects));
        json_object_set_new(counts, "bytes", json_number(tally->bytes));
        json_object_set_new(counts, "findings", json_number(tally->findings));
        json_object_set_new(object, kind_key((enum kind)kind), counts);
    }
    return object;
}

json_t *json_notes(struct pool *pool, const struct report *report) {
    json_t *notes = json_array();
    for (size_t i = 0; i < report->note_count; i++) {
        const struct report_note *note = &report->notes[i];
        json_t *object = json_object();
        json_object_set_new(object, "code", json_text(pool, note->code));
        json_object_set_new(object, "text", json_text(pool, note->text));
        json_object_set_new(object, "count", json_number(note->count));
        if (*note->detail)
            json_object_set_new(object, "detail", json_text(pool, note->detail));
        json_array_append_new(notes, object);
    }
    return notes;
}

void json_put(FILE *file, json_t *root) {
    json_dumpf(root, file, DUMP_FLAGS);
    fputc('\n', file);
    json_decref(root);
}

/* ---- the report, finding by finding: as one tree it would take twenty times what is written ---- */

struct nested {
    FILE *file;
    int depth;
};

/* Line ends stand between values only: within strings they are escaped. */
static int put_nested(const char *text, size_t bytes, void *context) {
    const struct nested *nested = context;
    for (const char *end = text + bytes, *line; text < end; text = line) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        line = stop ? stop + 1 : end;
        fwrite(text, 1, (size_t)(line - text), nested->file);
        if (stop)
            fprintf(nested->file, "%*s", nested->depth * INDENT, "");
    }
    return 0;
}

static void put_value(FILE *file, const json_t *value, int depth) {
    struct nested nested = {file, depth};
    json_dump_callback(value, put_nested, &nested, DUMP_FLAGS | JSON_ENCODE_ANY);
}

static void put_findings(FILE *file, const struct report *report, const struct view *view) {
    size_t shown = 0;
    fputc('[', file);
    for (size_t i = 0; i < report->finding_count; i++) {
        struct pool scratch = {0};
        if (!(view->show & 1u << report->findings[i].kind))
            continue;
        json_t *finding = finding_json(&scratch, &report->findings[i], view);
        fprintf(file, "%s%*s", shown++ ? ",\n" : "\n", 2 * INDENT, "");
        put_value(file, finding, 2);
        json_decref(finding);
        pool_free(&scratch);
    }
    fprintf(file, shown ? "\n%*s]" : "]", shown ? INDENT : 0, "");
}

static void put_report(FILE *file, json_t *root, const struct report *report, const struct view *view) {
    const char *key, *before = "{\n";
    json_t *value;
    json_object_foreach(root, key, value) {
        fprintf(file, "%s%*s\"%s\": ", before, INDENT, "", key);
        if (json_is_null(value) && !strcmp(key, FINDINGS))
            put_findings(file, report, view);
        else
            put_value(file, value, 1);
        before = ",\n";
    }
    fputs("\n}\n", file);
}

void json_write(FILE *file, const struct report *report, const struct view *view) {
    struct pool scratch = {0};
    json_t *root = json_object();
    json_object_set_new(root, "format", json_string("castaway-report"));
    json_object_set_new(root, "version", json_integer(REPORT_VERSION));
    json_object_set_new(root, "program", program_json(&scratch, report));
    json_object_set_new(root, "processes", json_number(report->processes));
    json_object_set_new(root, "summary", json_tallies(report->tally));
    json_live_counts(root, &report->live);
    json_object_set_new(root, "timeline", json_timeline(&report->timeline));
    json_object_set_new(root, FINDINGS, json_null()); /* its place */
    json_object_set_new(root, "notes", json_notes(&scratch, report));
    json_profile(&scratch, root, &report->profile, view);
    json_gate(&scratch, root, report);
    put_report(file, root, report, view);
    json_decref(root);
    pool_free(&scratch);
}
