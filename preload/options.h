/* options.h - the part of CASTAWAY_OPTIONS that the target itself needs; the tool reads the rest. */
#ifndef CASTAWAY_PRELOAD_OPTIONS_H
#define CASTAWAY_PRELOAD_OPTIONS_H

#include <stdint.h>

enum { OPTION_BYTES_MAX = 4096 /* a path */, OPTION_WORD_MAX = 64 /* a number, a few numbers, a name */ };

/* The short ones stand together: a page that nobody writes costs a short-lived program nothing. */
struct options {
    char pointer_mask[OPTION_WORD_MAX]; /* number: bits of a word that are a pointer; "" for all */
    char unaligned[OPTION_WORD_MAX];    /* "yes": pointers may stand at any address */
    char mark_threads[OPTION_WORD_MAX]; /* number: how many threads search; "" for as many as there are processors */
    char children[OPTION_WORD_MAX];     /* "no": processes that the program starts are not recorded */
    char owner[OPTION_WORD_MAX];        /* process id of `castaway run`: the program itself is a child of it */
    char mounts[OPTION_WORD_MAX];       /* its namespace of mounts, as /proc names it */
    /* live scans (live.c); "" where not given */
    char thresholds[OPTION_WORD_MAX], scan_every[OPTION_WORD_MAX], confirm[OPTION_WORD_MAX];
    char scan_signal[OPTION_WORD_MAX], control[OPTION_WORD_MAX], dirty_pages[OPTION_WORD_MAX];
    char audit_live[OPTION_WORD_MAX];          /* "yes": compare the counts of what is reachable, too */
    char retained[OPTION_WORD_MAX];            /* "yes": tell what each holder keeps alive alone (holders.c) */
    char profile_allocations[OPTION_WORD_MAX]; /* "yes": count what is allocated (profile.c) */
    char unread[OPTION_WORD_MAX];              /* kinds of findings that the tool would read for nothing */
    char bad_key[OPTION_WORD_MAX];             /* first key that nobody knows; "" when all are known */
    char dir[OPTION_BYTES_MAX];          /* where `castaway run` wants the recordings; "" when preloaded by hand */
    char output[OPTION_BYTES_MAX];       /* where the recording goes when there is no tool to hand it to */
    char left_output[OPTION_BYTES_MAX];  /* the same for a process that outlives `castaway run`; absolute */
    char left_reports[OPTION_BYTES_MAX]; /* options of the reports that such a process makes; "" for none */
    char pools[OPTION_BYTES_MAX];        /* variables that `castaway run` set for the program (analysis/pools.h) */
    /* reference counts (pairs.c): what all mentions of these keys say, with commas between them */
    char refs[OPTION_BYTES_MAX], profile[OPTION_BYTES_MAX];
};

/* Parse key=value:key=value; a value may stand in '' or "" to hold a colon. `text` may be NULL, *out is zero. */
void options_parse(const char *text, struct options *out);

/* Values as what they mean; 0 when absent, or wrong (then the tool has said so, or bad_key names it). */
uintptr_t options_pointer_mask(const struct options *options);
int options_unaligned(const struct options *options);
int options_audit_live(const struct options *options);
unsigned options_unread(const struct options *options); /* those kinds, a bit for each */
int options_retained(const struct options *options);    /* a profile of allocations has it, unless it says no */
int options_profile_allocations(const struct options *options);
unsigned options_mark_threads(const struct options *options);
int options_owner(const struct options *options);
int options_children(const struct options *options); /* 1: recorded */

#endif
