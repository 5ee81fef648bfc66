/* lingering.h - objects that only words on stacks hold, which have been the same in several full scans.
 *
 * Such a word is a variable that is still needed, or what a call that is over has left where nothing wrote since. The two
 * can't be told apart; the object is reachable, and this is what can be said. */
#ifndef CASTAWAY_ANALYSIS_LINGERING_H
#define CASTAWAY_ANALYSIS_LINGERING_H

#include "mark.h"

enum { LINGERING_SCANS = 3 /* that make it worth a word */, LINGERING_WORDS_MAX = 1024, LINGERING_SITES_MAX = 8 };

/* A word on a stack that names an object, and in how many full scans it has. */
struct lingering_word {
    uintptr_t address, object;
    uint32_t birth;
    uint32_t scans;
};
struct lingering_words {
    struct lingering_word *word; /* sorted by address */
    size_t count;
};

/* What such words alone hold directly, by where it was made: the most bytes first. */
struct lingering_site {
    uint32_t site, scans; /* the fewest of its words */
    uint64_t objects, bytes;
};
struct lingering {
    struct lingering_words words; /* for the next full scan; in `keep` */
    struct lingering_site site[LINGERING_SITES_MAX];
    size_t site_count;
};

/* After a full scan.
 * roots    those of the scan; a word in a thread's registers is another time at another place, so it never lingers
 * before   of the last full scan
 * returns  0, or -ENOMEM: nothing is told. context: as mark_run()
 * cost     once through the roots that live, and through what only these hold */
int lingering_find(const struct heap *heap, const struct marks *marks, const struct root *roots, size_t root_count,
                   const struct lingering_words *before, struct arena *keep, struct arena *scratch,
                   struct lingering *out);

#endif
