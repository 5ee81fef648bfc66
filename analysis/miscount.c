/* miscount.c - compare the counts of what is reachable with the pointers that were found.
 *
 * Owns:    nothing.      Never: says what is the program's fault and what only looks like it.
 * Runs in: snapshot child (one thread), unit tests, tools.
 * Start:   miscount_add(). */
#include "miscount.h"

#include <errno.h>
#include <string.h>

#include "sort.h"

/* One object whose count is wrong, so or so. */
struct miscounted {
    enum kind kind;
    uint32_t site, type;
    object_id id;
};
struct list {
    const struct miscount_input *input;
    struct arena *arena;
    struct miscounted *item;
    size_t count, capacity;
};

static uint64_t strong_pointers(const struct counted *counted, const struct found *found) {
    return found->heap - (counted->weak < found->heap ? counted->weak : found->heap);
}

/* Pointers from outside the heap that matter for a kind. */
static uint64_t outer_pointers(enum kind kind, const struct found *found) {
    return kind == KIND_OVER_UNREF ? found->variables : found->roots;
}

/* What the numbers say; KIND_COUNT: the count is right. CPython borrows from itself (interned strings, caches of types). */
static enum kind compare_numbers(const struct counted *counted, const struct found *found) {
    uint64_t count = (uint64_t)counted->count, strong = strong_pointers(counted, found);
    if (!counted->all && count < strong + outer_pointers(KIND_OVER_UNREF, found))
        return KIND_OVER_UNREF;
    return count > strong + outer_pointers(KIND_MISSING_UNREF, found) ? KIND_MISSING_UNREF : KIND_COUNT;
}

static enum kind judge(const struct list *list, object_id id) {
    const struct miscount_input *input = list->input;
    const struct counted *counted = counts_of(input->audit->counts, id);
    const struct found *found = audit_found(input->audit, id);
    const struct object *object = heap_object(input->heap, id);
    enum kind kind = found && counted->count >= 0 ? compare_numbers(counted, found) : KIND_COUNT;
    if (kind == KIND_COUNT || !object->refs || !input->bears_out)
        return kind;
    return input->bears_out(kind, object, list->arena) ? kind : KIND_COUNT;
}

static int list_one(void *context, uintptr_t address, object_id id) {
    struct list *list = context;
    const struct marks *marks = list->input->marks;
    const struct object *object = heap_object(list->input->heap, id);
    (void)address;
    if (object->flags & list->input->skip || (!mark_test(marks->reachable, id) && !mark_test(marks->possible, id)))
        return 0;
    enum kind kind = judge(list, id);
    if (kind == KIND_COUNT)
        return 0;
    struct miscounted *item = arena_grow(list->arena, list->item, list->count, &list->capacity, sizeof *item);
    if (!item)
        return -ENOMEM;
    list->item = item;
    item[list->count++] = (struct miscounted){kind, object->site, counts_type_of(list->input->audit->counts, id), id};
    return 0;
}

static int compare_groups(const struct miscounted *a, const struct miscounted *b) {
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->site != b->site)
        return a->site < b->site ? -1 : 1;
    return (a->type > b->type) - (a->type < b->type);
}

static int compare(const void *x, const void *y) {
    const struct miscounted *a = x, *b = y;
    int order = compare_groups(a, b);
    return order ? order : (a->id > b->id) - (a->id < b->id);
}

static size_t end_of_group(const struct list *list, size_t first) {
    size_t end = first;
    while (end < list->count && compare_groups(&list->item[first], &list->item[end]) == 0)
        end++;
    return end;
}

/* One finding of all that a group has. */
static int tell(const struct list *list, size_t first, size_t end, struct finding *out) {
    const struct audit *audit = list->input->audit;
    const struct miscounted *group = &list->item[first];
    struct blame *blame = arena_alloc(list->arena, 1, sizeof *blame);
    if (!blame)
        return -ENOMEM;
    *out = (struct finding){.kind = group->kind, .site = group->site, .age.born_us = -1, .blame = blame};
    out->type = counts_type_name(audit->counts, group->id);
    for (size_t i = first; i < end; i++) {
        const struct counted *counted = counts_of(audit->counts, list->item[i].id);
        const struct found *found = audit_found(audit, list->item[i].id);
        finding_add_object(out, heap_object(list->input->heap, list->item[i].id)->size_bytes);
        blame->counted++;
        blame->count += (uint64_t)counted->count;
        blame->found_inside += strong_pointers(counted, found);
        blame->found_outside += outer_pointers(group->kind, found);
        blame->source = counted->source;
    }
    return 0;
}

/* Objects with a history: who writes the recording adds up what is known of them. */
static void link_histories(const struct list *list, size_t first, size_t end, uint32_t finding,
                           struct verdicts *verdicts, struct counted_member *counted) {
    for (size_t i = first; i < end; i++)
        if (heap_object(list->input->heap, list->item[i].id)->refs)
            counted[verdicts->counted_count++] = (struct counted_member){list->item[i].id, finding};
}

static int append(const struct list *list, struct arena *arena, struct verdicts *verdicts) {
    size_t count = verdicts->finding_count,
           room = list->count < MISCOUNT_FINDINGS_MAX ? list->count : MISCOUNT_FINDINGS_MAX;
    struct finding *findings = arena_alloc(arena, count + room, sizeof *findings);
    struct counted_member *counted = arena_alloc(arena, verdicts->counted_count + list->count, sizeof *counted);
    if (!findings || !counted)
        return -ENOMEM;
    if (count)
        memcpy(findings, verdicts->findings, count * sizeof *findings);
    if (verdicts->counted_count)
        memcpy(counted, verdicts->counted, verdicts->counted_count * sizeof *counted);
    size_t first = 0, end, fill = count;
    for (; first < list->count && fill < count + room; first = end) {
        end = end_of_group(list, first);
        if (tell(list, first, end, &findings[fill]))
            return -ENOMEM;
        link_histories(list, first, end, (uint32_t)fill++, verdicts, counted);
    }
    verdicts->findings = findings;
    verdicts->finding_count = fill;
    verdicts->counted = counted;
    return 0;
}

int miscount_add(const struct miscount_input *input, struct arena *arena, struct verdicts *verdicts) {
    struct list list = {.input = input, .arena = arena};
    struct verdicts before = *verdicts;
    if (!input->audit->counts || !input->audit->found)
        return 0;
    int error = heap_each(input->heap, list_one, &list);
    if (error || !list.count)
        return error;
    sort_array(list.item, list.count, sizeof *list.item, compare);
    error = append(&list, arena, verdicts);
    if (error)
        *verdicts = before;
    return error;
}
