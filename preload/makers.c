/* makers.c - sites whose innermost frames are equal are one maker: a parser that calls itself makes nodes at as many
 * stacks as its input is deep, and they are nodes all the same.
 *
 * Owns:    nothing.      Never: changes a site: findings keep their own stacks.
 * Runs in: snapshot child.
 * Start:   makers_find(). */
#include "makers.h"

#include <errno.h>

#include "site.h"

/* Two: the function that made the object often called one that only wraps malloc(). */
enum { MAKER_FRAMES = 2 };

static uint64_t frame_of(uint32_t id, uint32_t place) {
    const struct site *site = site_get(id);
    return place < site->count ? site_frame(site, place) : 0;
}

static int same_maker(uint32_t a, uint32_t b) {
    for (uint32_t place = 0; place < MAKER_FRAMES; place++)
        if (frame_of(a, place) != frame_of(b, place))
            return 0;
    return 1;
}

/* Open addressing over the sites that came first of their maker. */
static uint32_t *maker_place(uint32_t *table, size_t size, uint32_t id) {
    uint64_t hash = 0;
    for (uint32_t place = 0; place < MAKER_FRAMES; place++)
        hash = site_hash_step(hash, frame_of(id, place));
    size_t at = (size_t)(hash >> 20) & (size - 1);
    while (table[at] && !same_maker(table[at], id))
        at = (at + 1) & (size - 1);
    return &table[at];
}

int makers_find(struct counts *counts) {
    uint32_t sites = site_count();
    size_t size = 1024;
    while (size < 2 * (size_t)sites)
        size *= 2;
    uint32_t *maker = arena_alloc(counts->arena, (size_t)sites + 1, sizeof *maker);
    uint32_t *table = arena_alloc(counts->arena, size, sizeof *table);
    if (!maker || !table)
        return -ENOMEM;
    for (uint32_t id = 1; id <= sites; id++) {
        uint32_t *first = maker_place(table, size, id);
        if (!*first)
            *first = id;
        maker[id] = *first;
    }
    counts->maker = maker;
    return 0;
}
