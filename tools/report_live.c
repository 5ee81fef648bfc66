/* report_live.c - what else than objects stands in a report: sites that grow, weak slots that dangle, and how the suspects of
 * scans while the program ran fared.
 *
 * Start: report_add_live(). */
#include "report.h"

#include <string.h>

enum { SLOT_BYTES = 8 };

static const struct report_step *steps_of(struct report *report, const struct rec_path *path) {
    struct report_step *steps = pool_array(report->pool, path->step_count, sizeof *steps);
    for (size_t i = 0; i < path->step_count; i++)
        steps[i] = (struct report_step){
            .stack = keep_stack(&report->keeper, symbols_stack(report->symbols, path->steps[i].site)),
            .size_bytes = path->steps[i].size_bytes,
            .offset = path->steps[i].offset,
            .count = path->steps[i].count,
        };
    return steps;
}

struct report_path report_path(struct report *report, const struct rec_path *path) {
    const struct rec_root *root = &path->root;
    struct report_path named = {
        .root_kind = pool_strdup(report->pool, root->kind),
        .root = *root->name ? pool_strdup(report->pool, root->name) : NULL,
        .module = root->module ? pool_strdup(report->pool, root->module->path) : NULL,
        .tid = root->tid,
        .offset = root->offset,
        .steps = steps_of(report, path),
        .step_count = path->step_count,
    };
    if (root->module) {
        uint64_t inside;
        const char *variable = symbols_variable(report->symbols, root->module, root->offset, &inside);
        if (variable) {
            named.root = pool_strdup(report->pool, variable);
            named.offset = inside;
        }
    }
    return named;
}

static const struct rec_point *points_of(struct report *report, const struct rec_growth *recorded) {
    struct rec_point *points = pool_array(report->pool, recorded->point_count, sizeof *points);
    if (recorded->point_count)
        memcpy(points, recorded->points, recorded->point_count * sizeof *points);
    return points;
}

/* A path is kept with a finding that is new, which only then takes memory. */
static void add_growth(struct report *report, const struct recording *recording, const struct rec_growth *recorded) {
    struct report_growth growth = {
        .scans = recorded->scans,
        .objects_per_minute = recorded->objects_per_minute,
        .bytes_per_minute = recorded->bytes_per_minute,
    };
    struct report_finding finding = {
        .kind = KIND_GROWING,
        .age = {.born_us = -1},
        .count = recorded->objects,
        .objects = recorded->objects,
        .bytes = recorded->bytes,
        .stack = symbols_stack(report->symbols, recorded->site),
        .growth = &growth,
    };
    struct report_finding *taken = report_push(report, recording, &finding);
    if (taken->growth != &growth)
        return;
    struct report_growth *kept = pool_alloc(report->pool, sizeof *kept);
    *kept = growth;
    kept->path = report_path(report, &recorded->path);
    kept->path.population = recorded->objects;
    kept->points = points_of(report, recorded);
    kept->point_count = recorded->point_count;
    taken->growth = kept;
}

static void add_growths(struct report *report, const struct recording *recording) {
    struct tally *tally = &report->tally[KIND_GROWING];
    bool taken = report->kinds & 1u << KIND_GROWING;
    for (size_t i = 0; i < recording->growth_count; i++) {
        tally->objects = count_add(tally->objects, recording->growths[i].objects);
        tally->bytes = count_add(tally->bytes, recording->growths[i].bytes);
        tally->findings += !taken; /* the others are counted when equal ones have become one */
        if (taken)
            add_growth(report, recording, &recording->growths[i]);
    }
}

static const struct stack *kept_stack(struct report *report, struct rec_site *site) {
    return site ? keep_stack(&report->keeper, symbols_stack(report->symbols, site)) : NULL;
}

static void add_dangling(struct report *report, const struct recording *recording,
                         const struct rec_dangling *recorded) {
    struct report_dangling dangling = {.offset = recorded->offset};
    struct report_finding finding = {
        .kind = KIND_DANGLING_WEAK,
        .age = {.born_us = -1},
        .count = recorded->slots,
        .objects = recorded->slots,
        .bytes = recorded->slots < UINT64_MAX / SLOT_BYTES ? recorded->slots * SLOT_BYTES : UINT64_MAX,
        .stack = symbols_stack(report->symbols, recorded->site),
        .dangling = &dangling,
    };
    struct report_finding *taken = report_push(report, recording, &finding);
    if (taken->dangling != &dangling)
        return;
    struct report_dangling *kept = pool_alloc(report->pool, sizeof *kept);
    *kept = dangling;
    kept->holder = kept_stack(report, recorded->holder);
    kept->target = kept_stack(report, recorded->target);
    taken->dangling = kept;
}

static void add_danglings(struct report *report, const struct recording *recording) {
    struct tally *tally = &report->tally[KIND_DANGLING_WEAK];
    bool taken = report->kinds & 1u << KIND_DANGLING_WEAK;
    for (size_t i = 0; i < recording->dangling_count; i++) {
        const struct rec_dangling *dangling = &recording->danglings[i];
        tally->objects = count_add(tally->objects, dangling->slots);
        tally->bytes = count_add(tally->bytes,
                                 dangling->slots < UINT64_MAX / SLOT_BYTES ? dangling->slots * SLOT_BYTES : UINT64_MAX);
        tally->findings += !taken;
        if (taken)
            add_dangling(report, recording, dangling);
    }
}

/* An answer need not hold a scan; its status counts them. */
static uint64_t scans_while_running(const struct recording *recording) {
    uint64_t number = recording->scan.number;
    for (size_t i = 0; !recording->has_scan && i < GENERATIONS; i++)
        number = count_add(number, recording->status.generations[i].scans);
    return number - (recording->at_exit && number > 0);
}

static void add_timeline(struct report *report, const struct recording *recording) {
    struct report_timeline *timeline = &report->timeline;
    size_t count = recording->timeline_count;
    if (count < timeline->scan_count || !count || (count == timeline->scan_count && recording->pid >= timeline->pid))
        return;
    if (count > timeline->scan_capacity) {
        timeline->scan_capacity = 2 * count;
        timeline->scans = pool_array(report->pool, timeline->scan_capacity, sizeof *timeline->scans);
    }
    timeline->pid = recording->pid;
    timeline->scan_count = count;
    memcpy(timeline->scans, recording->timeline, count * sizeof *timeline->scans);
}

void report_add_live(struct report *report, const struct recording *recording) {
    struct report_live *live = &report->live;
    const struct rec_status *status = &recording->status;
    add_growths(report, recording);
    add_timeline(report, recording);
    add_danglings(report, recording);
    live->scans = count_add(live->scans, scans_while_running(recording));
    live->suspects = count_add(live->suspects, status->suspects);
    live->confirmed = count_add(live->confirmed, status->confirmed);
    live->withdrawn = count_add(live->withdrawn, status->withdrawn);
    live->freed_by_program = count_add(live->freed_by_program, status->freed_by_program);
}
