/* levels.h - a thread's last walk, frame by frame, so that the next walk begins anew only where it differs. */
#ifndef CASTAWAY_PRELOAD_LEVELS_H
#define CASTAWAY_PRELOAD_LEVELS_H

#include "site.h"
#include "unwind.h"

/* More frames are kept than are asked for: returning from deep recursion would show an end, and going down into it soon
 * leaves no room, so that all are walked anew. When an end has shown, some more than those asked for are walked. */
enum {
    LEVELS = 512,
    LEVELS_SLACK = 32,
    LEVELS_CHANGED_MAX = CAPTURE_FRAMES_MAX + LEVELS_SLACK,
};

/* Flags of a step that is kept. Of its registers bp is right where it is needed. */
enum {
    LEVEL_BP_NEEDED = STEP_FLAGS_OWN,      /* this frame's bp is used, by this step or by one further out */
    LEVEL_BP_CHECKED = STEP_FLAGS_OWN << 1 /* and the saved one is */
};

/* Frames that are not among the levels yet, innermost first. */
struct changes {
    uint32_t count;
    struct level level[LEVELS_CHANGED_MAX];
};

/* Levels [top, LEVELS) are a stack, innermost first: what changes is the low end. */
struct levels {
    struct changes *changes; /* of the thread */
    unsigned epoch;          /* unwind_epoch when it was walked; 0: holds nothing */
    uint32_t top;
    uint32_t named; /* levels from here out have a node, if they are complete */
    int complete;   /* the last level is the outermost frame */
    int cut;        /* or the walk could not go on there */
    uintptr_t hi;   /* upper end of the stack, as the walk saw it */
    uint64_t frames[LEVELS];
    const uint64_t *next_at[LEVELS]; /* where a step reads the next level's frame, if it reads no more than that */
    uint64_t hash[LEVELS + 1];       /* of the levels from here out (site_hash_step) */
    uint32_t node[LEVELS + 1];       /* the same ones in the tree (contexts.h) */
    uint32_t special[LEVELS + 1];    /* how many of the levels from here out have no next_at */
    struct step steps[LEVELS + 1];   /* the last one is none: its stack pointer is above all */
};

void levels_init(struct levels *levels, struct changes *changes); /* levels is zeroed */

/* Bring the levels up to date for a walk from `caller` of at most CAPTURE_FRAMES_MAX frames, which are levels->frames[top] and on then.
 * returns  how many frames there are; LEVELS_ALONE: this stack can't be kept, and nothing is now
 * context  hook, busy */
enum { LEVELS_ALONE = -1 };
int levels_walk(struct levels *levels, const struct caller *caller);

/* The site of these levels. count: as levels_walk() returned it; hash: of so many */
uint32_t levels_site(struct levels *levels, uint32_t count, uint64_t hash);

/* Does the walk end with the last of these frames because it could not go on? */
static inline int levels_end_cut(const struct levels *levels, uint32_t frames) {
    return levels->cut && levels->top + frames == LEVELS;
}

/* The first place from `i` on at which another word stands now, or `end`. Four at a time: this is most of what an
 * allocation costs. */
static inline size_t levels_first_changed(const uint64_t *const *at, const uint64_t *word, size_t i, size_t end) {
    for (; i + 4 <= end; i += 4) {
        if (*at[i] != word[i])
            return i;
        if (*at[i + 1] != word[i + 1])
            return i + 1;
        if (*at[i + 2] != word[i + 2])
            return i + 2;
        if (*at[i + 3] != word[i + 3])
            return i + 3;
    }
    while (i < end && *at[i] == word[i])
        i++;
    return i;
}

#endif
