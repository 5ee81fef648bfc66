/* refs_told.c - what reference counts say of a finding, in words and in JSON. Shapes: README.md, "JSON".
 *
 * Start: refs_lines(), refs_json(). */
#include "breaks.h"
#include "demangle.h"
#include "json.h"
#include "label.h"
#include "refs.h"
#include "units.h"
#include "wording.h"

#include <inttypes.h>
#include <string.h>

/* ---- words ---- */

enum { TYPES_SHOWN = 6, BALANCES_SHOWN = 6, CULPRITS_SHOWN = 3, LINES_MAX = 6 };

static const char *types_line(struct pool *pool, const struct rec_refs *refs, bool utf8) {
    const char *line = "made of", *times = utf8 ? "×" : "x";
    size_t shown = refs->type_count < TYPES_SHOWN ? refs->type_count : TYPES_SHOWN;
    for (size_t i = 0; i < shown; i++)
        line = pool_printf(pool, "%s%s %s %s %s", line, i ? "," : "", units_count(pool, refs->types[i].objects), times,
                           refs->types[i].type);
    return shown < refs->type_count ? pool_printf(pool, "%s and %zu more types", line, refs->type_count - shown) : line;
}

static const char *counts_line(struct pool *pool, const struct report_finding *finding) {
    const struct rec_refs *refs = &finding->refs;
    const char *count = units_things(pool, refs->count, "reference");
    uint64_t found = count_add(refs->found_inside, refs->found_outside);
    if (!strcmp(refs->verdict, "unknown"))
        return pool_printf(pool, "%s counted", count);
    if (!strcmp(refs->verdict, "over-unref"))
        return pool_printf(pool, "%s counted, %s found: %s given back too often, borrowed or left over", count,
                           units_things(pool, found, "pointer"),
                           units_count(pool, found - (refs->count < found ? refs->count : found)));
    if (!strcmp(refs->verdict, "missing-unref"))
        return pool_printf(pool, "%s counted, %s found: %s never given back%s", count,
                           found ? units_count(pool, found) : "none",
                           units_count(pool, refs->count - (found < refs->count ? found : refs->count)),
                           finding->kind == KIND_MISSING_UNREF ? ", or held out of sight" : "");
    if (refs->kept)
        return pool_printf(pool, "%s counted, all found inside: kept only by words that own nothing", count);
    if (!strcmp(refs->verdict, "cycle"))
        return pool_printf(pool, "%s counted, all found inside", count);
    return pool_printf(pool, "%s counted, %s found", count, units_count(pool, found));
}

/* The function that called for a reference, or the caller of that, `outwards` times: C++'s own helpers are passed over.
 * NULL: no name is known. */
static const struct stack_frame *caller_of(struct pool *pool, const struct stack *stack, size_t outwards) {
    for (size_t i = 0; i < stack->frame_count; i++) {
        const char *function = stack->frames[i].function;
        if (function && !label_is_plumbing(pool, function) && outwards-- == 0)
            return &stack->frames[i];
    }
    return NULL;
}

static const char *caller_name(struct pool *pool, const struct stack *stack, size_t outwards) {
    const struct stack_frame *caller = caller_of(pool, stack, outwards);
    return caller ? demangle_short(pool, caller->function) : "(no name)";
}

struct sum {
    const char *function;
    int64_t balance;
};

/* How far outwards the stacks that took (or gave back) are all the same: a function that everybody calls for a reference
 * says nothing. */
static size_t same_callers(struct pool *pool, const struct report_balances *balances, bool gave) {
    const struct stack *first = NULL;
    size_t outwards = 0, others = 0;
    for (size_t i = 0; i < balances->count; i++) {
        const struct stack *stack = balances->list[i].stack;
        if ((balances->list[i].balance < 0) != gave)
            continue;
        if (!first) {
            first = stack;
            outwards = stack->frame_count;
            continue;
        }
        size_t same = 0;
        while (caller_of(pool, stack, same) && !strcmp(caller_name(pool, stack, same), caller_name(pool, first, same)))
            same++;
        outwards = same < outwards ? same : outwards;
        others++;
    }
    return others && caller_of(pool, first, outwards) ? outwards : 0;
}

/* By function, in the order of the list. */
static size_t sum_up(struct pool *pool, const struct report_balances *balances, struct sum *sums) {
    size_t count = 0, outwards[] = {same_callers(pool, balances, false), same_callers(pool, balances, true)};
    for (size_t i = 0; i < balances->count; i++) {
        bool gave = balances->list[i].balance < 0;
        const char *function = caller_name(pool, balances->list[i].stack, outwards[gave]);
        size_t at = 0;
        while (at < count && (strcmp(sums[at].function, function) != 0 || (sums[at].balance < 0) != gave))
            at++;
        if (at == count)
            sums[count++] = (struct sum){function, 0};
        sums[at].balance += balances->list[i].balance;
    }
    return count;
}

/* Who took how many and gave back how many, all told. */
static const char *history_line(struct pool *pool, const struct report_history *history, bool utf8) {
    struct sum *sums = pool_array(pool, history->all.count, sizeof *sums);
    size_t count = sum_up(pool, &history->all, sums), shown = count < BALANCES_SHOWN ? count : BALANCES_SHOWN;
    const char *line = "history:";
    for (size_t i = 0; i < shown; i++) {
        int64_t balance = sums[i].balance;
        line = pool_printf(pool, "%s%s %s%s %s", line, i ? "," : "",
                           balance > 0 ? "+"
                           : utf8      ? "−"
                                       : "-",
                           units_count(pool, (uint64_t)(balance < 0 ? -balance : balance)), sums[i].function);
    }
    if (shown < count)
        line = pool_printf(pool, "%s and %s", line, units_things(pool, count - shown, "more function"));
    if (history->dropped)
        line = pool_printf(pool, "%s; %s without a stack", line, units_things(pool, history->dropped, "change"));
    return line;
}

/* Who took references, or gave them back, that nothing stands against. */
static void add_unmatched(struct pool *pool, const struct report_finding *finding, struct refs_culprit *culprits) {
    const struct report_balances *unmatched = &finding->history.unmatched;
    bool gave = finding->kind == KIND_OVER_UNREF;
    for (size_t i = 0, count = 0; i < unmatched->count && count < CULPRITS_SHOWN; i++) {
        int64_t balance = unmatched->list[i].balance;
        if ((balance < 0) != gave)
            continue;
        const char *number = units_count(pool, (uint64_t)(gave ? -balance : balance));
        culprits[count++] = (struct refs_culprit){
            pool_printf(pool, gave ? "%s given back" : "+%s not returned", number), unmatched->list[i].stack};
    }
}

const struct refs_culprit *refs_culprits(struct pool *pool, const struct report_finding *finding) {
    struct refs_culprit *culprits = pool_array(pool, CULPRITS_SHOWN + 1, sizeof *culprits);
    const struct report_breaks *breaks = &finding->breaks;
    for (size_t i = 0, count = 0; i < breaks->count && breaks->list[i].is.set == breaks->list[0].is.set; i++)
        if (breaks->list[i].taker && count < CULPRITS_SHOWN)
            culprits[count++] = (struct refs_culprit){"taken by", breaks->list[i].taker};
    if (!culprits[0].stack)
        add_unmatched(pool, finding, culprits);
    return culprits;
}

static bool has_refs(enum kind kind) {
    return kind == KIND_LOST || kind == KIND_CYCLE || kind == KIND_OVER_UNREF || kind == KIND_MISSING_UNREF;
}

const char **refs_lines(struct pool *pool, const struct report_finding *finding, bool utf8) {
    const char **lines = pool_array(pool, LINES_MAX, sizeof *lines);
    const struct rec_refs *refs = &finding->refs;
    size_t count = 0;
    if (!has_refs(finding->kind))
        return lines;
    if (refs->type_count)
        lines[count++] = types_line(pool, refs, utf8);
    if (refs->known)
        lines[count++] = counts_line(pool, finding);
    if (refs->known && finding->breaks.count)
        lines[count++] = breaks_line(pool, finding, utf8);
    if (finding->history.all.count)
        lines[count++] = history_line(pool, &finding->history, utf8);
    if (finding->history.finalizer)
        lines[count++] = pool_printf(pool, "never run: %s", finding->history.finalizer);
    return lines;
}

/* ---- JSON ---- */

static json_t *balances_json(struct pool *pool, const struct report_balances *balances, const struct view *view) {
    json_t *list = json_array();
    for (size_t i = 0; i < balances->count; i++) {
        json_t *object = json_object();
        json_object_set_new(object, "balance", json_integer(balances->list[i].balance));
        json_object_set_new(object, "stack", json_stack(pool, balances->list[i].stack, view));
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *counts_json(struct pool *pool, const struct report_finding *finding, const struct view *view) {
    const struct rec_refs *refs = &finding->refs;
    json_t *object = json_object();
    json_object_set_new(object, "count", json_number(refs->count));
    json_object_set_new(object, "found_inside", json_number(refs->found_inside));
    json_object_set_new(object, "found_outside", json_number(refs->found_outside));
    json_object_set_new(object, "verdict", json_text(pool, refs->verdict));
    json_object_set_new(object, "source", json_text(pool, refs->source));
    json_object_set_new(object, "unmatched", balances_json(pool, &finding->history.unmatched, view));
    json_object_set_new(object, "balances", balances_json(pool, &finding->history.all, view));
    json_object_set_new(object, "dropped", json_number(finding->history.dropped));
    return object;
}

static json_t *types_json(struct pool *pool, const struct rec_refs *refs) {
    json_t *types = json_array();
    for (size_t i = 0; i < refs->type_count; i++) {
        json_t *object = json_object();
        json_object_set_new(object, "type", json_text(pool, refs->types[i].type));
        json_object_set_new(object, "objects", json_number(refs->types[i].objects));
        json_object_set_new(object, "bytes", json_number(refs->types[i].bytes));
        json_object_set_new(object, "collectable", json_number(refs->types[i].collectable));
        json_array_append_new(types, object);
    }
    return types;
}

/* What the debug information says stands in for what the program itself does not. */
static const char *type_told(const struct report_finding *finding) {
    if (finding->type)
        return finding->type;
    return finding->kind == KIND_CYCLE && finding->cycle_listed ? finding->cycle[0].layout.type : finding->struct_name;
}

void refs_json(struct pool *pool, json_t *object, const struct report_finding *finding, const struct view *view) {
    const struct rec_refs *refs = &finding->refs;
    json_t *proofs = json_array();
    if (!has_refs(finding->kind)) {
        json_decref(proofs);
        return;
    }
    if (refs->by_marking)
        json_array_append_new(proofs, json_string("marking"));
    if (refs->by_subtraction)
        json_array_append_new(proofs, json_string("subtraction"));
    json_object_set_new(object, "type", json_text(pool, type_told(finding)));
    json_object_set_new(object, "types", types_json(pool, refs));
    json_object_set_new(object, "refs", refs->known ? counts_json(pool, finding, view) : json_null());
    json_object_set_new(object, "proofs", proofs);
    json_object_set_new(object, "finalizer", json_text(pool, finding->history.finalizer));
    if (refs->kept)
        json_object_set_new(object, "kept_only_by", json_string("words that own nothing"));
    if (finding->kind == KIND_CYCLE) {
        json_object_set_new(object, "break", breaks_json(pool, finding, view));
        json_object_set_new(object, "break_complete", json_boolean(finding->breaks.complete));
    }
}
