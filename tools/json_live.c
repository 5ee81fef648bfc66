/* json_live.c - what live scans add to JSON: ages, paths, growth, counts. Shapes: README.md, "JSON".
 *
 * Start: json_live_finding(). */
#include "json.h"
#include "live_text.h"

#include <inttypes.h>

json_t *json_seconds(int64_t us) {
    return us < 0 ? json_null() : json_real((double)us / 1e6);
}

json_t *json_milliseconds(uint64_t us) {
    return json_real((double)us / 1e3);
}

static json_t *between_json(const struct rec_age *age) {
    if (!age->known)
        return json_null();
    json_t *object = json_object();
    json_object_set_new(object, "scan_a", json_number(age->scan_a));
    json_object_set_new(object, "scan_b", json_number(age->scan_b));
    json_object_set_new(object, "seconds_a", json_seconds((int64_t)age->us_a));
    json_object_set_new(object, "seconds_b", json_seconds((int64_t)age->us_b));
    return object;
}

static json_t *root_json(struct pool *pool, const struct report_path *path) {
    json_t *object = json_object();
    json_object_set_new(object, "root", json_text(pool, live_root(pool, path, true)));
    json_object_set_new(object, "root_kind", json_text(pool, path->root_kind));
    json_object_set_new(object, "module", json_text(pool, path->module));
    json_object_set_new(object, "tid", path->tid ? json_integer(path->tid) : json_null());
    json_object_set_new(object, "offset", json_number(path->offset));
    return object;
}

static json_t *step_json(struct pool *pool, const struct report_step *step, const struct view *view) {
    json_t *object = json_object();
    const char *function = step->stack->frame_count ? step->stack->frames[0].function : NULL;
    json_object_set_new(object, "function", json_text(pool, function));
    json_object_set_new(object, "offset", json_number(step->offset));
    json_object_set_new(object, "size", json_number(step->size_bytes));
    json_object_set_new(object, "count", json_number(step->count));
    json_object_set_new(object, "stack", json_stack(pool, step->stack, view));
    return object;
}

json_t *json_path(struct pool *pool, const struct report_path *path, const struct view *view) {
    json_t *entries = json_array();
    if (*path->root_kind)
        json_array_append_new(entries, root_json(pool, path));
    for (size_t i = 0; i < path->step_count; i++)
        json_array_append_new(entries, step_json(pool, &path->steps[i], view));
    return entries;
}

json_t *json_points(const struct report_growth *growth) {
    json_t *points = json_array();
    for (size_t i = 0; i < growth->point_count; i++) {
        const struct rec_point *point = &growth->points[i];
        json_array_append_new(points,
                              json_pack("{s:o, s:o, s:o}", "seconds", json_seconds((int64_t)point->at_us), "objects",
                                        json_number(point->objects), "bytes", json_number(point->bytes)));
    }
    return points;
}

static json_t *slot_json(struct pool *pool, const struct report_dangling *dangling, const struct view *view) {
    json_t *object = json_object();
    json_object_set_new(object, "offset", json_number(dangling->offset));
    json_object_set_new(object, "holder", dangling->holder ? json_stack(pool, dangling->holder, view) : json_null());
    json_object_set_new(object, "target", dangling->target ? json_stack(pool, dangling->target, view) : json_null());
    return object;
}

void json_live_finding(struct pool *pool, json_t *object, const struct report_finding *finding,
                       const struct view *view) {
    const struct rec_age *age = &finding->age;
    json_object_set_new(object, "lost_between", between_json(age));
    json_object_set_new(object, "born_seconds", json_seconds(age->born_us));
    json_object_set_new(object, "generation", age->known ? json_number(age->generation) : json_null());
    if (finding->dangling)
        json_object_set_new(object, "slot", slot_json(pool, finding->dangling, view));
    if (!finding->growth)
        return;
    json_object_set_new(object, "scans", json_number(finding->growth->scans));
    json_object_set_new(object, "objects_per_minute", json_number(finding->growth->objects_per_minute));
    json_object_set_new(object, "bytes_per_minute", json_number(finding->growth->bytes_per_minute));
    json_object_set_new(object, "points", json_points(finding->growth));
    json_object_set_new(object, "path", json_path(pool, &finding->growth->path, view));
}

json_t *json_by_generation(const uint64_t numbers[GENERATIONS]) {
    json_t *list = json_array();
    for (size_t i = 0; i < GENERATIONS; i++)
        json_array_append_new(list, json_number(numbers[i]));
    return list;
}

json_t *json_timeline(const struct report_timeline *timeline) {
    if (!timeline->scan_count)
        return json_null();
    json_t *scans = json_array();
    for (size_t i = 0; i < timeline->scan_count; i++) {
        const struct rec_moment *moment = &timeline->scans[i];
        json_t *scan = json_object();
        json_object_set_new(scan, "number", json_number(moment->number));
        json_object_set_new(scan, "generation", json_number(moment->generation));
        json_object_set_new(scan, "seconds", json_seconds((int64_t)moment->at_us));
        json_object_set_new(scan, "pause_ms", json_milliseconds(moment->pause_us));
        json_object_set_new(scan, "scan_ms", json_milliseconds(moment->scan_us));
        json_object_set_new(scan, "objects", json_by_generation(moment->objects));
        json_object_set_new(scan, "bytes", json_by_generation(moment->bytes));
        json_array_append_new(scans, scan);
    }
    return json_pack("{s:I, s:o}", "pid", (json_int_t)timeline->pid, "scans", scans);
}

void json_live_counts(json_t *object, const struct report_live *live) {
    json_object_set_new(object, "scans", json_number(live->scans));
    json_object_set_new(object, "suspects", json_number(live->suspects));
    json_object_set_new(object, "confirmed", json_number(live->confirmed));
    json_object_set_new(object, "withdrawn", json_number(live->withdrawn));
    json_object_set_new(object, "freed_by_program", json_number(live->freed_by_program));
}
