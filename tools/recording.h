/* recording.h - one `.cast` file in memory; the format is described in analysis/README.md, "Recording". */
#ifndef CASTAWAY_TOOLS_RECORDING_H
#define CASTAWAY_TOOLS_RECORDING_H

#include "analysis/cast.h"
#include "hash.h"
#include "pool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct symbol_file;

struct rec_module {
    uint32_t id;
    const char *path;         /* valid UTF-8, not yet escaped */
    const char *build_id;     /* lower-case hex; "" if none */
    bool is_program;          /* the executable itself, not a library */
    struct symbol_file *file; /* set by symbols.c, once per module */
    UT_hash_handle hh;
};
struct rec_frame {
    struct rec_module *module; /* NULL: in no module, `offset` is an absolute address */
    uint64_t offset;           /* link-time address */
    bool exact;                /* false: a return address, the call is just before it */
};
struct rec_site {
    uint32_t id;
    const struct rec_frame *frames; /* innermost first */
    size_t frame_count;
    const struct stack *stack; /* set by symbols.c, once per site */
    UT_hash_handle hh;
};
/* Of several objects, in bytes. */
struct sizes {
    bool known;
    uint64_t least, largest;
};
struct rec_edge {
    struct rec_site *site; /* NULL: no stack known */
    struct sizes sizes;    /* of the objects of all groups that stand here */
    uint64_t bytes;        /* of all of them; of a run of equal references at its first */
    uint64_t offset, target_offset;
    const char *type; /* "": not known */
};
/* References to be made weak: those at one offset, from objects of one kind to objects of one kind. */
struct rec_break {
    uint64_t set; /* from 1, best first: parts of one set are made weak together, and stand together */
    size_t entry, from_entry, to_entry; /* of the cycle: one of them lies there; SIZE_MAX: none that is listed */
    struct rec_site *site, *to_site;    /* of an example: where its objects were made; NULL: no stack known */
    uint64_t size_bytes, offset, references;
    const char *type, *to_type;          /* "": not known */
    uint64_t frees_objects, frees_bytes; /* all that the set frees */
    bool frees_all;                      /* that is the whole group */
    struct rec_site *taker;              /* took this reference; NULL: not known */
};
/* Objects of one type in a finding. */
struct rec_type {
    const char *type;
    uint64_t objects, bytes, collectable;
};
/* References that a stack took, less those that it gave back. */
struct rec_balance {
    int64_t balance;
    struct rec_site *site; /* NULL: no stack known */
};
/* What was seen of references to a finding's objects. */
struct rec_history {
    const struct rec_balance *balances,
        *unmatched; /* all; what is left when those that belong together are set aside */
    size_t balance_count, unmatched_count;
    uint64_t dropped;      /* changes without a stack */
    const char *finalizer; /* "": none was named */
};
/* What reference counts say of a finding. */
struct rec_refs {
    bool known, by_marking, by_subtraction; /* there are counts; the proofs that it is lost */
    uint64_t count, found_inside, found_outside, kept;
    const char *verdict, *source;
    struct rec_type *types;
    size_t type_count;
};
struct rec_age { /* of the object that was lost first */
    bool known;
    int64_t born_us; /* since recording began, as all times; -1: not known */
    uint64_t generation, scan_a, scan_b, us_a, us_b;
};
struct rec_finding {
    enum kind kind;
    struct rec_age age;
    struct rec_site *site; /* NULL: no stack known */
    uint64_t count, objects, bytes, indirect_objects, indirect_bytes;
    struct sizes sizes; /* of its objects; not of kind cycle */
    const struct rec_edge *cycle;
    size_t cycle_listed;
    uint64_t cycle_length, cycle_length_max, group_objects_max; /* of the cycle that is listed; of all groups */
    bool has_retained;                                          /* what it alone keeps alive */
    uint64_t retained_objects, retained_bytes;
    const char *type; /* "": not known */
    struct rec_break *breaks;
    size_t break_count;
    bool breaks_complete; /* there are no better ones */
    struct rec_refs refs;
    struct rec_history history;
};
/* What holds an object: a root, then objects, each of which points at the next one. */
struct rec_root {
    const char *kind;          /* a word of analysis/cast.h; "" when there is no path */
    const char *name;          /* "" if none */
    int64_t tid;               /* 0: no thread */
    struct rec_module *module; /* NULL: none */
    uint64_t offset;
};
struct rec_step {
    struct rec_site *site; /* NULL: no stack known */
    uint64_t size_bytes, offset, count;
};
struct rec_path {
    struct rec_root root;
    const struct rec_step *steps;
    size_t step_count;
};
struct rec_point { /* old objects of a site when a full scan began */
    uint64_t at_us, objects, bytes;
};
struct rec_growth {
    struct rec_site *site;
    uint64_t scans, objects, bytes, objects_per_minute, bytes_per_minute;
    const struct rec_point *points;
    size_t point_count;
    struct rec_path path;
};
struct rec_dangling { /* weak slots that point at freed objects */
    struct rec_site *site, *holder, *target;
    uint64_t slots, offset;
};
struct rec_target {
    uint64_t address;
    struct rec_path path;
};
struct rec_population { /* live objects of a site, by generation */
    struct rec_site *site;
    uint64_t objects[GENERATIONS], bytes[GENERATIONS];
};
struct rec_scan {
    uint64_t number, generation, at_us, pause_us, scan_us, objects_scanned, bytes_read;
};
struct rec_moment { /* one of the scans so far, and what was alive behind it, by generation */
    uint64_t number, generation, at_us, pause_us, scan_us, objects[GENERATIONS], bytes[GENERATIONS];
};
struct rec_generation {
    uint64_t objects, bytes, scans, scan_us_p50, scan_us_max;
};
struct rec_status {
    uint64_t recorded_us;
    struct rec_generation generations[GENERATIONS];
    uint64_t pause_us_p50, pause_us_p99, pause_us_max;
    uint64_t suspects, confirmed, withdrawn, freed_by_program, confirmed_withdrawn, confirmed_freed;
    const char *dirty_pages, *stop, *snapshot;
};
/* Allocations, of a site or of all; times since recording began. */
struct rec_counts {
    uint64_t objects, bytes, freed_objects, freed_bytes;
    uint64_t peak_objects, peak_bytes, peak_us; /* that lived at once */
    /* only of a site: see struct cast_allocations */
    uint64_t at_once, same_call, size_min, size_max, slack_bytes, grown, moved_bytes, chain_max;
};
struct rec_allocations {
    struct rec_site *site; /* NULL: no stack known */
    struct rec_counts counts;
};
struct rec_profile {
    bool known;
    struct rec_counts total;
    uint64_t header_bytes, missed;
};
/* What a root keeps alive alone. */
struct rec_retained {
    struct rec_root root; /* kind "": what several roots keep together */
    uint64_t objects, bytes;
    struct rec_site *largest; /* the object below it that has most of it; NULL: none, or no stack known */
    uint64_t largest_objects, largest_bytes;
};
struct rec_note {
    const char *code, *detail; /* detail may be "" */
    uint64_t count;
    struct rec_site *site; /* of "lingering": where the objects were made; else NULL */
    uint64_t bytes, scans; /* of these */
};

struct recording {
    struct pool *pool; /* of everything here */
    const char *path;
    int64_t pid;
    const char **argv;
    size_t argc;
    const char *executable;
    int64_t exit_status;
    double start_seconds, end_seconds; /* Unix time; 0: not known */
    bool at_exit;                      /* made when the program ended, not while it ran */
    bool has_scan, has_status;
    bool replaced;                                      /* the process went on as another program */
    bool is_turned_off;                                 /* no scan, because the program or its user wanted none */
    const char *default_options, *default_suppressions; /* the program's own, in LeakSanitizer's words; "" if none */
    bool complete;                                      /* the `end` record was there */
    struct rec_scan scan;                               /* the last one */
    struct rec_status status;
    struct rec_moment *timeline;
    size_t timeline_count;
    struct tally tally[KIND_COUNT];
    struct rec_finding *findings;
    size_t finding_count, finding_capacity;
    struct rec_note *notes;
    size_t note_count, note_capacity;
    struct rec_growth *growths;
    size_t growth_count, growth_capacity;
    struct rec_dangling *danglings;
    size_t dangling_count, dangling_capacity;
    struct rec_target *targets;
    size_t target_count, target_capacity;
    struct rec_population *populations;
    size_t population_count, population_capacity;
    struct rec_profile profile;
    struct rec_allocations *allocations;
    size_t allocations_count, allocations_capacity;
    struct rec_retained *retained;
    size_t retained_count, retained_capacity;
    struct rec_module *modules; /* by id */
    struct rec_site *sites;     /* by id */
};

/* Read `path`. A last line that is cut off is left out (then `complete` is false); anything else that is wrong is an
 * error, told in one message that names file and line.
 *
 * returns  0, or -1 after the message; call recording_close() in both cases. Strings live in `pool`. */
int recording_read(struct recording *, const char *path, struct pool *pool);
/* The same from an open file, which messages call `path`. */
int recording_read_open(struct recording *, FILE *file, const char *path, struct pool *pool);
void recording_close(struct recording *);

/* a + b and a * b, or the largest number there is. */
uint64_t count_add(uint64_t a, uint64_t b);
uint64_t count_times(uint64_t a, uint64_t b);

/* Not known as soon as one of them is not. */
struct sizes sizes_of_both(struct sizes, struct sizes);
bool sizes_are_one(struct sizes);

#endif
