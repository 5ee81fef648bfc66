/* advise_write.c - advice as text and as JSON.
 *
 * Start: advise_text(), advise_json(). */
#include "advise.h"
#include "escape.h"
#include "json.h"
#include "profile_text.h"
#include "units.h"
#include "wording.h"

static const struct {
    const char *word, *saved, *todo;
} words[ADVICE_COUNT] = {
#define X(enumerator, word, saved, todo) {word, saved, todo},
    ADVICES(X)
#undef X
};

static const char *sizes(struct pool *pool, const struct rec_counts *counts) {
    if (counts->size_min == counts->size_max)
        return pool_printf(pool, "%s each", units_things(pool, counts->size_min, "byte"));
    return pool_printf(pool, "%s to %s", units_count(pool, counts->size_min),
                       units_things(pool, counts->size_max, "byte"));
}

static const char *reuse_numbers(struct pool *pool, const struct report *report, const struct advice *advice) {
    const struct rec_counts *counts = advice->counts;
    (void)report;
    const char *how = !counts->same_call ? "before their thread made another one"
                      : counts->at_once  ? "before their thread made another one, or in the same call that made them"
                                         : "in the same call that made them";
    return pool_printf(pool, "%s of %s (%s) were freed %s", units_count(pool, advice->objects),
                       units_things(pool, counts->objects, "object"), sizes(pool, counts), how);
}

static const char *pool_numbers(struct pool *pool, const struct report *report, const struct advice *advice) {
    const struct rec_counts *counts = advice->counts;
    double slack = counts->objects ? (double)counts->slack_bytes / (double)counts->objects : 0;
    return pool_printf(pool, "%s (%s) lived at once, each with %.0f bytes of slack and %s of header",
                       units_things(pool, advice->objects, "object"), sizes(pool, counts), slack,
                       units_things(pool, report->profile.header_bytes, "byte"));
}

static const char *reserve_numbers(struct pool *pool, const struct report *report, const struct advice *advice) {
    const struct rec_counts *counts = advice->counts;
    (void)report;
    return pool_printf(pool, "realloc grew blocks %s, one of them %s times, up to %s; %s were copied",
                       pool_printf(pool, "%s times", units_count(pool, counts->grown)),
                       units_count(pool, counts->chain_max), units_things(pool, counts->size_max, "byte"),
                       units_size(pool, counts->moved_bytes));
}

static const char *release_numbers(struct pool *pool, const struct report *report, const struct advice *advice) {
    (void)report;
    return pool_printf(pool, "the variable %s holds %s that nothing else holds",
                       profile_holder(pool, advice->holder, true), units_things(pool, advice->objects, "object"));
}

static const char *numbers(struct pool *pool, const struct report *report, const struct advice *advice) {
    static const char *(*const write[ADVICE_COUNT])(struct pool *, const struct report *, const struct advice *) = {
        [ADVICE_REUSE] = reuse_numbers,
        [ADVICE_POOL] = pool_numbers,
        [ADVICE_RESERVE] = reserve_numbers,
        [ADVICE_RELEASE] = release_numbers,
    };
    return write[advice->kind](pool, report, advice);
}

static const char *where(struct pool *pool, const struct stack_frame *frame) {
    return frame ? pool_printf(pool, "%s  %s", wording_place(pool, frame), wording_function(pool, frame))
                 : "(no stack recorded)";
}

static void advice_text(FILE *file, struct pool *pool, const struct advise_choice *choice, size_t number) {
    const struct advice *advice = &choice->advices->advice[number];
    fprintf(file, "%2zu  %-9s%s%s\n", number + 1, words[advice->kind].word, advice->holder ? "made at " : "",
            where(pool, advice->frame));
    fprintf(file, "    %s: %s %s.\n", numbers(pool, choice->report, advice), units_size(pool, advice->saved_bytes),
            words[advice->kind].saved);
    fprintf(file, "    %s\n\n", words[advice->kind].todo);
}

void advise_text(FILE *file, const struct advise_choice *choice, const struct view *view) {
    struct pool scratch = {0};
    const struct advices *advices = choice->advices;
    (void)view;
    fprintf(file, "castaway: %s: %s\n\n", wording_program(&scratch, choice->report),
            advices->count == 1 ? "1 piece of advice"
            : advices->count    ? pool_printf(&scratch, "%zu pieces of advice", advices->count)
                                : "no advice");
    for (size_t i = 0; i < advices->count; i++)
        advice_text(file, &scratch, choice, i);
    pool_free(&scratch);
}

static json_t *advice_json(struct pool *pool, const struct advise_choice *choice, const struct advice *advice,
                           const struct view *view) {
    json_t *object = json_object();
    const struct stack_frame *frame = advice->frame;
    json_object_set_new(object, "advice", json_string(words[advice->kind].word));
    json_object_set_new(object, "saved_bytes", json_number(advice->saved_bytes));
    json_object_set_new(object, "objects", json_number(advice->objects));
    json_object_set_new(object, "function", json_text(pool, frame ? frame->function : NULL));
    json_object_set_new(object, "file", json_text(pool, frame ? frame->file : NULL));
    json_object_set_new(object, "line", frame && frame->line > 0 ? json_number((uint64_t)frame->line) : json_null());
    json_object_set_new(object, "root",
                        json_text(pool, advice->holder ? profile_holder(pool, advice->holder, true) : NULL));
    json_object_set_new(object, "why",
                        json_text(pool, pool_printf(pool, "%s: %s %s", numbers(pool, choice->report, advice),
                                                    units_size(pool, advice->saved_bytes), words[advice->kind].saved)));
    json_object_set_new(object, "todo", json_string(words[advice->kind].todo));
    json_object_set_new(object, "stack", advice->stack ? json_stack(pool, advice->stack, view) : json_array());
    return object;
}

void advise_json(FILE *file, const struct advise_choice *choice, const struct view *view) {
    struct pool scratch = {0};
    json_t *root = json_object(), *list = json_array();
    json_object_set_new(root, "format", json_string("castaway-advice"));
    json_object_set_new(root, "version", json_integer(1));
    for (size_t i = 0; i < choice->advices->count; i++)
        json_array_append_new(list, advice_json(&scratch, choice, &choice->advices->advice[i], view));
    json_object_set_new(root, "advice", list);
    json_put(file, root);
    pool_free(&scratch);
}
