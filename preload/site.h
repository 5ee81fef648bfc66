/* site.h - distinct allocation stacks, each kept once. */
#ifndef CASTAWAY_PRELOAD_SITE_H
#define CASTAWAY_PRELOAD_SITE_H

#include <stddef.h>
#include <stdint.h>

enum { SITES_MAX = (1 << 24) - 1 };

/* A frame of a captured stack: address, and bit 63 for an exact address (a signal interrupted it there). */
#define FRAME_EXACT (1ull << 63)
enum { CAPTURE_FRAMES_MAX = 64 };

struct site {
    uint64_t hash;
    uint32_t count;
    uint32_t stale;    /* holds a frame of a module that was closed: equal addresses mean other code now */
    uint64_t frames[]; /* count frames, innermost first; then count module numbers (uint16_t) */
};
static inline const uint16_t *site_modules(const struct site *site) {
    return (const uint16_t *)(site->frames + site->count);
}

/* The id of this stack, 1.. SITES_MAX; 0: no memory. Lock-free when it is known already. context: hook, busy */
uint32_t site_intern(const uint64_t *frames, size_t count);

const struct site *site_get(uint32_t id); /* id 1..site_count() */
uint32_t site_count(void);
void site_modules_closed(void); /* after a dlclose */

#endif
