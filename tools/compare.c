/* compare.c - pairing the findings of two times.
 *
 * Start: compare_pair(). */
#include "compare.h"

#include "demangle.h"

#include <stdlib.h>

static int compare_numbers(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

/* Members of a family are numbered, and the n-th has the same fingerprint at both times. */
static int by_name(const void *a, const void *b) {
    const struct compare_item *left = a, *right = b;
    int order = compare_numbers(left->family, right->family);
    return order ? order : compare_numbers(left->fingerprint, right->fingerprint);
}

static int by_size(const void *a, const void *b) {
    const struct compare_item *left = *(struct compare_item *const *)a, *right = *(struct compare_item *const *)b;
    int order = compare_numbers(right->objects, left->objects);
    return order ? order : compare_numbers(left->fingerprint, right->fingerprint);
}

static size_t family_count(const struct compare_list *list, size_t from) {
    size_t count = 1;
    while (from + count < list->count && list->items[from + count].family == list->items[from].family)
        count++;
    return count;
}

static void pair(struct compare_item *before, struct compare_item *after) {
    before->partner = after;
    after->partner = before;
}

static void pair_by_size(struct compare_item *before, size_t before_count, struct compare_item *after,
                         size_t after_count) {
    struct compare_item **left = calloc(before_count, sizeof(struct compare_item *)),
                        **right = calloc(after_count, sizeof(struct compare_item *));
    if (!left || !right)
        pool_exhausted();
    for (size_t i = 0; i < before_count; i++)
        left[i] = &before[i];
    for (size_t i = 0; i < after_count; i++)
        right[i] = &after[i];
    qsort(left, before_count, sizeof(struct compare_item *), by_size);
    qsort(right, after_count, sizeof(struct compare_item *), by_size);
    for (size_t i = 0; i < before_count && i < after_count; i++)
        pair(left[i], right[i]);
    free(left);
    free(right);
}

static void pair_family(struct compare_item *before, size_t before_count, struct compare_item *after,
                        size_t after_count) {
    if (before_count != after_count) {
        pair_by_size(before, before_count, after, after_count);
        return;
    }
    for (size_t i = 0; i < before_count; i++)
        pair(&before[i], &after[i]);
}

static void sort(struct compare_list *list) {
    if (list->count)
        qsort(list->items, list->count, sizeof *list->items, by_name);
    for (size_t i = 0; i < list->count; i++)
        list->items[i].partner = NULL;
}

void compare_pair(struct compare_list *before, struct compare_list *after) {
    size_t i = 0, j = 0;
    sort(before);
    sort(after);
    while (i < before->count && j < after->count) {
        size_t before_count = family_count(before, i), after_count = family_count(after, j);
        int order = compare_numbers(before->items[i].family, after->items[j].family);
        if (!order)
            pair_family(&before->items[i], before_count, &after->items[j], after_count);
        i += order <= 0 ? before_count : 0;
        j += order >= 0 ? after_count : 0;
    }
}

const char *compare_where(struct pool *pool, const struct stack *stack) {
    const struct stack_frame *best = NULL;
    for (size_t i = 0; i < stack->named_count; i++) {
        const struct stack_frame *frame = &stack->frames[i];
        if (!best || (!best->function && frame->function))
            best = frame;
        if (frame->in_program && frame->function) {
            best = frame;
            break;
        }
    }
    if (!best)
        return "(no stack recorded)";
    const char *file = best->in_program && best->file_short ? best->file_short
                       : best->module                       ? path_base(best->module)
                                                            : "?";
    return pool_printf(pool, "%s %s", best->function ? demangle_short(pool, best->function) : "??", file);
}

struct compare_list compare_findings(struct pool *pool, const struct report *report, unsigned kinds) {
    struct compare_list list = {.items = pool_array(pool, report->finding_count, sizeof *list.items)};
    for (size_t i = 0; i < report->finding_count; i++) {
        const struct report_finding *finding = &report->findings[i];
        if (kinds & 1u << finding->kind)
            list.items[list.count++] = (struct compare_item){.fingerprint = finding->fingerprint,
                                                             .family = finding->family,
                                                             .kind = finding->kind,
                                                             .objects = finding->objects,
                                                             .bytes = finding->bytes,
                                                             .index = i,
                                                             .where = compare_where(pool, finding->stack)};
    }
    return list;
}
