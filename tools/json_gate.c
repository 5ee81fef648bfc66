/* json_gate.c - what the JSON report says of processes, suppressions, baseline and exit status.
 *
 * Start: json_gate(). */
#include "gate.h"
#include "json.h"

static const char *const standing_words[] = {
    [STANDING_NEW] = "new", [STANDING_GROWN] = "grown", [STANDING_KNOWN] = "known"};

static json_t *origin_json(struct pool *pool, const struct origin *origin) {
    json_t *object = json_object();
    json_object_set_new(object, "argv", json_words(pool, origin->argc, origin->argv));
    json_object_set_new(object, "pid", json_integer(origin->pid));
    return object;
}

/* A family of one need not be told: it is the fingerprint. */
void json_gate_finding(struct pool *pool, json_t *object, const struct report_finding *finding) {
    json_object_set_new(object, "where", json_text(pool, compare_where(pool, finding->stack)));
    json_object_set_new(object, "processes", json_number(finding->processes));
    if (finding->origin)
        json_object_set_new(object, "first", origin_json(pool, finding->origin));
    if (finding->family != finding->fingerprint)
        json_object_set_new(object, "family", json_fingerprint(finding->family));
    if (finding->standing != STANDING_NONE) {
        json_object_set_new(object, "standing", json_string(standing_words[finding->standing]));
        json_object_set_new(object, "ceiling", json_number(finding->ceiling));
    }
}

/* ---- the whole report ---- */

static json_t *suppression_json(struct pool *pool, const struct suppression *suppression) {
    json_t *object = json_object();
    json_object_set_new(object, "name", json_text(pool, suppression->name));
    json_object_set_new(object, "file", suppression->is_default ? json_null() : json_text(pool, suppression->file));
    json_object_set_new(object, "line", json_number(suppression->line));
    json_object_set_new(object, "findings", json_number(suppression->findings));
    json_object_set_new(object, "objects", json_number(suppression->objects));
    json_object_set_new(object, "bytes", json_number(suppression->bytes));
    if (suppression->reason)
        json_object_set_new(object, "reason", json_text(pool, suppression->reason));
    if (suppression->expires)
        json_object_set_new(object, "expires", json_text(pool, suppression->expires));
    if (suppression->objects_max != UINT64_MAX)
        json_object_set_new(object, "max", json_number(suppression->objects_max));
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
        if (!gate_misses(gate, item))
            continue;
        json_t *object = json_object();
        json_object_set_new(object, "fingerprint", json_fingerprint(item->fingerprint));
        json_object_set_new(object, "where", json_text(pool, item->where));
        json_array_append_new(list, object);
    }
    return list;
}

void json_gate(struct pool *pool, json_t *root, const struct report *report) {
    const struct gate *gate = report->gate;
    if (!gate)
        return;
    json_t *object = json_object();
    json_object_set_new(object, "status", json_integer(gate->status));
    json_object_set_new(object, "why", json_text(pool, gate->why));
    if (gate->has_baseline) {
        json_object_set_new(object, "baseline", json_text(pool, gate->options->baseline));
        json_object_set_new(object, "gone", gone_json(pool, gate));
    }
    json_object_set_new(root, "exit", object);
    json_object_set_new(root, "suppressed", json_tallies(report->suppressed));
    json_object_set_new(root, "suppressions", suppressions_json(pool, &gate->suppressions));
}
