/* keep.h - copies of what a report needs of a recording after the recording is gone. */
#ifndef CASTAWAY_TOOLS_KEEP_H
#define CASTAWAY_TOOLS_KEEP_H

#include "pool.h"
#include "recording.h"
#include "symbols.h"

#include <stdbool.h>
#include <stdint.h>

struct report_entry;

/* Equal strings are kept once. */
struct keeper {
    struct pool *pool;
    uint64_t number; /* no other one has it: symbols may outlive a keeper, and remember its copies */
    bool borrows;    /* stacks stay in the symbols, which outlive this */
    struct kept_string *strings;
};

struct keeper keep_open(struct pool *);

const char *keep_string(struct keeper *, const char *); /* NULL stays NULL */

/* A stack of symbols.c that outlives symbols_trim(). Asked for twice before that, it is the same copy. */
const struct stack *keep_stack(struct keeper *, const struct stack *);
const struct report_entry *keep_entries(struct keeper *, const struct report_entry *, size_t count);
void keep_close(struct keeper *); /* the copies are the pool's and stay */

/* A process: which command it was. Counted by its users, so that a report over thousands of processes holds only those
 * that a finding names. */
struct origin {
    size_t users;
    double start_seconds; /* Unix time */
    int64_t pid;
    size_t argc;
    const char *argv[];
};

/* With one user: the caller. */
struct origin *origin_of(const struct recording *);
void origin_drop(struct origin *); /* NULL: nothing */

/* Which began earlier? < 0, 0, > 0. Total, so that a report does not depend on the order of its recordings. */
int origin_compare(const struct origin *, const struct origin *);

#endif
