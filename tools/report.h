/* report.h - what the writers of text and JSON work on: several recordings, symbolised and merged. */
#ifndef CASTAWAY_TOOLS_REPORT_H
#define CASTAWAY_TOOLS_REPORT_H

#include "analysis/cast.h"
#include "keep.h"
#include "members.h"
#include "pool.h"
#include "recording.h"
#include "symbols.h"

#include <stdbool.h>
#include <stdint.h>

/* Kinds as bits, for --show and --fail-on. */
enum {
    KINDS_ALL = (1 << KIND_COUNT) - 1,
    KINDS_DEFAULT = 1 << KIND_LOST | 1 << KIND_CYCLE | 1 << KIND_DANGLING_WEAK, /* that fail */
    KINDS_SHOWN_DEFAULT = KINDS_DEFAULT | 1 << KIND_GROWING | 1 << KIND_OVER_UNREF | 1 << KIND_MISSING_UNREF,
};

/* What only the outside tool can note; the library's own are NOTES in analysis/cast.h.
 *   enumerator, code in files, text for a person */
#define TOOL_NOTES(X)                                                                                                  \
    X(CUT, "cut", "the recording is cut: what stood before the cut is shown")                                          \
    X(NO_SCAN, "no-scan", "the recording holds no scan: nothing was judged")                                           \
    X(LAST_SCAN, "last-scan", "the program left no recording of its end: this is the report of its last scan")         \
    X(NO_RECORDING, "no-recording", "no recording came from the program itself")                                       \
    X(LEFT_RUNNING, "left-running",                                                                                    \
      "processes that still run: not in this report; what they tell at their end goes to a file")                      \
    X(UNWATCHED, "unwatched", "processes that were not watched")                                                       \
    X(BAD_RECORDING, "bad-recording", "recordings of other processes that could not be read")                          \
    X(DEBUG_INFO_UNREAD, "debug-info-unread",                                                                          \
      "files whose debug information was not read, for a limit leaves too little memory: findings may have other "     \
      "names")                                                                                                         \
    X(NO_OBJECTS, "no-objects", "no live object was recorded: all were freed, or castaway saw no allocation")

enum tool_note {
#define X(name, code, text) TOOL_NOTE_##name,
    TOOL_NOTES(X)
#undef X
        TOOL_NOTE_COUNT
};

/* What the objects of a finding have in common that stand at equal places of its cycles: made by one stack, with the same
 * offsets. */
struct report_part {
    uint64_t name; /* of these, by which parts are sorted */
    struct sizes sizes;
    uint64_t bytes;
};
struct report_entry {
    uint64_t offset, target_offset;
    struct sizes sizes; /* as recorded; after report_finish() those of its part */
    uint64_t bytes;     /* the same; that of a part is at its first entry */
    size_t part;
    const struct stack *stack;
    const char *type;      /* NULL: not known */
    struct members layout; /* by the debug information: the struct, and the member that is at `offset` */
};
/* As struct rec_break, with names. */
struct report_break {
    struct rec_break is;                      /* its numbers; what points into the recording is not to be used */
    const struct stack *from, *to;            /* made the example's objects */
    const char *from_type, *to_type, *member; /* NULL: not known */
    const struct stack *taker;                /* NULL: not known */
};
struct report_breaks {
    struct report_break *list;
    size_t count;
    bool complete;
};
/* As struct rec_history, with names. */
struct report_balance {
    int64_t balance;
    const struct stack *stack;
};
struct report_balances {
    struct report_balance *list;
    size_t count;
};
struct report_history {
    struct report_balances all, unmatched;
    uint64_t dropped;
    const char *finalizer; /* NULL: none was named */
};
enum standing {
    STANDING_NONE, /* there is no baseline, or it is not about this kind */
    STANDING_NEW,
    STANDING_GROWN,
    STANDING_KNOWN,
};
/* What holds an object, with names. */
struct report_step {
    const struct stack *stack;
    uint64_t size_bytes, offset, count;
};
struct report_path {
    const char *root_kind; /* "module", "stack", ...; "" when no path is known */
    const char *root;      /* variable, thread or mapping; NULL: no name known */
    const char *module;    /* path; NULL: in none */
    int64_t tid;           /* 0: no thread */
    uint64_t offset;       /* of the pointer in the root: from the variable's start, else as recorded */
    const struct report_step *steps;
    size_t step_count;
    uint64_t population; /* objects that the last step stands for, as an example of its place; 0: itself alone */
};
struct report_growth {
    uint64_t scans, objects_per_minute, bytes_per_minute;
    const struct rec_point *points; /* of the process whose path it is */
    size_t point_count;
    struct report_path path;
};
struct report_dangling {        /* NULL: not known */
    const struct stack *holder; /* of the objects that the slots lie in */
    uint64_t offset;            /* in those */
    const struct stack *target; /* of the freed objects */
};
struct report_finding {
    enum kind kind;
    struct rec_age age;
    bool found_at_exit;                     /* no scan before the last, at exit, saw it lost */
    const struct report_growth *growth;     /* kind growing */
    const struct report_dangling *dangling; /* kind dangling-weak */
    uint64_t
        brought; /* texts of suppressions that each program which showed it brings itself: bits as report_brought() */
    uint64_t fingerprint;
    uint64_t family;    /* the fingerprint before equal ones were numbered: two calls in one function have the same */
    uint64_t identity;  /* finer than the fingerprint: knows lines or offsets; only for merging */
    uint64_t processes; /* that showed it */
    struct origin *origin; /* the first of them */
    uint64_t count, objects, bytes, indirect_objects, indirect_bytes;
    struct sizes sizes; /* of its objects; not of kind cycle */
    const struct stack *stack;
    const struct report_entry *cycle; /* kind cycle: of the first of its groups */
    size_t cycle_listed;
    struct report_part *parts; /* of its cycles, by name */
    size_t part_count;
    uint64_t cycle_length, cycle_length_max, group_objects_max; /* of that group; of all */
    struct report_breaks breaks;
    const char *type;        /* NULL: not known */
    const char *struct_name; /* of lost objects, by the debug information; NULL: not known */
    struct rec_refs refs;    /* types by objects downwards, with names that people write */
    struct report_history history;
    enum standing standing; /* set by baseline.c, and the ceiling of a finding that it holds */
    uint64_t ceiling;
    bool has_retained; /* what would go with it: nothing else, lost or not, holds it */
    uint64_t retained_objects, retained_bytes;
};
/* What scans while the programs ran found and took back; of objects, but for `scans`. */
struct report_live {
    uint64_t scans, suspects, confirmed, withdrawn, freed_by_program;
};
/* What was allocated at a stack. */
struct report_site {
    const struct stack *stack;
    struct rec_counts counts;
};
/* A root, and what it keeps alive alone. */
struct report_holder {
    struct report_path root; /* without steps */
    uint64_t objects, bytes;
    const struct stack *largest; /* the object below it that has most of it, 0 objects: there is none */
    uint64_t largest_objects, largest_bytes;
};
struct report_profile {
    bool known;              /* a recording was made with --profile-allocations */
    struct rec_counts total; /* a peak is that of one process, the highest */
    uint64_t header_bytes, missed;
    struct report_site *sites; /* only of a report of all kinds */
    size_t site_count, site_capacity;
    struct site_index *index;
    bool has_holders;              /* --retained */
    struct report_holder *holders; /* by bytes downwards */
    size_t holder_count, holder_capacity;
    uint64_t shared_objects, shared_bytes; /* that several roots keep alive together */
};
/* The scans of one process: of all, the one with the longest list, then the lowest process id. */
struct report_timeline {
    int64_t pid;
    struct rec_moment *scans;
    size_t scan_count, scan_capacity;
};
struct report_note {
    const char *code, *text, *detail; /* detail may be "" */
    uint64_t count;
};

struct report {
    struct pool *pool;
    struct symbols *symbols;
    unsigned kinds;    /* as bits: those whose findings are taken in; of the others only the tallies are */
    const char **argv; /* of the main process */
    size_t argc;
    int64_t pid;
    int64_t exit_status;
    int signal; /* that killed it, else 0 */
    size_t processes;
    double start_seconds, end_seconds; /* Unix time: when the first of them began, the last one ended; 0: not known */
    size_t unjudged;   /* recordings among them that hold no scan: nothing can be said of their processes */
    size_t turned_off; /* recordings of processes that wanted no check */
    bool has_main;     /* the main process left a recording */
    const char **default_options, **default_suppressions; /* of programs, in LeakSanitizer's words; each text once */
    size_t default_option_count, default_option_capacity, default_suppression_count, default_suppression_capacity;
    struct report_live live;
    struct report_profile profile;
    struct report_timeline timeline;
    struct tally tally[KIND_COUNT];
    struct tally suppressed[KIND_COUNT]; /* taken out of `tally` */
    const struct gate *gate;             /* what decided the exit status; NULL: nothing has yet */
    struct report_finding *findings;     /* sorted by report_finish() */
    size_t finding_count, finding_capacity;
    struct finding_index *index; /* of findings, by what makes two of them one */
    struct keeper keeper;
    struct origin *adding;   /* of the recording that is being added */
    uint64_t adding_brought; /* by it, as in a finding */
    struct report_note *notes;
    size_t note_count, note_capacity;
};

/* Build one: init with the kinds to show, then report_add() for each recording (the main process first), then
 * report_finish(). A recording can be closed and its pool freed once it was added: memory grows with the findings. */
void report_init(struct report *, struct pool *, unsigned show);

/* Between init and add: there is one recording, so that its stacks need not be copied out of the symbols. */
void report_of_one(struct report *);
/* After each recording: the symbols' cache goes when it has grown large, if nothing of it is needed any more. */
void report_trim(struct report *);
void report_add(struct report *, struct recording *);
void report_note(struct report *, enum tool_note, uint64_t count, const char *detail);
void report_finish(struct report *);
void report_say_unread(
    const struct report *);           /* on stderr, for what has no place for notes: that names may be others */
void report_release(struct report *); /* all but its symbols, which were lent to it */
void report_free(struct report *);

/* What a program brings itself is about its own findings alone. The bit of the text at `index` of default_options or
 * default_suppressions; 0: there are too many to tell them apart, and it is about all. */
uint64_t report_brought(bool is_suppression, size_t index);

/* Does it count as a failure: is it of one of these kinds (bits), and no baseline lets it pass? */
bool report_fails(const struct report_finding *, unsigned kinds);

/* A finding that the caller takes out of the list: its objects go from the sums to those that are suppressed. */
void report_suppress(struct report *, struct report_finding *);

/* Is there a finding of one of these kinds (bits)? */
bool report_has(const struct report *, unsigned kinds);
struct tally report_unreachable(const struct report *); /* lost + lost-indirect + cycle */

/* While a recording is added: name a finding, which has all but its fingerprint, and take it in, or its numbers if it is
 * known. What the returned one has from `finding` besides stacks is still the caller's. */
struct report_finding *report_push(struct report *, const struct recording *, struct report_finding *finding);

/* report_live.c: growth, weak slots, and the counts of a recording's live scans; called by report_add(). */
void report_add_live(struct report *, const struct recording *);
/* `path` with names. */
struct report_path report_path(struct report *, const struct rec_path *);

/* report_profile.c: what was allocated and what keeps memory alive; called by report_add(). */
void report_add_profile(struct report *, const struct recording *);
/* Of two processes or stacks: sums; a peak is the higher of the two, for they need not have come together. */
void report_add_counts(struct rec_counts *into, const struct rec_counts *other);
void report_profile_close(struct report_profile *);

bool note_is_counted(const char *code); /* its text names things of which there can be several */

#endif
