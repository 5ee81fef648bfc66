/* html.c - the report as one page: a page made at build time (web/), and this report's data in the middle of it.
 *
 * The data is JSON in which every `<` is escaped, so that no name can end the element that it stands in; the page only
 * ever shows it as text. Frames and stacks stand there once and are named by their place in a list.
 * Start: html_write(). */
#include "breaks.h"
#include "demangle.h"
#include "escape.h"
#include "hash.h"
#include "json.h"
#include "label.h"
#include "live_text.h"
#include "refs.h"
#include "shares.h"
#include "wording.h"

#include <inttypes.h>
#include <string.h>

/* The page, with a NUL behind it: web_page.S. */
extern const char web_page[];
#define DATA_PLACE "@DATA@"

/* Numbered from 0, by what they say. */
struct place {
    const char *key;
    json_int_t number;
    UT_hash_handle hh;
};
struct page {
    struct pool *pool;
    const struct report *report;
    const struct view *view;
    struct place *frame_places, *stack_places;
    json_t *frames, *stacks;
};

/* What can't be seen is made visible: a page is a place for lies, too. */
static json_t *text(struct page *page, const char *value) {
    return value ? json_string(escape_text(page->pool, value, true)) : json_null();
}

/* The place of `key`; if it is new, `value` is appended to `list`, else given up. */
static json_int_t place_of(struct page *page, struct place **places, json_t *list, const char *key, json_t *value) {
    struct place *place = NULL;
    HASH_FIND_STR(*places, key, place);
    if (place) {
        json_decref(value);
        return place->number;
    }
    place = pool_alloc(page->pool, sizeof *place);
    place->key = key;
    place->number = (json_int_t)json_array_size(list);
    HASH_ADD_KEYPTR(hh, *places, place->key, strlen(place->key), place);
    json_array_append_new(list, value);
    return place->number;
}

/* A frame: function, place, full path of the file, module, is it inlined? */
static json_int_t frame_of(struct page *page, const struct stack_frame *frame) {
    struct pool *pool = page->pool;
    const char *function = frame->function ? demangle_short(pool, frame->function) : NULL;
    const char *key = pool_printf(pool, "%s\n%s\n%s\n%s\n%d", function ? function : "", wording_place(pool, frame),
                                  frame->file ? frame->file : "", frame->module ? frame->module : "", frame->inlined);
    json_t *value = json_array();
    json_array_append_new(value, text(page, function));
    json_array_append_new(value, json_string(wording_place(pool, frame)));
    json_array_append_new(value, text(page, frame->file));
    json_array_append_new(value, text(page, frame->module));
    json_array_append_new(value, json_boolean(frame->inlined));
    return place_of(page, &page->frame_places, page->frames, key, value);
}

static json_t *stack_of(struct page *page, const struct stack *stack) {
    json_t *value = json_array();
    const char *key = "";
    for (size_t i = 0; i < stack->named_count && i < (size_t)page->view->frames_max; i++) {
        json_int_t frame = frame_of(page, &stack->frames[i]);
        key = pool_printf(page->pool, "%s %" PRId64, key, (int64_t)frame);
        json_array_append_new(value, json_integer(frame));
    }
    return json_integer(place_of(page, &page->stack_places, page->stacks, key, value));
}

/* ---- findings ---- */

/* Were the reference at this entry made weak: in which proposal that is, with how many others. */
static void add_break(struct page *page, json_t *object, const struct report_finding *finding, size_t entry) {
    const struct report_break *part = breaks_at(finding, entry);
    const struct stack *taker = part ? part->taker : NULL;
    json_object_set_new(object, "rank", json_number(part ? part->is.set : 0));
    json_object_set_new(object, "parts", json_number(part ? breaks_parts(&finding->breaks, part->is.set) : 0));
    json_object_set_new(object, "references", json_number(part ? part->is.references : 0));
    json_object_set_new(object, "frees_objects", json_number(part ? part->is.frees_objects : 0));
    json_object_set_new(object, "frees_bytes", json_number(part ? part->is.frees_bytes : 0));
    json_object_set_new(object, "taker", taker ? stack_of(page, taker) : json_null());
}

static json_t *cycle_json(struct page *page, const struct report_finding *finding) {
    json_t *entries = json_array();
    const char **labels = label_cycle(page->pool, finding);
    for (size_t i = 0; i < finding->cycle_listed; i++) {
        const struct report_entry *entry = &finding->cycle[i];
        json_t *object = json_object();
        json_object_set_new(object, "label", text(page, labels[i]));
        json_object_set_new(object, "size", json_number(entry->sizes.least));
        json_object_set_new(object, "size_max", json_number(entry->sizes.largest));
        json_object_set_new(object, "offset", json_number(entry->offset));
        json_object_set_new(object, "member", text(page, entry->layout.member));
        json_object_set_new(object, "target_offset", json_number(entry->target_offset));
        json_object_set_new(object, "stack", stack_of(page, entry->stack));
        json_object_set_new(object, "type", text(page, entry->type));
        add_break(page, object, finding, i);
        json_array_append_new(entries, object);
    }
    return entries;
}

/* What reference counts say: sentences, and the stacks that are to blame. */
static void add_refs(struct page *page, json_t *object, const struct report_finding *finding) {
    json_t *told = json_array(), *culprits = json_array();
    for (const char **line = refs_lines(page->pool, finding, true); *line; line++)
        json_array_append_new(told, text(page, *line));
    for (const struct refs_culprit *culprit = refs_culprits(page->pool, finding); culprit->stack; culprit++)
        json_array_append_new(culprits, json_pack("{s:o, s:o}", "label", text(page, culprit->label), "stack",
                                                  stack_of(page, culprit->stack)));
    json_object_set_new(object, "told", told);
    json_object_set_new(object, "culprits", culprits);
}

/* From the root on: what it is called, and the stack that made it (null: the root). */
static json_t *path_json(struct page *page, const struct report_path *path) {
    size_t count;
    const char **pieces = live_path(page->pool, path, true, &count);
    json_t *steps = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(steps, json_pack("{s:o, s:o}", "text", json_text(page->pool, pieces[i]), "stack",
                                               i ? stack_of(page, path->steps[i - 1].stack) : json_null()));
    return steps;
}

/* What live scans know: when it was lost, how it grew and what holds it. Null where there is nothing to say. */
static void add_live(struct page *page, json_t *object, const struct report_finding *finding) {
    const struct report_growth *growth = finding->growth;
    const char *age = live_age(page->pool, page->report, finding);
    json_object_set_new(object, "age", json_text(page->pool, *age ? age : NULL));
    json_object_set_new(object, "growth", json_text(page->pool, growth ? live_growth(page->pool, growth) : NULL));
    json_object_set_new(object, "points", growth ? json_points(growth) : json_null());
    json_object_set_new(object, "path", growth ? path_json(page, &growth->path) : json_null());
}

static void add_dangling(struct page *page, json_t *object, const struct report_finding *finding) {
    if (finding->dangling)
        json_object_set_new(object, "dangling", json_text(page->pool, wording_dangling(page->pool, finding)));
}

static json_t *finding_json(struct page *page, const struct report_finding *finding) {
    json_t *object = json_object();
    json_object_set_new(object, "kind", json_string(kind_word(finding->kind)));
    json_object_set_new(object, "fails", json_boolean(report_fails(finding, page->view->fail_on)));
    json_object_set_new(object, "fingerprint", json_string(wording_fingerprint(page->pool, finding)));
    json_object_set_new(object, "name", json_string(wording_name(page->pool, finding)));
    json_object_set_new(object, "count", json_number(finding->count));
    json_object_set_new(object, "objects", json_number(finding->objects));
    json_object_set_new(object, "bytes", json_number(finding->bytes));
    json_object_set_new(object, "indirect_objects", json_number(finding->indirect_objects));
    json_object_set_new(object, "indirect_bytes", json_number(finding->indirect_bytes));
    json_object_set_new(object, "stack", stack_of(page, finding->stack));
    if (finding->kind == KIND_CYCLE) {
        json_object_set_new(object, "cycle", cycle_json(page, finding));
        json_object_set_new(object, "cycle_length", json_number(finding->cycle_length));
        json_object_set_new(object, "cycle_length_max", json_number(finding->cycle_length_max));
        json_object_set_new(object, "group_objects_max", json_number(finding->group_objects_max));
    }
    add_refs(page, object, finding);
    add_live(page, object, finding);
    add_dangling(page, object, finding);
    return object;
}

static json_t *findings_json(struct page *page) {
    json_t *findings = json_array();
    for (size_t i = 0; i < page->report->finding_count; i++)
        if (page->view->show & 1u << page->report->findings[i].kind)
            json_array_append_new(findings, finding_json(page, &page->report->findings[i]));
    return findings;
}

static void add_flame(struct page *page, json_t *flame, const struct stack *stack, uint64_t lost, uint64_t live,
                      uint64_t allocated) {
    json_t *entry = json_array();
    json_array_append_new(entry, stack_of(page, stack));
    json_array_append_new(entry, json_number(lost));
    json_array_append_new(entry, json_number(live));
    if (allocated)
        json_array_append_new(entry, json_number(allocated));
    json_array_append_new(flame, entry);
}

/* Of every stack: bytes that are lost, bytes that are live (the lost ones among them); of a profile, bytes allocated. */
static json_t *flame_json(struct page *page) {
    json_t *flame = json_array();
    for (size_t i = 0; i < page->report->finding_count; i++) {
        const struct report_finding *finding = &page->report->findings[i];
        size_t count;
        const struct share *shares = shares_of(page->pool, finding, &count);
        bool lost = shares_is_lost(finding->kind);
        for (size_t j = 0; j < count && shares_is_live(finding->kind); j++) {
            if (!shares[j].bytes)
                continue;
            add_flame(page, flame, shares[j].stack, lost ? shares[j].bytes : 0, shares[j].bytes, 0);
        }
    }
    const struct report_profile *profile = &page->report->profile;
    for (size_t i = 0; i < profile->site_count; i++)
        if (profile->sites[i].counts.bytes)
            add_flame(page, flame, profile->sites[i].stack, 0, 0, profile->sites[i].counts.bytes);
    return flame;
}

/* ---- the whole ---- */

static json_t *summary_json(const struct report *report) {
    json_t *list = json_array();
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        const struct tally *tally = &report->tally[kind];
        json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o}", "kind", kind_word((enum kind)kind), "objects",
                                              json_number(tally->objects), "bytes", json_number(tally->bytes),
                                              "findings", json_number(tally->findings)));
    }
    return list;
}

static json_t *notes_json(struct page *page) {
    json_t *notes = json_array();
    for (size_t i = 0; i < page->report->note_count; i++) {
        const struct report_note *note = &page->report->notes[i];
        bool counted = note_is_counted(note->code) || note->count > 1;
        json_array_append_new(notes, json_pack("{s:o, s:o, s:o}", "text", text(page, note->text), "count",
                                               counted ? json_number(note->count) : json_null(), "detail",
                                               text(page, note->detail)));
    }
    return notes;
}

static json_t *data_json(struct page *page) {
    const struct report *report = page->report;
    const char *scans = live_counts(page->pool, &report->live);
    json_t *root = json_object(), *argv = json_array();
    for (size_t i = 0; i < report->argc; i++)
        json_array_append_new(argv, text(page, report->argv[i]));
    json_object_set_new(root, "version", json_string(CASTAWAY_VERSION));
    json_object_set_new(root, "program", json_string(wording_program(page->pool, report)));
    json_object_set_new(root, "argv", argv);
    json_object_set_new(root, "pid", json_integer(report->pid));
    json_object_set_new(root, "processes", json_number(report->processes));
    json_object_set_new(root, "unjudged", json_number(report->unjudged));
    json_object_set_new(root, "summary", summary_json(report));
    json_object_set_new(root, "scans", json_text(page->pool, *scans ? scans : NULL));
    json_object_set_new(root, "timeline", json_timeline(&report->timeline));
    json_object_set_new(root, "notes", notes_json(page));
    json_object_set_new(root, "findings", findings_json(page));
    json_object_set_new(root, "flame", flame_json(page));
    json_object_set_new(root, "frames", page->frames);
    json_object_set_new(root, "stacks", page->stacks);
    return root;
}

/* In JSON a `<` stands in strings only, where it may be written as an escape. */
static int put_safely(const char *bytes, size_t count, void *context) {
    FILE *file = context;
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == '<')
            fputs("\\u003c", file);
        else
            fputc(bytes[i], file);
    }
    return ferror(file) ? -1 : 0;
}

bool html_has_drawings(void) {
    return strstr(web_page, "window.castawayDrawings={") != NULL;
}

void html_write(FILE *file, const struct report *report, const struct view *view) {
    struct pool scratch = {0};
    struct page page = {.pool = &scratch, .report = report, .view = view};
    const char *place = strstr(web_page, DATA_PLACE);
    page.frames = json_array();
    page.stacks = json_array();
    json_t *data = data_json(&page);
    fwrite(web_page, 1, (size_t)(place - web_page), file);
    json_dump_callback(data, put_safely, file, JSON_COMPACT | JSON_ENSURE_ASCII);
    fputs(place + strlen(DATA_PLACE), file);
    json_decref(data);
    HASH_CLEAR(hh, page.frame_places);
    HASH_CLEAR(hh, page.stack_places);
    pool_free(&scratch);
}
