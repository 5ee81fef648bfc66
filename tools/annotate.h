/* annotate.h - bytes and objects by line of source.
 *
 * A line's totals are of every stack with a frame on it: what was allocated there and in what it calls, each stack counted
 * once. `self` is of those stacks whose innermost frame is on it: what this line itself asked the allocator for. */
#ifndef CASTAWAY_TOOLS_ANNOTATE_H
#define CASTAWAY_TOOLS_ANNOTATE_H

#include "writers.h"

struct amounts {
    uint64_t allocated_objects, allocated_bytes; /* while it ran: zero without --profile-allocations */
    uint64_t live_objects, live_bytes;           /* at the end; those that are lost, too */
    uint64_t lost_objects, lost_bytes;
};
struct annotated_line {
    int line;
    struct amounts total, self;
};
struct annotated_file {
    const char *path, *name;      /* as recorded; as shown */
    bool in_program;              /* of the executable, not of a library */
    struct amounts amounts;       /* of the stacks that pass through it */
    struct annotated_line *lines; /* ascending */
    size_t line_count, line_capacity;
    struct line_index *index;
    size_t last_stack; /* that was counted, from 1 */
};
struct annotations {
    struct pool *pool;
    struct annotated_file *files; /* by lost, then live, then allocated bytes downwards */
    size_t file_count, file_capacity;
    size_t stacks;
    bool has_allocated;
};

/* From a report of all kinds that is finished. Its memory is the pool's. */
struct annotations annotate(struct pool *, const struct report *);

/* The file that a person means by `name`: a path as recorded, as it stands here, or the end of one. NULL: none; *count
 * receives how many there are. */
const struct annotated_file *annotate_find(const struct annotations *, const char *name, size_t *count);

/* What is to be shown. */
struct annotate_choice {
    const struct annotations *annotations;
    const struct annotated_file
        *file;          /* all its lines; NULL: the files of the program, around the lines with amounts */
    const char *source; /* where to read it from; NULL: where it was compiled from */
    bool self;
};
void annotate_text(FILE *, const struct annotate_choice *, const struct view *);
void annotate_json(FILE *, const struct annotate_choice *);

#endif
