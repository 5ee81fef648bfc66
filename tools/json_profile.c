/* json_profile.c - what --profile-allocations and --retained add to JSON. Shapes: README.md, "JSON".
 *
 * Start: json_profile(). */
#include "json.h"
#include "profile_text.h"

static json_t *counts_json(const struct rec_counts *counts) {
    json_t *object = json_object();
    json_object_set_new(object, "allocated_objects", json_number(counts->objects));
    json_object_set_new(object, "allocated_bytes", json_number(counts->bytes));
    json_object_set_new(object, "freed_objects", json_number(counts->freed_objects));
    json_object_set_new(object, "freed_bytes", json_number(counts->freed_bytes));
    json_object_set_new(object, "peak_objects", json_number(counts->peak_objects));
    json_object_set_new(object, "peak_bytes", json_number(counts->peak_bytes));
    json_object_set_new(object, "peak_seconds", json_seconds((int64_t)counts->peak_us));
    return object;
}

static json_t *site_json(struct pool *pool, const struct report_site *site, const struct view *view) {
    const struct rec_counts *counts = &site->counts;
    json_t *object = counts_json(counts);
    json_object_set_new(object, "freed_at_once", json_number(counts->at_once));
    json_object_set_new(object, "freed_in_same_call", json_number(counts->same_call));
    json_object_set_new(object, "size_min", json_number(counts->size_min));
    json_object_set_new(object, "size_max", json_number(counts->size_max));
    json_object_set_new(object, "slack_bytes", json_number(counts->slack_bytes));
    json_object_set_new(object, "grown", json_number(counts->grown));
    json_object_set_new(object, "moved_bytes", json_number(counts->moved_bytes));
    json_object_set_new(object, "chain_max", json_number(counts->chain_max));
    json_object_set_new(object, "stack", json_stack(pool, site->stack, view));
    return object;
}

static json_t *profile_json(struct pool *pool, const struct report_profile *profile, const struct view *view) {
    json_t *object = counts_json(&profile->total), *sites = json_array();
    json_object_set_new(object, "header_bytes", json_number(profile->header_bytes));
    json_object_set_new(object, "missed", json_number(profile->missed));
    for (size_t i = 0; i < profile->site_count; i++)
        json_array_append_new(sites, site_json(pool, &profile->sites[i], view));
    json_object_set_new(object, "sites", sites);
    return object;
}

static json_t *amount_json(uint64_t objects, uint64_t bytes) {
    json_t *object = json_object();
    json_object_set_new(object, "objects", json_number(objects));
    json_object_set_new(object, "bytes", json_number(bytes));
    return object;
}

static json_t *holder_json(struct pool *pool, const struct report_holder *holder, const struct view *view) {
    json_t *object = amount_json(holder->objects, holder->bytes);
    json_object_set_new(object, "root", json_text(pool, profile_holder(pool, holder, true)));
    json_object_set_new(object, "root_kind", json_text(pool, holder->root.root_kind));
    json_object_set_new(object, "module", json_text(pool, holder->root.module));
    if (holder->largest_objects) {
        json_t *largest = amount_json(holder->largest_objects, holder->largest_bytes);
        json_object_set_new(largest, "stack", json_stack(pool, holder->largest, view));
        json_object_set_new(object, "largest", largest);
    }
    return object;
}

void json_profile(struct pool *pool, json_t *root, const struct report_profile *profile, const struct view *view) {
    if (profile->known)
        json_object_set_new(root, "profile", profile_json(pool, profile, view));
    if (!profile->has_holders)
        return;
    json_t *retained = json_object(), *roots = json_array();
    for (size_t i = 0; i < profile->holder_count; i++)
        json_array_append_new(roots, holder_json(pool, &profile->holders[i], view));
    json_object_set_new(retained, "roots", roots);
    json_object_set_new(retained, "shared", amount_json(profile->shared_objects, profile->shared_bytes));
    json_object_set_new(root, "retained", retained);
}

void json_profile_finding(json_t *object, const struct report_finding *finding) {
    if (!finding->has_retained)
        return;
    json_object_set_new(object, "retained_objects", json_number(finding->retained_objects));
    json_object_set_new(object, "retained_bytes", json_number(finding->retained_bytes));
}
