/* sarif.c - SARIF 2.1.0, with what GitHub's code scanning reads: rules with help, locations relative to the source root,
 * partial fingerprints; and what viewers show besides: stacks, the objects of a cycle, notes.
 *
 * Start: sarif_write(); a finding is result_json(). */
#include "escape.h"
#include "json.h"
#include "location.h"
#include "wording.h"

#include <inttypes.h>
#include <string.h>

#define SCHEMA "https://json.schemastore.org/sarif-2.1.0.json"
#define ROOT_NAME "%SRCROOT%"
enum { RELATED_MAX = 100 /* objects of a cycle that are listed */ };

static const struct {
    const char *name, *brief, *full;
} rules[KIND_COUNT] = {
    [KIND_LOST] = {"LostObject", "Heap object that nothing points to",
                   "No pointer to the object is left anywhere that the program can reach: it can never be freed. Free "
                   "it before its last pointer goes, or keep that pointer."},
    [KIND_LOST_INDIRECT] = {"LostIndirectly", "Heap object that hangs from a lost one",
                            "The object is held by a lost object or a cycle only. It goes with them: mend those."},
    [KIND_CYCLE] = {"ReferenceCycle", "Heap objects that hold only each other",
                    "The objects reach each other, and nothing else points to them: reference counting can never free "
                    "them. Make one of the references weak, or clear it when the owner goes."},
    [KIND_POSSIBLE] = {"PossiblyLost", "Heap object held by a pointer into its middle only",
                       "The only pointers to the object lead into its middle, which may be chance."},
    [KIND_REACHABLE] = {"StillReachable", "Heap object alive at the end of the program",
                        "The program can still reach the object, and did not free it."},
    [KIND_GROWING] = {"GrowingPlace", "Place whose objects become more from scan to scan",
                      "The program reaches these objects, but there were more of them in every scan. What holds them "
                      "may never let go."},
    [KIND_DANGLING_WEAK] = {"DanglingWeakReference", "Weak reference to an object that was freed",
                            "The slot was declared weak and still points at an object that was freed: who follows it "
                            "uses memory after its end. Clear it when the object goes."},
    [KIND_OVER_UNREF] = {"OverReleased", "Object with fewer references than pointers to it",
                         "A reference was given back too often, and the object will be freed while it is in use; or "
                         "some of the pointers are borrowed."},
    [KIND_MISSING_UNREF] = {"UnderReleased", "Object in reach with more references than pointers to it",
                            "A reference was never given back, so the object will outlive its last user; or it is held "
                            "where no pointer can be seen."},
};

static const char *const baseline_states[] = {
    [STANDING_NEW] = "new", [STANDING_GROWN] = "updated", [STANDING_KNOWN] = "unchanged"};

static json_t *message(struct pool *pool, const char *value) {
    return json_pack("{s:o}", "text", json_text(pool, value));
}

static const char *level(const struct view *view, enum kind kind) {
    if (view->fail_on & 1u << kind)
        return "error";
    return KINDS_DEFAULT & 1u << kind ? "warning" : "note";
}

/* ---- locations ---- */

/* A path as a URI reference: all but the unreserved characters and slashes are encoded. */
static const char *uri(struct pool *pool, const char *path, const char *scheme) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/+";
    size_t length = strlen(scheme);
    char *encoded = pool_alloc(pool, length + strlen(path) * 3 + 1), *to = stpcpy(encoded, scheme);
    for (; *path; path++)
        if (strchr(plain, *path))
            *to++ = *path;
        else
            to += sprintf(to, "%%%02X", (unsigned char)*path);
    return encoded;
}

static json_t *artifact(struct pool *pool, const struct location *location) {
    const char *path = location->path ? location->path : location->frame->module;
    if (!path)
        return NULL;
    if (location->in_sources)
        return json_pack("{s:s, s:s}", "uri", uri(pool, path, ""), "uriBaseId", ROOT_NAME);
    return json_pack("{s:s}", "uri", uri(pool, path, *path == '/' ? "file://" : ""));
}

static json_t *location_json(struct pool *pool, const struct location *location, const char *words) {
    json_t *object = json_object(), *file = location->frame ? artifact(pool, location) : NULL;
    if (file) {
        json_t *physical = json_pack("{s:o}", "artifactLocation", file);
        if (location->line)
            json_object_set_new(physical, "region", json_pack("{s:i}", "startLine", location->line));
        json_object_set_new(object, "physicalLocation", physical);
    }
    if (location->frame && location->frame->function) {
        const char *name = wording_function(pool, location->frame);
        json_t *logical = json_pack("{s:o, s:s}", "fullyQualifiedName", json_text(pool, name), "kind", "function");
        json_object_set_new(object, "logicalLocations", json_pack("[o]", logical));
    }
    if (words)
        json_object_set_new(object, "message", message(pool, words));
    return object;
}

static json_t *stack_json(struct pool *pool, const struct stack *stack, const struct view *view, const char *root) {
    json_t *frames = json_array();
    for (size_t i = 0; i < stack->named_count && i < (size_t)view->frames_max; i++) {
        const struct stack_frame *frame = &stack->frames[i];
        struct location location = location_of_frame(pool, frame, root);
        const char *words = pool_printf(pool, "%s  %s", wording_function(pool, frame), wording_place(pool, frame));
        json_t *object = json_pack("{s:o}", "location", location_json(pool, &location, words));
        if (frame->module)
            json_object_set_new(object, "module", json_text(pool, escape_text(pool, path_base(frame->module), true)));
        json_array_append_new(frames, object);
    }
    return json_pack("{s:o, s:o}", "message", message(pool, "allocated by"), "frames", frames);
}

/* The objects of a cycle, each where it was made. */
static json_t *related_json(struct pool *pool, const struct report_finding *finding, const char *root) {
    json_t *related = json_array();
    for (size_t i = 0; i < finding->cycle_listed && i < RELATED_MAX; i++) {
        const struct report_entry *entry = &finding->cycle[i];
        struct location location = location_of_stack(pool, entry->stack, root);
        const char *words = pool_printf(pool, "object %zu of the cycle, %s: holds the next one at %s", i + 1,
                                        wording_sizes(pool, entry->sizes, entry->bytes), wording_member(pool, entry));
        json_t *object = location_json(pool, &location, words);
        json_object_set_new(object, "id", json_integer((json_int_t)i));
        json_array_append_new(related, object);
    }
    return related;
}

/* ---- results ---- */

static json_t *properties_json(const struct report_finding *finding) {
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "kind", kind_word(finding->kind), "count",
                     json_number(finding->count), "objects", json_number(finding->objects), "bytes",
                     json_number(finding->bytes), "indirectObjects", json_number(finding->indirect_objects),
                     "indirectBytes", json_number(finding->indirect_bytes));
}

static const char *words(struct pool *pool, const struct report_finding *finding) {
    const char *message = wording_message(pool, finding), *advice = wording_advice(pool, finding);
    return advice ? pool_printf(pool, "%s; %s", message, advice) : message;
}

static json_t *result_json(struct pool *pool, const struct report_finding *finding, const struct view *view,
                           const char *root, int rule) {
    struct location location = location_of_stack(pool, finding->stack, root);
    const char *fingerprint = wording_fingerprint(pool, finding);
    json_t *object = json_object();
    json_object_set_new(object, "ruleId", json_string(pool_printf(pool, "castaway/%s", kind_word(finding->kind))));
    json_object_set_new(object, "ruleIndex", json_integer(rule));
    bool passes = finding->standing == STANDING_KNOWN;
    json_object_set_new(object, "level", json_string(passes ? "note" : level(view, finding->kind)));
    if (finding->standing != STANDING_NONE)
        json_object_set_new(object, "baselineState", json_string(baseline_states[finding->standing]));
    json_object_set_new(object, "message", message(pool, words(pool, finding)));
    json_object_set_new(object, "locations", json_pack("[o]", location_json(pool, &location, NULL)));
    json_object_set_new(object, "partialFingerprints",
                        json_pack("{s:s, s:s}", "castawayFingerprint/v1", fingerprint, "primaryLocationLineHash",
                                  pool_printf(pool, "%s:1", fingerprint)));
    json_object_set_new(object, "stacks", json_pack("[o]", stack_json(pool, finding->stack, view, root)));
    if (finding->kind == KIND_CYCLE)
        json_object_set_new(object, "relatedLocations", related_json(pool, finding, root));
    json_object_set_new(object, "occurrenceCount", json_number(finding->count ? finding->count : 1));
    json_object_set_new(object, "properties", properties_json(finding));
    return object;
}

static json_t *results_json(struct pool *pool, const struct report *report, const struct view *view, const char *root) {
    json_t *results = json_array();
    for (size_t i = 0; i < report->finding_count; i++)
        if (view->show & 1u << report->findings[i].kind)
            json_array_append_new(results,
                                  result_json(pool, &report->findings[i], view, root, (int)report->findings[i].kind));
    return results;
}

/* ---- the run ---- */

static json_t *rules_json(struct pool *pool, const struct view *view) {
    json_t *list = json_array();
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        const char *word = kind_word((enum kind)kind);
        json_t *rule = json_object();
        json_object_set_new(rule, "id", json_string(pool_printf(pool, "castaway/%s", word)));
        json_object_set_new(rule, "name", json_string(rules[kind].name));
        json_object_set_new(rule, "shortDescription", message(pool, rules[kind].brief));
        json_object_set_new(rule, "fullDescription", message(pool, rules[kind].full));
        json_object_set_new(rule, "help",
                            json_pack("{s:s, s:s}", "text", rules[kind].full, "markdown", rules[kind].full));
        json_object_set_new(rule, "defaultConfiguration", json_pack("{s:s}", "level", level(view, (enum kind)kind)));
        json_object_set_new(rule, "properties",
                            json_pack("{s:[s,s], s:s}", "tags", "memory", "leak", "precision", "very-high"));
        json_array_append_new(list, rule);
    }
    return list;
}

static json_t *notifications_json(struct pool *pool, const struct report *report) {
    json_t *list = json_array();
    for (size_t i = 0; i < report->note_count; i++) {
        const struct report_note *note = &report->notes[i];
        const char *words = pool_printf(pool, "%s%s%s", note->text, *note->detail ? ": " : "", note->detail);
        json_t *object = json_pack("{s:s, s:o}", "level", "note", "message", message(pool, words));
        json_object_set_new(object, "descriptor", json_pack("{s:o}", "id", json_text(pool, note->code)));
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *invocation_json(struct pool *pool, const struct report *report) {
    json_t *object = json_object(), *arguments = json_array();
    for (size_t i = 1; i < report->argc; i++)
        json_array_append_new(arguments, json_text(pool, report->argv[i]));
    json_object_set_new(object, "executionSuccessful", json_boolean(report->processes && !report->unjudged));
    if (report->argc)
        json_object_set_new(object, "executableLocation", json_pack("{s:s}", "uri", uri(pool, report->argv[0], "")));
    json_object_set_new(object, "arguments", arguments);
    json_object_set_new(object, "processId", json_integer(report->pid));
    if (report->signal)
        json_object_set_new(object, "exitSignalNumber", json_integer(report->signal));
    else
        json_object_set_new(object, "exitCode", json_integer(report->exit_status));
    json_object_set_new(object, "toolExecutionNotifications", notifications_json(pool, report));
    return object;
}

static json_t *driver_json(struct pool *pool, const struct view *view) {
    json_t *driver = json_pack("{s:s, s:s, s:s}", "name", "castaway", "version", CASTAWAY_VERSION, "semanticVersion",
                               CASTAWAY_VERSION);
    json_object_set_new(driver, "rules", rules_json(pool, view));
    return driver;
}

void sarif_write(FILE *file, const struct report *report, const struct view *view) {
    struct pool scratch = {0};
    const char *root = location_root(&scratch);
    const char *folder = uri(&scratch, pool_printf(&scratch, "%s/", strcmp(root, "/") ? root : ""), "file://");
    json_t *run = json_object();
    json_object_set_new(run, "tool", json_pack("{s:o}", "driver", driver_json(&scratch, view)));
    json_object_set_new(run, "invocations", json_pack("[o]", invocation_json(&scratch, report)));
    json_object_set_new(run, "originalUriBaseIds", json_pack("{s:{s:s}}", ROOT_NAME, "uri", folder));
    json_object_set_new(run, "columnKind", json_string("unicodeCodePoints"));
    json_object_set_new(run, "results", results_json(&scratch, report, view, root));
    json_t *log = json_pack("{s:s, s:s, s:[o]}", "$schema", SCHEMA, "version", "2.1.0", "runs", run);
    json_dumpf(log, file, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    fputc('\n', file);
    json_decref(log);
    pool_free(&scratch);
}
