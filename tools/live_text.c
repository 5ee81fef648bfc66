/* live_text.c - ages, paths, growth and counts of live scans in words.
 *
 * Start: the functions of the header. */
#include "live_text.h"

#include "escape.h"
#include "label.h"
#include "units.h"

#include <inttypes.h>
#include <string.h>

const char *live_seconds(struct pool *pool, int64_t us) {
    return pool_printf(pool, "%.1f s", (double)us / 1e6);
}

static const char *lost_between(struct pool *pool, const struct report_finding *finding) {
    const struct rec_age *age = &finding->age;
    const char *from = age->scan_a ? pool_printf(pool, "scan %" PRIu64, age->scan_a) : "the start";
    const char *to = finding->found_at_exit ? "the scan at exit, which alone found it"
                     : age->scan_a          ? pool_printf(pool, "%" PRIu64, age->scan_b)
                                            : pool_printf(pool, "scan %" PRIu64, age->scan_b);
    return pool_printf(pool, "became unreachable between %s and %s (%s to %s after start)", from, to,
                       live_seconds(pool, (int64_t)age->us_a), live_seconds(pool, (int64_t)age->us_b));
}

const char *live_age(struct pool *pool, const struct report *report, const struct report_finding *finding) {
    if (!finding->age.known || !report->live.scans)
        return "";
    const char *born =
        finding->age.born_us < 0 ? "" : pool_printf(pool, "born at %s, ", live_seconds(pool, finding->age.born_us));
    return pool_printf(pool, "%s%s%s", finding->count > 1 ? "the first " : "", born, lost_between(pool, finding));
}

const char *live_growth(struct pool *pool, const struct report_growth *growth) {
    return pool_printf(pool, "%s a minute, in each of %s", units_size(pool, growth->bytes_per_minute),
                       units_things(pool, growth->scans, "scan"));
}

const char *live_counts(struct pool *pool, const struct report_live *live) {
    if (!live->scans)
        return "";
    if (!live->suspects)
        return pool_printf(pool, "%s while it ran: no suspects", units_things(pool, live->scans, "scan"));
    return pool_printf(pool, "%s while it ran: of %s %s confirmed, %s withdrawn, %s freed by the program",
                       units_things(pool, live->scans, "scan"), units_things(pool, live->suspects, "suspect"),
                       units_count(pool, live->confirmed), units_count(pool, live->withdrawn),
                       units_count(pool, live->freed_by_program));
}

/* ---- paths ---- */

static const char *thread_name(struct pool *pool, const struct report_path *path, bool utf8) {
    const char *name = path->root ? escape_text(pool, path->root, utf8) : "a thread";
    return path->tid ? pool_printf(pool, "%s[%" PRId64 "]", name, path->tid) : name;
}

const char *live_root(struct pool *pool, const struct report_path *path, bool utf8) {
    if (!strcmp(path->root_kind, "stack"))
        return pool_printf(pool, "stack of %s", thread_name(pool, path, utf8));
    if (!strcmp(path->root_kind, "registers"))
        return path->tid || path->root ? pool_printf(pool, "registers of %s", thread_name(pool, path, utf8))
                                       : "registers";
    if (path->root)
        return escape_text(pool, path->root, utf8);
    return escape_text(pool, path->module ? path_base(path->module) : path->root_kind, utf8);
}

static const char *plus(struct pool *pool, uint64_t offset) {
    return offset ? pool_printf(pool, "+0x%02" PRIx64, offset) : "";
}

/* The end of a list: one more of the objects before it, and nothing of it is pointed from. */
static bool ends_list(const struct report_path *path) {
    if (path->step_count < 2)
        return false;
    const struct report_step *last = &path->steps[path->step_count - 1], *before = last - 1;
    return last->count == 1 && before->count > 1 && !last->offset && last->size_bytes == before->size_bytes &&
           stack_equal(last->stack, before->stack);
}

static const char *step_name(struct pool *pool, const struct report_step *step, uint64_t count, bool utf8) {
    const char *label = escape_text(pool, label_stack(pool, step->stack), utf8);
    if (count < 2)
        return label;
    return pool_printf(pool, "%s %s %s", label, utf8 ? "×" : "x", units_count(pool, count));
}

const char **live_path(struct pool *pool, const struct report_path *path, bool utf8, size_t *count) {
    bool folds = ends_list(path);
    size_t shown = path->step_count - folds;
    const char **pieces = pool_array(pool, shown + 1, sizeof *pieces);
    *count = 0;
    if (!*path->root_kind)
        return pieces;
    pieces[(*count)++] = pool_printf(pool, "%s%s", live_root(pool, path, utf8), plus(pool, path->offset));
    for (size_t i = 0; i < shown; i++) {
        const struct report_step *step = &path->steps[i];
        bool last = i + 1 == path->step_count;
        const char *arrow = i ? pool_printf(pool, utf8 ? " ─(+0x%02" PRIx64 ")→ " : " -(+0x%02" PRIx64 ")-> ",
                                            path->steps[i - 1].offset)
                              : (utf8 ? " → " : " -> ");
        uint64_t equal = i + 1 < shown ? step->count : path->population ? path->population : step->count + folds;
        pieces[(*count)++] = pool_printf(pool, "%s%s%s", arrow, step_name(pool, step, equal, utf8),
                                         last ? plus(pool, step->offset) : "");
    }
    return pieces;
}
