/* suppress.h - findings that somebody has decided not to hear of: LeakSanitizer's lines and Valgrind's blocks. */
#ifndef CASTAWAY_TOOLS_SUPPRESS_H
#define CASTAWAY_TOOLS_SUPPRESS_H

#include "pool.h"
#include "report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* As in Valgrind, since 3.11. */
enum { SUPPRESSION_FRAMES_MAX = 500 };

struct suppression_frame {
    enum { FRAME_ANY_NUMBER, FRAME_FUNCTION, FRAME_OBJECT, FRAME_SOURCE } what;
    const char *pattern;
    int line; /* of FRAME_SOURCE; 0: any */
};

/* Set by suppress_parse.c; the last group by suppress_apply(). */
struct suppression {
    const char *name; /* the pattern of a line, the name of a block */
    const char *file;
    size_t line;
    const char *reason;   /* NULL: none was given */
    unsigned kinds;       /* as bits */
    uint64_t objects_max; /* it hides no more than these; UINT64_MAX: no ceiling */
    const char *expires;  /* YYYY-MM-DD, the last day it holds; NULL: never */
    bool is_default;      /* of castaway's own set */
    uint64_t brought;     /* by a program: as in its findings, for which alone it is; 0: for all */
    size_t frame_count;   /* 0: a line: `name` is matched with everything in the stack */
    struct suppression_frame *frames;

    bool expired, exceeded;
    uint64_t findings, objects, bytes; /* that it matched */
};
struct suppressions {
    struct pool *pool;
    struct suppression *list;
    size_t count, capacity;
};

struct suppress_error {
    size_t line, column; /* from 1 */
    const char *what;
};

/* Read `length` bytes in either format, or both in turn. `file` names them in messages.
 *
 * returns  0, or -1 with `error` set: what stood before the error has been added */
int suppress_parse(struct suppressions *, const char *file, const char *text, size_t length, struct suppress_error *);

/* Read the file at `path`, or a text that messages call `name`. 0, or -1 after a message. */
int suppress_load(struct suppressions *, const char *path);
int suppress_add_text(struct suppressions *, const char *name, const char *text, size_t length);

/* Add castaway's own set; as text, with the reasons, for people. */
void suppress_add_defaults(struct suppressions *);
const char *suppress_defaults_text(void);

/* Take what they match out of a finished report, into its sums of suppressed objects, and count what each has hidden.
 * `today` (YYYY-MM-DD) decides what has expired. The first that matches a finding counts. One that would hide more than
 * its ceiling hides nothing. */
void suppress_apply(struct suppressions *, struct report *, const char *today);
const char *suppress_today(struct pool *);

/* Does it match, whatever its dates and ceilings? */
bool suppress_matches(const struct suppression *, const struct report_finding *);

/* One block that matches this finding and as little else as possible; Valgrind can read it too. */
void suppress_write(FILE *, const struct report_finding *);

#endif
