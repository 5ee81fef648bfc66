/* growth.c - tell sites that only ever grow from those that breathe.
 *
 * Owns:    nothing.      Never: looks at the heap; the history's windows are all it reads.
 * Runs in: snapshot child (one thread), unit tests, tools.
 * Start:   growth_find(), then is_growing().  Invariants: README.md, "Growth". */
#include "growth.h"

#include "sort.h"

#include <errno.h>
#include <string.h>

enum {
    RISE_SHARE = 32, /* all rises together are at least this part of what was there before: less is noise */
    LAST_SHARE = 2,  /* the last rise is at least this part of the mean one: else it is a warm-up that ends */
};

/* In how many scans in a row, up to the last, the number of objects rose. */
static uint32_t rises(const struct site_window *window) {
    uint32_t count = 0;
    while (count + 1 < window->count &&
           window->objects[window->count - 1 - count] > window->objects[window->count - 2 - count])
        count++;
    return count;
}

static int is_growing(const struct site_window *window, uint32_t rise_count) {
    if (rise_count < GROWTH_SCANS)
        return 0;
    const uint64_t *last = &window->objects[window->count - 1];
    uint64_t base = *(last - rise_count), rise = *last - base, last_rise = *last - *(last - 1);
    return rise >= base / RISE_SHARE && last_rise >= rise / rise_count / LAST_SHARE;
}

/* Slope of the least-squares line through (time, value), a minute; a falling one is 0. */
static uint64_t slope_per_minute(const int64_t *at_us, const uint64_t *value, size_t count) {
    double time_mean = 0, value_mean = 0, product = 0, square = 0;
    for (size_t i = 0; i < count; i++) {
        time_mean += (double)(at_us[i] - at_us[0]) / (double)count;
        value_mean += (double)value[i] / (double)count;
    }
    for (size_t i = 0; i < count; i++) {
        double time = (double)(at_us[i] - at_us[0]) - time_mean;
        product += time * ((double)value[i] - value_mean);
        square += time * time;
    }
    double slope = square > 0 ? product / square * 60e6 : 0;
    return slope > 0 && slope < 1e19 ? (uint64_t)(slope + 0.5) : 0;
}

static struct growth growth_of(const struct history *history, const struct site_window *window, uint32_t rise_count) {
    size_t points = (size_t)rise_count + 1, first = window->count - points;
    const int64_t *at_us = &history->window_at_us[history->window_scans - points];
    struct growth growth = {
        .site = window->site,
        .scans = rise_count,
        .objects = window->objects[window->count - 1],
        .bytes = window->bytes[window->count - 1],
        .objects_per_minute = slope_per_minute(at_us, &window->objects[first], points),
        .bytes_per_minute = slope_per_minute(at_us, &window->bytes[first], points),
        .point_count = window->count,
    };
    memcpy(growth.at_us, &history->window_at_us[history->window_scans - window->count],
           window->count * sizeof *growth.at_us);
    memcpy(growth.objects_then, window->objects, window->count * sizeof *window->objects);
    memcpy(growth.bytes_then, window->bytes, window->count * sizeof *window->bytes);
    return growth;
}

static int compare(const void *x, const void *y) {
    const struct growth *a = x, *b = y;
    if (a->bytes_per_minute != b->bytes_per_minute)
        return a->bytes_per_minute > b->bytes_per_minute ? -1 : 1;
    return (a->site > b->site) - (a->site < b->site);
}

long growth_find(const struct history *history, struct arena *arena, struct growth **out) {
    size_t count = 0, capacity = 0;
    struct growth *growth = NULL;
    for (size_t i = 0; i < history->window_count; i++) {
        const struct site_window *window = &history->windows[i];
        uint32_t rise_count = rises(window);
        if (!is_growing(window, rise_count))
            continue;
        growth = arena_grow(arena, growth, count, &capacity, sizeof *growth);
        if (!growth)
            return -ENOMEM;
        growth[count++] = growth_of(history, window, rise_count);
    }
    _Static_assert(sizeof(struct growth) <= SORT_ELEMENT_BYTES_MAX, "sort_array() holds one");
    sort_array(growth, count, sizeof *growth, compare);
    *out = growth;
    return count < GROWTH_SITES_MAX ? (long)count : GROWTH_SITES_MAX;
}
