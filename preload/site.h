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
    uint32_t id;
    uint16_t count;
    uint16_t stale;    /* holds a frame of a module that was closed: equal addresses mean other code now */
    uint64_t frames[]; /* count frames, innermost first; then count module numbers (uint16_t) */
};
static inline const uint16_t *site_modules(const struct site *site) {
    return (const uint16_t *)(site->frames + site->count);
}

/* The hash of a stack is a polynomial of its frames, outermost first, so that what frames further in add to it is a step
 * each, and that of a stack cut short of `count` frames' outer ones follows from two. */
#define SITE_HASH_BASE 0x9E3779B97F4A7C15ull
static inline uint64_t site_hash_step(uint64_t outer, uint64_t frame) {
    frame *= 0xBF58476D1CE4E5B9ull;
    return outer * SITE_HASH_BASE + (frame ^ frame >> 32);
}
/* Of `count` frames: all that hash is of, less those of the frames outside, whose own hash is `outer`. */
static inline uint64_t site_hash_between(uint64_t hash, uint64_t outer, uint32_t count) {
    for (uint32_t i = 0; outer && i < count; i++)
        outer *= SITE_HASH_BASE;
    return hash - outer;
}

/* The id of this stack, 1.. SITES_MAX; 0: no memory. Lock-free when it is known already. context: hook, busy */
uint32_t site_intern(const uint64_t *frames, size_t count);
uint32_t site_intern_hashed(uint64_t hash, const uint64_t *frames, size_t count); /* its hash is known */

const struct site *site_get(uint32_t id); /* id 1..site_count() */
uint32_t site_count(void);
void site_modules_closed(void); /* after a dlclose */
/* Of the modules that these frames of the calling thread lie in: is each still the one that is known by its addresses? What
 * is known of one that is not is forgotten. context: hook, busy */
void site_modules_on_stack(const uint64_t *frames, size_t count);
void site_forget_all(void); /* no stack was ever recorded. context: as record_forget_all() */

#endif
