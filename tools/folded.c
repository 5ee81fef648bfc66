/* folded.c - folded stacks, as flame graph tools read them: `main;session_new;take 3584`, outermost function first.
 *
 * The numbers are bytes: of the findings of the kinds of --show, or with --folded-bytes allocated of all that the program
 * allocated. Equal stacks are one line.
 * Start: folded_write(). */
#include "formats.h"
#include "hash.h"
#include "shares.h"
#include "wording.h"

#include <inttypes.h>
#include <string.h>

struct line {
    const char *stack;
    uint64_t bytes;
    UT_hash_handle hh;
};

/* The separator can't be part of a name. */
static const char *frame_name(struct pool *pool, const struct stack_frame *frame) {
    const char *name = frame->function ? wording_function(pool, frame) : wording_place(pool, frame);
    char *plain = pool_strdup(pool, name);
    for (char *at = plain; (at = strchr(at, ';'));)
        *at = ':';
    return plain;
}

static const char *folded(struct pool *pool, const struct stack *stack, size_t frames_max) {
    size_t count = stack->named_count < frames_max ? stack->named_count : frames_max;
    const char *line = "";
    for (size_t i = count; i-- > 0;)
        line = pool_printf(pool, "%s%s%s", line, *line ? ";" : "", frame_name(pool, &stack->frames[i]));
    return *line ? line : "(no stack recorded)";
}

static void add(struct pool *pool, struct line **lines, const char *stack, uint64_t bytes) {
    struct line *line = NULL;
    HASH_FIND_STR(*lines, stack, line);
    if (!line) {
        line = pool_alloc(pool, sizeof *line);
        line->stack = stack;
        HASH_ADD_KEYPTR(hh, *lines, line->stack, strlen(line->stack), line);
    }
    line->bytes = count_add(line->bytes, bytes);
}

static void add_allocated(struct pool *pool, struct line **lines, const struct report *report,
                          const struct view *view) {
    for (size_t i = 0; i < report->profile.site_count; i++) {
        const struct report_site *site = &report->profile.sites[i];
        add(pool, lines, folded(pool, site->stack, (size_t)view->frames_max), site->counts.bytes);
    }
}

void folded_write(FILE *file, const struct report *report, const struct view *view) {
    struct pool scratch = {0};
    struct line *lines = NULL;
    if (view->allocated)
        add_allocated(&scratch, &lines, report, view);
    for (size_t i = 0; i < report->finding_count; i++) {
        if (view->allocated || !(view->show & 1u << report->findings[i].kind))
            continue;
        size_t count;
        const struct share *shares = shares_of(&scratch, &report->findings[i], &count);
        for (size_t j = 0; j < count; j++)
            add(&scratch, &lines, folded(&scratch, shares[j].stack, (size_t)view->frames_max), shares[j].bytes);
    }
    for (const struct line *line = lines; line; line = line->hh.next)
        if (line->bytes)
            fprintf(file, "%s %" PRIu64 "\n", line->stack, line->bytes);
    HASH_CLEAR(hh, lines);
    pool_free(&scratch);
}
