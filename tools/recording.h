/* recording.h - one `.cast` file in memory; the format is described in analysis/README.md, "Recording". */
#ifndef CASTAWAY_TOOLS_RECORDING_H
#define CASTAWAY_TOOLS_RECORDING_H

#include "analysis/cast.h"
#include "pool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

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
struct rec_edge {
    struct rec_site *site; /* NULL: no stack known */
    uint64_t size_bytes, offset, target_offset;
};
struct rec_finding {
    enum kind kind;
    struct rec_site *site; /* NULL: no stack known */
    uint64_t count, objects, bytes, indirect_objects, indirect_bytes;
    const struct rec_edge *cycle;
    size_t cycle_listed;
    uint64_t cycle_length, group_objects_max;
};
struct rec_note {
    const char *code, *detail; /* detail may be "" */
    uint64_t count;
};

struct recording {
    struct pool *pool; /* of everything here */
    const char *path;
    int64_t pid;
    double start_seconds; /* Unix time */
    const char **argv;
    size_t argc;
    const char *executable;
    int64_t exit_status;
    bool has_header, has_scan;
    bool complete; /* the `end` record was there */
    struct tally tally[KIND_COUNT];
    struct rec_finding *findings;
    size_t finding_count, finding_capacity;
    struct rec_note *notes;
    size_t note_count, note_capacity;
    struct rec_module *modules; /* by id */
    struct rec_site *sites;     /* by id */
};

/* Read `path`. A last line that is cut off is left out (then `complete` is false); anything else that is wrong is an
 * error, told in one message that names file and line.
 *
 * returns  0, or -1 after the message; call recording_close() in both cases. Strings live in `pool`. */
int recording_read(struct recording *, const char *path, struct pool *pool);
void recording_close(struct recording *);

/* a + b, or the largest number there is. */
uint64_t count_add(uint64_t a, uint64_t b);

#endif
