/* text_lines.c - see the header.
 *
 * Owns:  the column and the count of lines in struct text.
 * Never: writes a string of the target's that did not pass text_name().
 * Start: text_put(), then text_stack_lines(). */
#include "text_lines.h"

#include "demangle.h"
#include "escape.h"

#include <inttypes.h>

enum {
    FUNCTION_WIDTH = 17,       /* at least */
    FUNCTION_WIDTH_LEAST = 36, /* of names that are cut to let a long location stand */
};

static const char *const style_codes[] = {
    [PLAIN] = "", [LOST] = "\033[1;31m", [STRONG] = "\033[1m", [NAME] = "\033[36m", [FAINT] = "\033[2m",
};
/* ---- pieces ---- */

void text_put(struct text *text, enum style style, const char *escaped) {
    bool colored = text->view->color && style != PLAIN;
    if (colored)
        fputs(style_codes[style], text->file);
    fputs(escaped, text->file);
    if (colored)
        fputs("\033[0m", text->file);
    text->column += escape_columns(escaped);
}

void text_pad(struct text *text, size_t column) {
    for (; text->column < column; text->column++)
        fputc(' ', text->file);
}

void text_new_line(struct text *text) {
    fputc('\n', text->file);
    text->column = 0;
    text->lines++;
}

const char *text_either(const struct text *text, const char *utf8, const char *ascii) {
    return text->view->utf8 ? utf8 : ascii;
}

const char *text_name(struct text *text, const char *name) {
    return escape_text(text->pool, name, text->view->utf8);
}

size_t text_columns(const struct text *text) {
    return text->view->columns ? text->view->columns : VIEW_COLUMNS;
}

void text_wrapped(struct text *text, enum style style, const char *piece) {
    if (text->column + escape_columns(piece) > text_columns(text) && text->column > TEXT_INDENT + 2) {
        text_new_line(text);
        text_pad(text, TEXT_INDENT + 2);
        piece += *piece == ' ';
    }
    text_put(text, style, piece);
}

/* ---- stacks ---- */

static const char *location(struct text *text, const struct stack_frame *frame) {
    struct pool *pool = text->pool;
    const char *inlined = frame->inlined ? " (inlined)" : "";
    if (frame->file_short && frame->line > 0 && text->view->verbose && frame->module)
        return pool_printf(pool, "%s:%d%s  %s+0x%" PRIx64, text_name(text, frame->file_short), frame->line, inlined,
                           text_name(text, path_base(frame->module)), frame->offset);
    if (frame->file_short && frame->line > 0)
        return pool_printf(pool, "%s:%d%s", text_name(text, frame->file_short), frame->line, inlined);
    if (frame->file_short)
        return pool_printf(pool, "%s%s", text_name(text, frame->file_short), inlined);
    if (!frame->module)
        return pool_printf(pool, "0x%" PRIx64, frame->offset);
    const char *module = text_name(text, path_base(frame->module));
    if (frame->function)
        return pool_printf(pool, "%s%s", module, inlined);
    if (!frame->build_id)
        return pool_printf(pool, "%s+0x%" PRIx64, module, frame->offset);
    return pool_printf(pool, "%s+0x%" PRIx64 " (build-id %.8s)", module, frame->offset, frame->build_id);
}

static const char *function_name(struct text *text, const struct stack_frame *frame) {
    return text_name(text, frame->function ? demangle_short(text->pool, frame->function) : "??");
}

/* Make a name fit: first without template arguments, then cut. Cutting is by byte, which escaped ASCII allows. */
static const char *fit(struct text *text, const struct stack_frame *frame, size_t width) {
    const char *name = function_name(text, frame);
    if (escape_columns(name) <= width || !frame->function)
        return name;
    const char *bare = text_name(text, demangle_bare(text->pool, frame->function));
    size_t keep = width - 3;
    if (escape_columns(bare) <= width)
        return bare;
    while (keep && ((unsigned char)bare[keep] & 0xc0) == 0x80)
        keep--;
    return pool_printf(text->pool, "%.*s%s", (int)keep, bare, text_either(text, "…", "..."));
}

static size_t shown_frames(const struct text *text, const struct stack *stack) {
    size_t most = (size_t)text->view->frames_max;
    size_t count = text->view->verbose ? stack->frame_count : stack->named_count;
    return count < most ? count : most;
}

/* Width that the functions of a stack need, made smaller if the locations would pass the last column. */
size_t text_function_width(struct text *text, const struct stack *stack, size_t column) {
    size_t functions = FUNCTION_WIDTH, locations = 0;
    for (size_t i = 0; i < shown_frames(text, stack); i++) {
        functions = text_larger(functions, escape_columns(function_name(text, &stack->frames[i])) + 2);
        locations = text_larger(locations, escape_columns(location(text, &stack->frames[i])));
    }
    if (column + functions + locations <= text_columns(text))
        return functions;
    size_t left = column + locations < text_columns(text) ? text_columns(text) - column - locations : 0;
    return text_larger(left, functions < FUNCTION_WIDTH_LEAST ? functions : FUNCTION_WIDTH_LEAST);
}

/* The frames, the first on the line that has been begun. */
void text_stack_lines(struct text *text, const struct stack *stack, size_t column, size_t width) {
    if (!stack->frame_count) {
        text_pad(text, column);
        text_put(text, FAINT, "(no stack recorded)");
        text_new_line(text);
    }
    for (size_t i = 0; i < shown_frames(text, stack); i++) {
        text_pad(text, column);
        text_put(text, PLAIN, fit(text, &stack->frames[i], width - 2));
        text_pad(text, column + width);
        text_put(text, FAINT, location(text, &stack->frames[i]));
        text_new_line(text);
    }
}
