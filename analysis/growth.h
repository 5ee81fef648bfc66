/* growth.h - sites whose reachable population only ever grows: the leak that no reachability check sees.
 *
 * A site grows when its count of old objects rose in every one of the last GROWTH_SCANS full scans or more, by enough to be
 * told from noise, and the last time not much less than before. A warm-up ends, a steady cache stays, a sawtooth falls:
 * none of these rises in every one. */
#ifndef CASTAWAY_ANALYSIS_GROWTH_H
#define CASTAWAY_ANALYSIS_GROWTH_H

#include "history.h"

enum { GROWTH_SCANS = 4, GROWTH_SITES_MAX = 100 };

struct growth {
    uint32_t site;
    uint32_t scans;                                /* in a row that it grew in */
    uint64_t objects, bytes;                       /* old ones, now */
    uint64_t objects_per_minute, bytes_per_minute; /* slope of the least-squares line over the window */
    /* What the slope was told from, and before: old ones at each of the last full scans, the latest last. */
    uint32_t point_count;
    int64_t at_us[HISTORY_WINDOW_MAX];
    uint64_t objects_then[HISTORY_WINDOW_MAX], bytes_then[HISTORY_WINDOW_MAX];
};

/* The growing sites, by bytes a minute downwards, at most GROWTH_SITES_MAX.
 * returns  how many, or -ENOMEM */
long growth_find(const struct history *history, struct arena *arena, struct growth **out);

#endif
