/* breaks.c - which references to make weak: names and copies.
 *
 * Start: breaks_named(). */
#include "breaks.h"

#include "refs.h"

struct report_breaks breaks_named(struct pool *pool, struct symbols *symbols, const struct rec_finding *recorded) {
    struct report_break *list = pool_array(pool, recorded->break_count, sizeof *list);
    for (size_t i = 0; i < recorded->break_count; i++) {
        const struct rec_break *from = &recorded->breaks[i];
        list[i] = (struct report_break){
            .is = *from,
            .from = symbols_stack(symbols, from->site),
            .to = symbols_stack(symbols, from->to_site),
            .from_type = type_name(pool, from->type),
            .to_type = type_name(pool, from->to_type),
            .member = members_at(symbols, from->site, from->size_bytes, from->offset, pool).member,
            .taker = from->taker ? symbols_stack(symbols, from->taker) : NULL,
        };
    }
    return (struct report_breaks){list, recorded->break_count, recorded->breaks_complete};
}

struct report_breaks breaks_kept(struct keeper *keeper, const struct report_breaks *shown) {
    struct report_break *list = pool_array(keeper->pool, shown->count, sizeof *list);
    for (size_t i = 0; i < shown->count; i++) {
        const struct report_break *part = &shown->list[i];
        list[i] = (struct report_break){
            .is = part->is,
            .from = keep_stack(keeper, part->from),
            .to = keep_stack(keeper, part->to),
            .from_type = keep_string(keeper, part->from_type),
            .to_type = keep_string(keeper, part->to_type),
            .member = keep_string(keeper, part->member),
            .taker = part->taker ? keep_stack(keeper, part->taker) : NULL,
        };
        list[i].is.site = list[i].is.to_site = list[i].is.taker = NULL; /* the recording's */
        list[i].is.type = list[i].is.to_type = "";
    }
    return (struct report_breaks){list, shown->count, shown->complete};
}

static void turn(size_t *entry, size_t start, size_t count) {
    if (*entry < count)
        *entry = (*entry + count - start) % count;
}

void breaks_turn(struct report_breaks *breaks, size_t start, size_t count) {
    for (size_t i = 0; i < breaks->count; i++) {
        struct rec_break *is = &breaks->list[i].is;
        turn(&is->entry, start, count);
        turn(&is->from_entry, start, count);
        turn(&is->to_entry, start, count);
    }
}

const struct report_break *breaks_at(const struct report_finding *finding, size_t entry) {
    for (size_t i = 0; i < finding->breaks.count; i++)
        if (finding->breaks.list[i].is.entry == entry)
            return &finding->breaks.list[i];
    return NULL;
}

size_t breaks_parts(const struct report_breaks *breaks, uint64_t set) {
    size_t parts = 0;
    for (size_t i = 0; i < breaks->count; i++)
        parts += breaks->list[i].is.set == set;
    return parts;
}
