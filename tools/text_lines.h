/* text_lines.h - what the text report is made of: styled pieces on a line, lines, stacks. */
#ifndef CASTAWAY_TOOLS_TEXT_LINES_H
#define CASTAWAY_TOOLS_TEXT_LINES_H

#include "formats.h"

enum {
    TEXT_INDENT = 4,
    TEXT_FUNCTION_COLUMN = 25, /* at least */
};

enum style { PLAIN, LOST, STRONG, NAME, FAINT };

struct text {
    FILE *file;
    struct pool *pool;
    const struct report *report;
    const struct view *view;
    size_t column, lines;
    size_t title_width, objects_width; /* of the head lines */
    struct tally rest[KIND_COUNT];     /* shown, but in no finding: kinds of which a recording holds only the sums */
};

/* A piece, which is escaped already, at the column at hand; spaces up to a column; the line's end. */
void text_put(struct text *, enum style, const char *escaped);
void text_pad(struct text *, size_t column);
void text_new_line(struct text *);
/* A piece; on a line of its own where this one has no room for it. */
void text_wrapped(struct text *, enum style, const char *piece);

/* Of the two spellings, the one that the reader's locale can show. */
const char *text_either(const struct text *, const char *utf8, const char *ascii);
/* A string of the target's, escaped. */
const char *text_name(struct text *, const char *name);
size_t text_columns(const struct text *);

/* A stack, a frame a line, from `column` on, functions `width` columns wide; and how wide that may be. */
void text_stack_lines(struct text *, const struct stack *, size_t column, size_t width);
size_t text_function_width(struct text *, const struct stack *, size_t column);

static inline size_t text_larger(size_t a, size_t b) {
    return a > b ? a : b;
}

#endif
