/* verdict.h - from marks to findings: every object in exactly one kind, same things counted together. */
#ifndef CASTAWAY_ANALYSIS_VERDICT_H
#define CASTAWAY_ANALYSIS_VERDICT_H

#include "graph.h"
#include "blame.h"
#include "history.h"
#include "mark.h"

/* The kinds, in the order in which a report counts them: one line here is one kind everywhere.
 *   enumerator, name on the command line and in files, JSON key in a summary */
#define KINDS(X)                                                                                                       \
    X(LOST, "lost", "lost")                                                                                            \
    X(LOST_INDIRECT, "lost-indirect", "lost_indirect")                                                                 \
    X(CYCLE, "cycle", "cycle")                                                                                         \
    X(POSSIBLE, "possible", "possible")                                                                                \
    X(REACHABLE, "reachable", "reachable")                                                                             \
    X(GROWING, "growing", "growing")                                                                                   \
    X(DANGLING_WEAK, "dangling-weak", "dangling_weak")                                                                 \
    X(OVER_UNREF, "over-unref", "over_unref")                                                                          \
    X(MISSING_UNREF, "missing-unref", "missing_unref")

enum kind {
#define X(name, word, key) KIND_##name,
    KINDS(X)
#undef X
        KIND_COUNT
};
/* The kinds below it share out the objects among them. Those from it on are not of objects: places whose objects are counted
 * there already, and weak slots; or of reachable ones, whose counts are wrong (miscount.h). */
enum { KIND_JUDGED_COUNT = KIND_GROWING };

const char *kind_word(enum kind);
const char *kind_key(enum kind); /* of JSON */

/* One reference of a cycle: the object made at `site` holds, `offset` bytes into itself, a pointer to `target_offset`
 * bytes into the next entry's object (the last entry's into the first's). */
struct cycle_edge {
    uint32_t site;
    uint64_t size_bytes, offset, target_offset;
    const char *type;        /* of the object; NULL: not known */
    uint64_t size_max_bytes; /* of a finding: size_bytes is the least of its groups, this is the most ... */
    uint64_t bytes;          /* ... and this the sum, that of a run of equal references taken together */
};

struct finding {
    enum kind kind;
    uint32_t site;                           /* allocation site of its objects; for a cycle that of its first entry */
    uint64_t count;                          /* lost, possible, ...: objects; cycle: groups of this shape */
    uint64_t objects, bytes;                 /* its own; a cycle: all members of its groups */
    uint64_t size_min_bytes, size_max_bytes; /* of one object; not of kind cycle */
    uint64_t indirect_objects,
        indirect_bytes; /* lost-indirect objects that hang from it (each counted at one source) */
    const struct cycle_edge
        *cycle; /* kind cycle: the smallest cycle of the group, rotated so that equal shapes are equal; else NULL */
    size_t cycle_length;        /* number of objects on that cycle; 1: it holds a counted reference to itself */
    size_t cycle_length_max;    /* of the groups of this shape: rings of one place may be of any length */
    size_t cycle_listed;        /* entries in `cycle`: cycle_length, or VERDICT_CYCLE_LISTED_MAX */
    uint64_t group_objects_max; /* kind cycle: members of the largest group */
    struct age
        age; /* kinds lost and cycle: of the object that was lost first (of those the oldest); born_us -1, the rest 0: not known */
    const char *type; /* of its objects, for a cycle of the first entry's; NULL: not known, or a kind without `blame` */
    const struct blame *blame; /* kinds lost and cycle, and those of miscount.h; NULL: nothing is known */
};

/* One more object of a finding that is no cycle. */
static inline void finding_add_object(struct finding *finding, uint64_t size_bytes) {
    if (!finding->count++ || size_bytes < finding->size_min_bytes)
        finding->size_min_bytes = size_bytes;
    if (size_bytes > finding->size_max_bytes)
        finding->size_max_bytes = size_bytes;
    finding->objects++;
    finding->bytes += size_bytes;
}

enum { VERDICT_CYCLE_LISTED_MAX = 1000 };

struct tally {
    uint64_t objects, bytes, findings;
};

/* An object whose references were counted, and the finding that it is a member of. */
struct counted_member {
    object_id id;
    uint32_t finding; /* index in verdicts.findings */
};

struct verdicts {
    struct tally tally[KIND_COUNT];
    const struct finding *findings; /* lost and cycle by bytes held (bytes + indirect_bytes) downwards; deterministic */
    size_t finding_count;
    const struct counted_member
        *counted; /* objects with a link to a history (object.refs), in the order of their findings */
    size_t counted_count;
    uint64_t inherited_objects; /* OBJECT_INHERITED ones: in no tally */
    const struct graph *lost;   /* NULL: nothing is lost */
    const uint32_t *finding_of; /* by component of it: index in `findings`; GRAPH_NONE: no source, or left out */
};

/* What the ages of findings are taken from; history and births may be empty. now.number is never 0. */
struct verdict_times {
    const struct history *history;
    struct scan_entry now;
    const struct birth_time *births; /* sorted by serial */
    size_t birth_count;
    const struct audit *audit; /* what is known of references and types; NULL: nothing */
    unsigned unread;           /* possible, reachable: a bit for each kind of which only the sums are wanted */
};

/* Judge every object of a marked heap. Lost ones are split by the strongly connected components of the lost graph
 * (Tarjan, iterative; pointers to the start or anywhere inside count as edges): a source of the condensation is `lost`
 * (one object) or `cycle` (two or more), all others `lost-indirect`. Objects with a flag of `skip`
 * (OBJECT_INHERITED, _SUSPECT, _KNOWN) are left out, but followed. In a young view only its subset is judged.
 *
 * returns  0, or -ENOMEM: then `out` is not to be used
 * context  as mark_run() */
int verdict_run(const struct heap *heap, const struct marks *marks, unsigned skip, const struct verdict_times *times,
                struct arena *arena, struct verdicts *out);

#endif
