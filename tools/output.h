/* output.h - the files that we write: names, checks before the program starts, errors. */
#ifndef CASTAWAY_TOOLS_OUTPUT_H
#define CASTAWAY_TOOLS_OUTPUT_H

#include "options.h"
#include "report.h"
#include "writers.h"

#include <stdbool.h>
#include <stdint.h>

enum { OUTPUT_PID_LATER = -1 };

/* %p, %h, %q{VAR} and %% of a file name replaced; NULL after a message. With OUTPUT_PID_LATER %p stays. */
const char *output_expand(struct pool *, const char *pattern, int64_t pid);

/* A device (/dev/null) takes all that is written, of each process; nothing is made beside it. */
bool output_is_device(const char *path);

/* `pattern`, with a %p before its ending unless it has one. */
const char *output_of_each(struct pool *, const char *pattern);

/* Could everything that `options` names be written? Run before the program starts. 0, or -1 after a message. */
int output_check(const struct options *);

/* Copy a recording. 0, or -1 after a message. */
int output_copy(const char *from, const char *to);

/* Under which names recordings were kept, so that none is written over another; all zero at first. */
struct output_names {
    struct output_name *taken; /* uthash */
};

/* Keep the recording at `path` of process `pid` as --output says; `main_pid` is the one whose recording gets the plain
 * name, if it comes first. A process that became another program leaves several: they get a number. 0, or -1 after a
 * message. */
int output_keep(const struct options *, struct output_names *, const char *path, int64_t pid, int64_t main_pid);
void output_names_close(struct output_names *);

/* The kinds whose findings the destinations need, as bits. */
unsigned output_kinds(const struct options *);
/* Write `content` to every destination; without one, as text to `usual`, unless that is NULL. `pid` is what %p stands for. `write` leaves
 * errors in the stream. 0, or -1 after messages. */
typedef void output_write_cb(FILE *, const void *content, enum format, const struct view *);
int output_each(const struct options *options, int64_t pid, output_write_cb *write, const void *content, FILE *usual);

/* Does a person get to read a report as text? */
bool output_has_text(const struct options *);

/* Write the report to every destination; without one, as text to `usual`. 0, or -1 after messages. */
int output_report(const struct options *, const struct report *, FILE *usual);

#endif
