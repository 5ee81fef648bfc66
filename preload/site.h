/* site.h - distinct allocation stacks, each kept once. */
#ifndef CASTAWAY_PRELOAD_SITE_H
#define CASTAWAY_PRELOAD_SITE_H

#include <stddef.h>
#include <stdint.h>

enum { SITES_MAX = (1 << 24) - 1 };

/* A frame of a captured stack: address, and bit 63 for an exact address (a signal interrupted it there). */
#define FRAME_EXACT (1ull << 63)
enum { CAPTURE_FRAMES_MAX = 64 };

/* Stacks that are met one after the other mostly have more than half of their frames in common: these are kept once. */
struct site {
    uint64_t hash;
    const struct site *base; /* which has all its frames: its outer ones are those that this one does not have itself */
    uint32_t id;
    uint16_t count;        /* frames of the stack, */
    uint8_t own;           /* and so many of them, the inner ones, that this one has itself */
    uint8_t stale;         /* a frame is of a module that was closed: equal addresses mean other code now */
    uint64_t own_frames[]; /* innermost first; then as many module numbers (uint16_t) */
};

/* Frame i < site->count, innermost first, and the number of the module that it lies in. */
static inline uint64_t site_frame(const struct site *site, size_t i) {
    return i < site->own ? site->own_frames[i] : site->base->own_frames[site->base->count - site->count + i];
}
static inline const uint16_t *site_own_modules(const struct site *site) {
    return (const uint16_t *)(site->own_frames + site->own);
}
static inline unsigned site_module(const struct site *site, size_t i) {
    return i < site->own ? site_own_modules(site)[i]
                         : site_own_modules(site->base)[site->base->count - site->count + i];
}

/* All its frames. room: for so many; what is returned may stand elsewhere, and stays. */
const uint64_t *site_frames(const struct site *site, uint64_t *room);

/* Are these all its frames from frame `first` on? */
int site_has_outer(const struct site *site, size_t first, const uint64_t *frames, size_t count);

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
