/* keep.c - the memory of a report grows with its findings, not with its recordings.
 *
 * Owns:  the table of strings, the origins that are in use.
 * Start: keep_stack(), origin_of(). */
#include "keep.h"

#include "report.h"

#include <stdlib.h>
#include <string.h>

struct kept_string {
    const char *text;
    UT_hash_handle hh;
};

struct keeper keep_open(struct pool *pool) {
    static uint64_t keepers;
    return (struct keeper){.pool = pool, .number = ++keepers};
}

const char *keep_string(struct keeper *keeper, const char *text) {
    struct kept_string *known = NULL;
    if (!text)
        return NULL;
    HASH_FIND_STR(keeper->strings, text, known);
    if (!known) {
        known = pool_alloc(keeper->pool, sizeof *known);
        known->text = pool_strdup(keeper->pool, text);
        HASH_ADD_KEYPTR(hh, keeper->strings, known->text, strlen(known->text), known);
    }
    return known->text;
}

static void keep_frame(struct keeper *keeper, struct stack_frame *frame) {
    frame->function = keep_string(keeper, frame->function);
    frame->symbol = keep_string(keeper, frame->symbol);
    frame->file = keep_string(keeper, frame->file);
    frame->file_short = keep_string(keeper, frame->file_short);
    frame->module = keep_string(keeper, frame->module);
    frame->build_id = keep_string(keeper, frame->build_id);
}

static struct stack_frame *keep_frames(struct keeper *keeper, const struct stack_frame *frames, size_t count) {
    struct stack_frame *copy = pool_array(keeper->pool, count, sizeof *copy);
    for (size_t i = 0; i < count; i++) {
        copy[i] = frames[i];
        keep_frame(keeper, &copy[i]);
    }
    return copy;
}

const struct stack *keep_stack(struct keeper *keeper, const struct stack *stack) {
    if (keeper->borrows)
        return stack;
    if (stack->memo->kept_by == keeper->number)
        return stack->memo->kept;
    struct stack *copy = pool_alloc(keeper->pool, sizeof *copy);
    *copy = *stack;
    copy->frames = keep_frames(keeper, stack->frames, stack->frame_count);
    if (stack->allocator)
        copy->allocator = keep_frames(keeper, stack->allocator, 1);
    copy->memo = pool_alloc(keeper->pool, sizeof *copy->memo);
    *copy->memo = *stack->memo;
    stack->memo->kept_by = copy->memo->kept_by = keeper->number;
    return stack->memo->kept = copy->memo->kept = copy;
}

const struct report_entry *keep_entries(struct keeper *keeper, const struct report_entry *entries, size_t count) {
    struct report_entry *copy = pool_array(keeper->pool, count, sizeof *copy);
    for (size_t i = 0; i < count; i++) {
        copy[i] = entries[i];
        copy[i].stack = keep_stack(keeper, entries[i].stack);
        copy[i].type = keep_string(keeper, entries[i].type);
        copy[i].layout.type = keep_string(keeper, entries[i].layout.type);
        copy[i].layout.member = keep_string(keeper, entries[i].layout.member);
    }
    return copy;
}

void keep_close(struct keeper *keeper) {
    HASH_CLEAR(hh, keeper->strings);
}

/* ---- origins ---- */

struct origin *origin_of(const struct recording *recording) {
    size_t bytes = 0;
    for (size_t i = 0; i < recording->argc; i++)
        bytes += strlen(recording->argv[i]) + 1;
    struct origin *origin = malloc(sizeof *origin + (recording->argc + 1) * sizeof *origin->argv + bytes);
    if (!origin)
        pool_exhausted();
    *origin = (struct origin){
        .users = 1, .start_seconds = recording->start_seconds, .pid = recording->pid, .argc = recording->argc};
    char *to = (char *)&origin->argv[recording->argc + 1];
    for (size_t i = 0; i < recording->argc; i++) {
        origin->argv[i] = to;
        to = stpcpy(to, recording->argv[i]) + 1;
    }
    origin->argv[recording->argc] = NULL;
    return origin;
}

void origin_drop(struct origin *origin) {
    if (origin && !--origin->users)
        free(origin);
}

static int compare_arguments(const struct origin *a, const struct origin *b) {
    for (size_t i = 0; i < a->argc && i < b->argc; i++) {
        int order = strcmp(a->argv[i], b->argv[i]);
        if (order)
            return order;
    }
    return (a->argc > b->argc) - (a->argc < b->argc);
}

int origin_compare(const struct origin *a, const struct origin *b) {
    if (a->start_seconds != b->start_seconds)
        return a->start_seconds < b->start_seconds ? -1 : 1;
    if (a->pid != b->pid)
        return a->pid < b->pid ? -1 : 1;
    return compare_arguments(a, b);
}
