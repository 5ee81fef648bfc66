/* options.h - what the user asked for: the same keys on the command line and in CASTAWAY_OPTIONS. */
#ifndef CASTAWAY_TOOLS_OPTIONS_H
#define CASTAWAY_TOOLS_OPTIONS_H

#include "formats.h"
#include "pool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* The verbs, as bits: for options that only some of them take. */
enum verb {
    VERB_RUN = 1,
    VERB_STATUS = 2,
    VERB_SCAN = 4,
    VERB_WHY = 8,
    VERB_TOP = 16,
    VERB_SUPPRESS = 32,
    VERB_DIFF = 64,
    VERB_DOCTOR = 128,
    VERB_COMPLETION = 256,
    VERB_ANNOTATE = 512,
    VERB_ADVISE = 1024,
};
enum { VERBS_ASKING = VERB_STATUS | VERB_SCAN | VERB_WHY | VERB_TOP };
enum { VERBS_WITHOUT_REPORT = VERBS_ASKING | VERB_DOCTOR | VERB_COMPLETION | VERB_ANNOTATE | VERB_ADVISE };
#define VERBS_ALL (~0u)

struct destination {
    enum format format;
    const char *path; /* "-": stdout; may hold %p, %h, %q{VAR} */
};
struct options {
    struct pool *pool;
    enum verb verb;     /* set before the command line is read; 0: takes no option that only some verbs take */
    const char *output; /* NULL: the recording is not kept */
    struct destination *destinations;
    size_t destination_count, destination_capacity;
    bool destinations_from_environment; /* the first one of the command line replaces them */
    unsigned show, fail_on;             /* kinds as bits */
    bool keep_pools;                    /* leave the switches of other allocators alone (analysis/pools.h) */
    int exit_code, frames_max, findings_max;
    bool exit_code_given;      /* by the user */
    bool findings_first;       /* the exit status of findings stands before the program's own */
    const char **suppressions; /* files */
    size_t suppression_count, suppression_capacity;
    bool default_suppressions, print_suppressions, fail_on_unused;
    const char *baseline; /* NULL: none */
    bool update_baseline, accept_new, show_known;
    bool list_defaults;     /* of `suppress` */
    bool suppression_texts; /* write one behind each finding, */
    bool ask_suppressions;  /* when that is answered with yes */
    enum color color;
    bool from_preload, help, version, quiet, verbose, no_pager;
    const char *library_options; /* of the library, checked: `:key=value` each */
    int generation, timeout_ms, interval_ms;
    bool once;
    bool self;             /* annotate: what a line itself allocates, not what it calls */
    bool folded_allocated; /* folded stacks are of what was allocated, not of findings */
};

void options_init(struct options *, struct pool *);

/* Read CASTAWAY_OPTIONS (NULL: nothing). Keys that are not ours are the library's, or noted by it.
 * returns  0, or -1 after a message */
int options_environment(struct options *, const char *text);

/* Read what we take of LSAN_OPTIONS (NULL: nothing): its other keys are the sanitizer's own.
 * returns  0, or -1 after a message */
int options_lsan(struct options *, const char *text);

/* Read options from `arguments` on; ends at `--` (taken) or at the first other word.
 * returns  index of the first word not taken, or -1 after a message */
int options_arguments(struct options *, int count, char **arguments, int from);

void options_help(FILE *, unsigned verb); /* those that this verb takes */

/* The options that a verb (bits; VERBS_ALL: any) takes, one after the other: *at begins with 0. false: no more */
struct option_words {
    const char *name, *value, *help; /* value NULL: takes none */
    char letter;                     /* 0: none */
};
bool options_next(unsigned verb, size_t *at, struct option_words *);

#endif
