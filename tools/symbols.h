/* symbols.h - from recorded addresses to functions, files and lines. */
#ifndef CASTAWAY_TOOLS_SYMBOLS_H
#define CASTAWAY_TOOLS_SYMBOLS_H

#include "pool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rec_site;
struct rec_module;

struct stack_frame {
    const char *function;   /* demangled; NULL: unknown */
    const char *symbol;     /* as the compiler wrote it; NULL: unknown */
    const char *file;       /* as far as known absolute; NULL: unknown */
    const char *file_short; /* relative to the compilation's folder where it lies in there */
    const char *module;     /* path; NULL: in no module */
    const char *build_id;   /* hex; NULL: unknown */
    uint64_t offset;        /* as recorded: link-time address; absolute if in no module */
    int line;               /* 0: unknown */
    bool inlined;           /* has no frame of its own: inlined into the next one */
    bool in_program;        /* in the executable, not in a library */
    bool put_back;          /* had left no frame: a call by jumping */
};
struct stack_memo {
    uint64_t name, exact; /* fingerprint.c: hashes of the frames */
    bool hashed;
    const struct stack *kept; /* keep.c: the copy that outlives symbols_trim(), and the number of who has it */
    uint64_t kept_by;
    struct known_struct *structs; /* members.c: what was allocated here, by size */
};
struct stack {
    const struct stack_frame *frames; /* innermost first; castaway and the allocator left out */
    size_t frame_count;
    size_t named_count; /* frames up to main; what called main is libc's, names differ with its debug info */
    const struct stack_frame *allocator; /* the outermost frame that was left out before `frames`; NULL: none was */
    struct stack_memo *memo;             /* what others found out about it */
};

struct symbols;

struct symbols *symbols_open(struct pool *);
void symbols_close(struct symbols *);

/* Forget what was resolved when it has grown beyond what one program needs. Every stack from symbols_stack() is gone
 * then, so call it only between recordings. */
void symbols_trim(struct symbols *);

/* Files whose debug information was not read for want of memory, since symbols_open(). */
size_t symbols_unread(const struct symbols *);

/* The stack of `site` (NULL: a stack without frames). Resolved once and kept in the site; equal sites of two recordings
 * have the same one. Valid until symbols_trim() or symbols_close(). */
const struct stack *symbols_stack(struct symbols *, struct rec_site *site);

/* The variable that `offset` (a link-time address) of `module` lies in, and how far; NULL: none is known there. */
const char *symbols_variable(struct symbols *, struct rec_module *module, uint64_t offset, uint64_t *inside);

/* Would both be shown alike? */
bool stack_equal(const struct stack *, const struct stack *);

/* The part of a path after its last slash. */
const char *path_base(const char *path);

#endif
