/* breaks.h - which references to make weak, so that a group that holds itself is freed.
 *
 * A group dies by counting when what is left of its references has no cycle. So the answer is a small set of classes of
 * references (reference.h), or one single reference, that every cycle passes through. */
#ifndef CASTAWAY_ANALYSIS_BREAKS_H
#define CASTAWAY_ANALYSIS_BREAKS_H

#include "reference.h"

/* Sets of up to DEPTH_MAX classes are searched for exhaustively, within an effort counted in references and objects looked
 * at: each group may use EFFORT_EACH times its own, and all together EFFORT_SHARED more. Where that finds none, one of up
 * to PARTS_MAX classes is put together one by one. */
enum { BREAK_DEPTH_MAX = 4, BREAK_PARTS_MAX = 8, BREAK_SETS_MAX = 8 };
enum { BREAK_EFFORT_EACH = 64, BREAK_EFFORT_SHARED = 1 << 25 };

/* References to be made weak: a whole class, or one of it. */
struct break_part {
    uint32_t from_site, to_site; /* where the example's two objects were made */
    uint64_t from_size, to_size, offset, target_offset;
    const char *from_type, *to_type; /* NULL: not known */
    object_id holder, target;        /* the example's two objects */
    size_t entry;                    /* of the finding's cycle: the example lies there; or REFERENCE_OFF_CYCLE */
    size_t from_entry, to_entry;     /* its two objects on that cycle, if they are */
    uint64_t references;
};
/* Parts that are made weak together. */
struct break_set {
    const struct break_part *part;
    size_t part_count;
    uint64_t frees_objects, frees_bytes; /* members */
    int frees_all;
};
struct breaks {
    struct break_set set[BREAK_SETS_MAX]; /* best first */
    size_t count;
    int is_complete; /* 0: the effort was used up, or a set needs more than DEPTH_MAX parts: there may be a better one */
};

struct break_search; /* memory for searches, reused from one group to the next */

/* NULL: no memory. members_max: of the largest group that will be searched. */
struct break_search *break_search_new(const struct graph *graph, uint32_t members_max, struct arena *arena);

/* The sets that free the group, best first: those that leave all of it reachable from its oldest object (a reference that
 * is the only way to others would let these die at once, so a set with one of them is proposed only when there is no
 * other); then the fewest parts, the fewest references, the fewest of them that lead to a younger object. When no set
 * frees all of it, single classes on the cycle that free most.
 *
 * cycle    of `component`, or a counted object that holds itself
 * returns  0 or -ENOMEM */
int break_find(struct break_search *search, uint32_t component, const struct reference_cycle *cycle,
               struct breaks *out);

#endif
