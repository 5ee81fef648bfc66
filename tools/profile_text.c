/* profile_text.c - see the header.
 *
 * Start: profile_text(). */
#include "profile_text.h"

#include "escape.h"
#include "live_text.h"
#include "units.h"
#include "wording.h"

#include <inttypes.h>
#include <string.h>

enum { HOLDERS_SHOWN = 10, BYTES_COLUMN = 14, OBJECTS_COLUMN = 18 };

const char *profile_holder(struct pool *pool, const struct report_holder *holder, bool utf8) {
    const char *name = live_root(pool, &holder->root, utf8);
    return strcmp(holder->root.root_kind, "module") != 0 || !holder->root.offset
               ? name
               : pool_printf(pool, "%s+0x%" PRIx64, name, holder->root.offset);
}

static void holder_line(FILE *file, struct pool *pool, uint64_t bytes, uint64_t objects, const char *name) {
    fprintf(file, "    %*s  %-*s%s", BYTES_COLUMN, units_size(pool, bytes), OBJECTS_COLUMN,
            units_things(pool, objects, "object"), name);
}

static void holder_lines(FILE *file, struct pool *pool, const struct report_profile *profile, const struct view *view) {
    size_t shown = view->verbose || profile->holder_count < HOLDERS_SHOWN ? profile->holder_count : HOLDERS_SHOWN;
    fprintf(file, "kept alive by one variable, stack or mapping alone:\n");
    for (size_t i = 0; i < shown; i++) {
        const struct report_holder *holder = &profile->holders[i];
        holder_line(file, pool, holder->bytes, holder->objects, profile_holder(pool, holder, view->utf8));
        if (holder->objects > 1 && holder->largest_objects && holder->largest->frame_count)
            fprintf(file, "   (%s of it below an object of %s)", units_size(pool, holder->largest_bytes),
                    escape_text(pool, wording_place(pool, &holder->largest->frames[0]), view->utf8));
        fprintf(file, "\n");
    }
    if (profile->shared_objects) {
        holder_line(file, pool, profile->shared_bytes, profile->shared_objects, "(by several together)");
        fprintf(file, "\n");
    }
}

void profile_text(FILE *file, struct pool *pool, const struct report *report, const struct view *view) {
    const struct report_profile *profile = &report->profile;
    const struct rec_counts *total = &profile->total;
    if (profile->known)
        fprintf(file, "allocated: %s, %s in all; at most %s at once (%s, %s after start)\n",
                units_things(pool, total->objects, "object"), units_size(pool, total->bytes),
                units_size(pool, total->peak_bytes), units_things(pool, total->peak_objects, "object"),
                live_seconds(pool, (int64_t)total->peak_us));
    if (profile->has_holders)
        holder_lines(file, pool, profile, view);
}
