/* annotate.c - amounts by line, from stacks.
 *
 * Start: annotate(). */
#include "annotate.h"

#include "hash.h"
#include "shares.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct line_index {
    int line;
    size_t at;         /* in lines */
    size_t last_stack; /* that was counted, from 1: recursion passes a line more than once */
    UT_hash_handle hh;
};
struct file_index {
    const char *path;
    size_t at;
    UT_hash_handle hh;
};

/* ---- adding ---- */

static void add(struct amounts *into, const struct amounts *amounts) {
    uint64_t *const sums[] = {&into->allocated_objects, &into->allocated_bytes, &into->live_objects,
                              &into->live_bytes,        &into->lost_objects,    &into->lost_bytes};
    const uint64_t added[] = {amounts->allocated_objects, amounts->allocated_bytes, amounts->live_objects,
                              amounts->live_bytes,        amounts->lost_objects,    amounts->lost_bytes};
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        *sums[i] = count_add(*sums[i], added[i]);
}

static struct annotated_file *file_of(struct annotations *all, struct file_index **index,
                                      const struct stack_frame *frame) {
    struct file_index *known = NULL;
    HASH_FIND_STR(*index, frame->file, known);
    if (!known) {
        known = pool_alloc(all->pool, sizeof *known);
        *known = (struct file_index){.path = frame->file, .at = all->file_count};
        HASH_ADD_KEYPTR(hh, *index, known->path, strlen(known->path), known);
        all->files = pool_grow(all->pool, all->files, all->file_count, &all->file_capacity, sizeof *all->files);
        all->files[all->file_count++] =
            (struct annotated_file){.path = frame->file, .name = frame->file_short ? frame->file_short : frame->file};
    }
    struct annotated_file *file = &all->files[known->at];
    file->in_program |= frame->in_program;
    return file;
}

static struct line_index *line_of(struct annotations *all, struct annotated_file *file, int number) {
    struct line_index *known = NULL;
    HASH_FIND_INT(file->index, &number, known);
    if (known)
        return known;
    known = pool_alloc(all->pool, sizeof *known);
    *known = (struct line_index){.line = number, .at = file->line_count};
    HASH_ADD_INT(file->index, line, known);
    file->lines = pool_grow(all->pool, file->lines, file->line_count, &file->line_capacity, sizeof *file->lines);
    file->lines[file->line_count++] = (struct annotated_line){.line = number};
    return known;
}

static void add_stack(struct annotations *all, struct file_index **index, const struct stack *stack,
                      const struct amounts *amounts) {
    size_t number = ++all->stacks;
    for (size_t i = 0; i < stack->named_count; i++) {
        const struct stack_frame *frame = &stack->frames[i];
        if (!frame->file || frame->line <= 0)
            continue;
        struct annotated_file *file = file_of(all, index, frame);
        struct line_index *line = line_of(all, file, frame->line);
        if (file->last_stack != number)
            add(&file->amounts, amounts);
        if (line->last_stack != number)
            add(&file->lines[line->at].total, amounts);
        if (i == 0)
            add(&file->lines[line->at].self, amounts);
        file->last_stack = line->last_stack = number;
    }
}

static void add_finding(struct annotations *all, struct file_index **index, const struct report_finding *finding) {
    struct pool scratch = {0};
    size_t count;
    const struct share *shares = shares_of(&scratch, finding, &count);
    for (size_t i = 0; i < count && shares_is_live(finding->kind); i++) {
        bool lost = shares_is_lost(finding->kind);
        const struct amounts amounts = {.live_objects = shares[i].objects,
                                        .live_bytes = shares[i].bytes,
                                        .lost_objects = lost ? shares[i].objects : 0,
                                        .lost_bytes = lost ? shares[i].bytes : 0};
        add_stack(all, index, shares[i].stack, &amounts);
    }
    pool_free(&scratch);
}

/* ---- order ---- */

static int compare_numbers(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

static int compare_lines(const void *a, const void *b) {
    const struct annotated_line *left = a, *right = b;
    return (left->line > right->line) - (left->line < right->line);
}

static int compare_files(const void *a, const void *b) {
    const struct annotated_file *left = a, *right = b;
    int order = compare_numbers(right->amounts.lost_bytes, left->amounts.lost_bytes);
    if (!order)
        order = compare_numbers(right->amounts.live_bytes, left->amounts.live_bytes);
    if (!order)
        order = compare_numbers(right->amounts.allocated_bytes, left->amounts.allocated_bytes);
    return order ? order : strcmp(left->path, right->path);
}

struct annotations annotate(struct pool *pool, const struct report *report) {
    struct annotations all = {.pool = pool, .has_allocated = report->profile.known};
    struct file_index *index = NULL;
    for (size_t i = 0; i < report->finding_count; i++)
        add_finding(&all, &index, &report->findings[i]);
    for (size_t i = 0; i < report->profile.site_count; i++) {
        const struct report_site *site = &report->profile.sites[i];
        const struct amounts amounts = {.allocated_objects = site->counts.objects,
                                        .allocated_bytes = site->counts.bytes};
        add_stack(&all, &index, site->stack, &amounts);
    }
    HASH_CLEAR(hh, index);
    for (size_t i = 0; i < all.file_count; i++) {
        HASH_CLEAR(hh, all.files[i].index);
        qsort(all.files[i].lines, all.files[i].line_count, sizeof *all.files[i].lines, compare_lines);
    }
    if (all.file_count)
        qsort(all.files, all.file_count, sizeof *all.files, compare_files);
    return all;
}

/* ---- names ---- */

/* Is `end` all of `path`, or its last components? */
static bool ends_with(const char *path, const char *end) {
    size_t length = strlen(path), end_length = strlen(end);
    if (!end_length || end_length > length || strcmp(path + length - end_length, end) != 0)
        return false;
    return length == end_length || *end == '/' || path[length - end_length - 1] == '/';
}

/* How well does the name fit? 0: not at all. */
static int fits(const struct annotated_file *file, const char *name, const char *real) {
    if (!strcmp(file->path, name) || (real && !strcmp(file->path, real)))
        return 3;
    if (ends_with(file->path, name) || ends_with(file->name, name))
        return 2;
    return real && *file->name != '/' && ends_with(real, file->name);
}

const struct annotated_file *annotate_find(const struct annotations *all, const char *name, size_t *count) {
    char *real = realpath(name, NULL);
    const struct annotated_file *found = NULL;
    int best = 0;
    *count = 0;
    while (!strncmp(name, "./", 2))
        name += 2;
    for (size_t i = 0; i < all->file_count; i++) {
        int fit = fits(&all->files[i], name, real);
        if (fit > best)
            *count = 0;
        if (fit && fit >= best) {
            found = *count ? found : &all->files[i];
            best = fit;
            ++*count;
        }
    }
    free(real);
    return found;
}
