/* suppress.c - which findings are hidden, and by what.
 *
 * Start: suppress_apply(); suppress_matches() is one finding and one suppression. */
#include "suppress.h"

#include "demangle.h"
#include "list.h"
#include "message.h"
#include "pattern.h"
#include "symbols.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- files ---- */

static char *read_whole(struct pool *pool, const char *path, size_t *length) {
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t capacity = 0;
    *length = 0;
    if (!file)
        return NULL;
    do {
        text = pool_grow(pool, text, *length, &capacity, 1);
        *length += fread(text + *length, 1, capacity - *length, file);
    } while (!feof(file) && !ferror(file));
    int error = ferror(file) ? errno : 0;
    fclose(file);
    errno = error;
    return error ? NULL : text;
}

int suppress_load(struct suppressions *suppressions, const char *path) {
    size_t length;
    const char *text = read_whole(suppressions->pool, path, &length);
    if (!text) {
        message_error("suppressions %s: %s", path, strerror(errno));
        return -1;
    }
    return suppress_add_text(suppressions, path, text, length);
}

int suppress_add_text(struct suppressions *suppressions, const char *name, const char *text, size_t length) {
    struct suppress_error error;
    if (!suppress_parse(suppressions, pool_strdup(suppressions->pool, name), text, length, &error))
        return 0;
    message_error("%s:%zu:%zu: %s", name, error.line, error.column, error.what);
    return -1;
}

/* ---- frames ---- */

static bool matches_anything(const char *pattern, const struct stack_frame *frame) {
    const char *const names[] = {frame->function, frame->file, frame->module};
    for (size_t i = 0; i < COUNT(names); i++)
        if (names[i] && pattern_matches_part(pattern, names[i]))
            return true;
    return frame->function && !frame->in_program && pattern_matches_part(pattern, demangle_exported(frame->function));
}

/* Valgrind writes `???` for what has no name. Both spellings of a C++ name are taken. */
static bool matches_function(const char *pattern, const struct stack_frame *frame) {
    if (!frame->function)
        return pattern_matches_whole(pattern, "???");
    return pattern_matches_whole(pattern, frame->function) ||
           (frame->symbol && pattern_matches_whole(pattern, frame->symbol)) ||
           (!frame->in_program && pattern_matches_whole(pattern, demangle_exported(frame->function)));
}

static bool matches_source(const struct suppression_frame *wanted, const struct stack_frame *frame) {
    if (!frame->file || (wanted->line && wanted->line != frame->line))
        return false;
    return pattern_matches_whole(wanted->pattern, path_base(frame->file)) ||
           pattern_matches_whole(wanted->pattern, frame->file) ||
           (frame->file_short && pattern_matches_whole(wanted->pattern, frame->file_short));
}

static bool matches_frame(const struct suppression_frame *wanted, const struct stack *stack, size_t index) {
    const struct stack_frame *frame = &stack->frames[index];
    switch (wanted->what) {
    case FRAME_FUNCTION:
        return matches_function(wanted->pattern, frame) ||
               (index >= stack->named_count && pattern_matches_whole(wanted->pattern, "(below main)"));
    case FRAME_OBJECT:
        return pattern_matches_whole(wanted->pattern, frame->module ? frame->module : "???");
    case FRAME_SOURCE:
        return matches_source(wanted, frame);
    case FRAME_ANY_NUMBER:
        break;
    }
    return false;
}

/* Valgrind's stacks begin with its replacement of malloc, ours with malloc's caller. Which function of C it was is not
 * recorded; `operator new` is a frame of its own. */
static bool matches_allocator(const struct suppression_frame *wanted, const struct stack *stack) {
    static const char *const functions[] = {"malloc",        "calloc",         "realloc", "reallocarray", "memalign",
                                            "aligned_alloc", "posix_memalign", "valloc",  "pvalloc"};
    static const char *const objects[] = {"/usr/libexec/valgrind/vgpreload_memcheck-amd64-linux.so",
                                          "/usr/lib/libcastaway.so"};
    bool is_operator = stack->allocator && stack->allocator->symbol && !strncmp(stack->allocator->symbol, "_Zn", 3);
    if (wanted->what == FRAME_FUNCTION && is_operator)
        return matches_function(wanted->pattern, stack->allocator);
    for (size_t i = 0; wanted->what == FRAME_FUNCTION && i < COUNT(functions); i++)
        if (pattern_matches_whole(wanted->pattern, functions[i]))
            return true;
    for (size_t i = 0; wanted->what == FRAME_OBJECT && i < COUNT(objects); i++)
        if (pattern_matches_whole(wanted->pattern, objects[i]))
            return true;
    return false;
}

/* ---- stacks ---- */

static bool matches_any_frame(const char *pattern, const struct stack *stack) {
    for (size_t i = 0; i < stack->frame_count; i++)
        if (matches_anything(pattern, &stack->frames[i]))
            return true;
    return false;
}

/* The places must match from the innermost frame on; what is left of the stack does not matter. `skipped` frames stand
 * before the first that we have: 1 is the allocator. As in pattern.c, only the last `...` needs to be tried again. */
static bool matches_from(const struct suppression *suppression, const struct stack *stack, size_t skipped) {
    size_t place = 0, frame = 0, dots = SIZE_MAX, dots_frame = 0, frames = stack->frame_count + skipped;
    while (place < suppression->frame_count) {
        const struct suppression_frame *wanted = &suppression->frames[place];
        if (wanted->what == FRAME_ANY_NUMBER) {
            dots = ++place;
            dots_frame = frame;
        } else if (frame < frames && (frame < skipped ? matches_allocator(wanted, stack)
                                                      : matches_frame(wanted, stack, frame - skipped))) {
            place++;
            frame++;
        } else if (dots != SIZE_MAX && dots_frame < frames) {
            place = dots;
            frame = ++dots_frame;
        } else {
            return false;
        }
    }
    return true;
}

/* A block that begins with malloc's caller could never match in Valgrind; here it says what the report shows. */
static bool matches_stack(const struct suppression *suppression, const struct stack *stack) {
    if (!suppression->frame_count)
        return matches_any_frame(suppression->name, stack);
    bool names_allocator = matches_allocator(&suppression->frames[0], stack);
    return matches_from(suppression, stack, 1) || (!names_allocator && matches_from(suppression, stack, 0));
}

bool suppress_matches(const struct suppression *suppression, const struct report_finding *finding) {
    if (!(suppression->kinds & 1u << finding->kind) ||
        (suppression->brought && !(suppression->brought & finding->brought)))
        return false;
    if (matches_stack(suppression, finding->stack))
        return true;
    for (size_t i = 0; i < finding->cycle_listed; i++)
        if (matches_stack(suppression, finding->cycle[i].stack))
            return true;
    return false;
}

/* ---- a report ---- */

const char *suppress_today(struct pool *pool) {
    time_t now = time(NULL);
    struct tm date;
    char text[16];
    gmtime_r(&now, &date);
    strftime(text, sizeof text, "%Y-%m-%d", &date);
    return pool_strdup(pool, text);
}

static struct suppression *first_match(struct suppressions *suppressions, const struct report_finding *finding) {
    for (size_t i = 0; i < suppressions->count; i++) {
        struct suppression *suppression = &suppressions->list[i];
        if (!suppression->expired && !suppression->exceeded && suppress_matches(suppression, finding))
            return suppression;
    }
    return NULL;
}

static void clear_counts(struct suppressions *suppressions) {
    for (size_t i = 0; i < suppressions->count; i++)
        suppressions->list[i].findings = suppressions->list[i].objects = suppressions->list[i].bytes = 0;
}

static void count_matches(struct suppressions *suppressions, const struct report *report,
                          struct suppression **matches) {
    clear_counts(suppressions);
    for (size_t i = 0; i < report->finding_count; i++) {
        const struct report_finding *finding = &report->findings[i];
        struct suppression *match = matches[i] = first_match(suppressions, finding);
        if (match) {
            match->findings++;
            match->objects = count_add(match->objects, finding->objects);
            match->bytes = count_add(match->bytes, finding->bytes);
        }
    }
}

/* One that would hide more than it may leaves its findings to those after it, so these must be counted anew. */
static bool mark_exceeded(struct suppressions *suppressions) {
    bool found = false;
    for (size_t i = 0; i < suppressions->count; i++) {
        struct suppression *suppression = &suppressions->list[i];
        if (!suppression->exceeded && suppression->objects > suppression->objects_max)
            found = suppression->exceeded = true;
    }
    return found;
}

static void mark_expired(struct suppressions *suppressions, const char *today) {
    for (size_t i = 0; i < suppressions->count; i++) {
        struct suppression *suppression = &suppressions->list[i];
        suppression->exceeded = false;
        suppression->expired = suppression->expires && strcmp(suppression->expires, today) < 0;
    }
}

void suppress_apply(struct suppressions *suppressions, struct report *report, const char *today) {
    struct suppression **matches = pool_array(report->pool, report->finding_count, sizeof(struct suppression *));
    size_t kept = 0;
    mark_expired(suppressions, today);
    do
        count_matches(suppressions, report, matches);
    while (mark_exceeded(suppressions));
    for (size_t i = 0; i < report->finding_count; i++) {
        if (matches[i])
            report_suppress(report, &report->findings[i]);
        else
            report->findings[kept++] = report->findings[i];
    }
    report->finding_count = kept;
}
