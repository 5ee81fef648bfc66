/* refs.c - types and reference counts of findings: names, copies, sums.
 *
 * Start: type_name(), refs_absorb(), history_absorb(). */
#include "refs.h"

#include "demangle.h"

#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

/* The first argument of the template that `name` begins with. */
static const char *first_argument(struct pool *pool, const char *name) {
    const char *open = strchr(name, '<'), *at;
    int depth = 0;
    if (!open)
        return name;
    for (at = open + 1; *at && !(depth == 0 && (*at == ',' || *at == '>')); at++)
        depth += (*at == '<' || *at == '(') - (*at == '>' || *at == ')');
    return pool_strndup(pool, open + 1, (size_t)(at - open - 1));
}

/* Blocks of counts by the class that makes them; those of the first kind hold the object itself. */
static const char *of_shared(struct pool *pool, const char *name) {
    static const struct {
        const char *class;
        bool holds;
    } blocks[] = {
        {"_Sp_counted_ptr_inplace<", true}, {"__shared_ptr_emplace<", true},  {"_Sp_counted_deleter<", false},
        {"_Sp_counted_ptr<", false},        {"__shared_ptr_pointer<", false},
    };
    size_t scope = strncmp(name, "std::", 5) ? 0 : 5;
    if (scope && !strncmp(name + scope, "__1::", 5))
        scope += 5;
    for (size_t i = 0; scope && i < sizeof blocks / sizeof *blocks; i++) {
        if (strncmp(name + scope, blocks[i].class, strlen(blocks[i].class)) != 0)
            continue;
        const char *held = first_argument(pool, name);
        if (blocks[i].holds)
            return held;
        size_t length = strlen(held);
        return pool_printf(pool, "std::shared_ptr<%.*s>",
                           (int)(length && held[length - 1] == '*' ? length - 1 : length), held);
    }
    return name;
}

const char *type_name(struct pool *pool, const char *recorded) {
    static const char what[] = "typeinfo name for ";
    if (!recorded || !*recorded)
        return NULL;
    if (strncmp(recorded, "_ZTS", 4) != 0)
        return recorded;
    const char *name = demangle(pool, recorded);
    return strncmp(name, what, sizeof what - 1) ? name : of_shared(pool, name + sizeof what - 1);
}

/* ---- sums ---- */

static int compare_types(const void *a, const void *b) {
    const struct rec_type *left = a, *right = b;
    if (left->objects != right->objects)
        return left->objects > right->objects ? -1 : 1;
    return strcmp(left->type, right->type);
}

struct rec_refs refs_named(struct pool *pool, const struct rec_refs *recorded) {
    struct rec_refs refs = *recorded;
    refs.types = pool_array(pool, refs.type_count, sizeof *refs.types);
    for (size_t i = 0; i < refs.type_count; i++) {
        refs.types[i] = recorded->types[i];
        refs.types[i].type = type_name(pool, recorded->types[i].type);
        if (!refs.types[i].type)
            refs.types[i].type = "";
    }
    if (refs.type_count)
        qsort(refs.types, refs.type_count, sizeof *refs.types, compare_types);
    return refs;
}

struct rec_refs refs_kept(struct keeper *keeper, const struct rec_refs *shown) {
    struct rec_refs refs = *shown;
    refs.verdict = keep_string(keeper, shown->verdict);
    refs.source = keep_string(keeper, shown->source);
    refs.types = pool_array(keeper->pool, refs.type_count, sizeof *refs.types);
    for (size_t i = 0; i < refs.type_count; i++) {
        refs.types[i] = shown->types[i];
        refs.types[i].type = keep_string(keeper, shown->types[i].type);
    }
    return refs;
}

static void add_type(struct keeper *keeper, struct rec_refs *into, const struct rec_type *type) {
    struct rec_type *same = into->types;
    while (same < into->types + into->type_count && strcmp(same->type, type->type) != 0)
        same++;
    if (same == into->types + into->type_count) {
        *same = *type;
        same->type = keep_string(keeper, type->type);
        into->type_count++;
        return;
    }
    same->objects = count_add(same->objects, type->objects);
    same->bytes = count_add(same->bytes, type->bytes);
    same->collectable = count_add(same->collectable, type->collectable);
}

/* The list grows only by types that are new to it. */
static size_t new_types(const struct rec_refs *into, const struct rec_refs *other) {
    size_t count = 0;
    for (size_t i = 0; i < other->type_count; i++) {
        size_t at = 0;
        while (at < into->type_count && strcmp(into->types[at].type, other->types[i].type) != 0)
            at++;
        count += at == into->type_count;
    }
    return count;
}

void refs_absorb(struct keeper *keeper, struct rec_refs *into, const struct rec_refs *other) {
    size_t more = new_types(into, other);
    if (more) {
        struct rec_type *types = pool_array(keeper->pool, into->type_count + more, sizeof *types);
        memcpy(types, into->types, into->type_count * sizeof *types);
        into->types = types;
    }
    for (size_t i = 0; i < other->type_count; i++)
        add_type(keeper, into, &other->types[i]);
    if (into->type_count)
        qsort(into->types, into->type_count, sizeof *into->types, compare_types);
    into->by_marking &= other->by_marking;
    into->by_subtraction &= other->by_subtraction;
    into->count = count_add(into->count, other->count);
    into->found_inside = count_add(into->found_inside, other->found_inside);
    into->found_outside = count_add(into->found_outside, other->found_outside);
    into->kept = count_add(into->kept, other->kept);
    if (!into->known) {
        into->known = other->known;
        into->verdict = keep_string(keeper, other->verdict);
        into->source = keep_string(keeper, other->source);
    }
}

/* ---- histories ---- */

static struct report_balances balances_named(struct pool *pool, struct symbols *symbols,
                                             const struct rec_balance *recorded, size_t count) {
    struct report_balances balances = {pool_array(pool, count, sizeof *balances.list), count};
    for (size_t i = 0; i < count; i++)
        balances.list[i] = (struct report_balance){recorded[i].balance, symbols_stack(symbols, recorded[i].site)};
    return balances;
}

struct report_history history_named(struct pool *pool, struct symbols *symbols, const struct rec_history *recorded) {
    const char *finalizer = recorded->finalizer;
    return (struct report_history){
        .all = balances_named(pool, symbols, recorded->balances, recorded->balance_count),
        .unmatched = balances_named(pool, symbols, recorded->unmatched, recorded->unmatched_count),
        .dropped = recorded->dropped,
        .finalizer = finalizer && *finalizer ? finalizer : NULL,
    };
}

static struct report_balances balances_kept(struct keeper *keeper, const struct report_balances *shown) {
    struct report_balances balances = {pool_array(keeper->pool, shown->count, sizeof *balances.list), shown->count};
    for (size_t i = 0; i < shown->count; i++)
        balances.list[i] = (struct report_balance){shown->list[i].balance, keep_stack(keeper, shown->list[i].stack)};
    return balances;
}

struct report_history history_kept(struct keeper *keeper, const struct report_history *shown) {
    return (struct report_history){
        .all = balances_kept(keeper, &shown->all),
        .unmatched = balances_kept(keeper, &shown->unmatched),
        .dropped = shown->dropped,
        .finalizer = keep_string(keeper, shown->finalizer),
    };
}

static struct report_balance *balance_like(const struct report_balances *balances, const struct stack *stack) {
    for (size_t i = 0; i < balances->count; i++)
        if (stack_equal(balances->list[i].stack, stack))
            return &balances->list[i];
    return NULL;
}

/* Equal stacks become one; the order stays that of who came first. */
static void balances_absorb(struct keeper *keeper, struct report_balances *into, const struct report_balances *other) {
    struct report_balance *list = pool_array(keeper->pool, into->count + other->count, sizeof *list);
    if (!other->count)
        return;
    if (into->count)
        memcpy(list, into->list, into->count * sizeof *list);
    into->list = list;
    for (size_t i = 0; i < other->count; i++) {
        struct report_balance *same = balance_like(into, other->list[i].stack);
        if (same)
            same->balance += other->list[i].balance;
        else
            list[into->count++] =
                (struct report_balance){other->list[i].balance, keep_stack(keeper, other->list[i].stack)};
    }
}

void history_absorb(struct keeper *keeper, struct report_history *into, const struct report_history *other) {
    balances_absorb(keeper, &into->all, &other->all);
    balances_absorb(keeper, &into->unmatched, &other->unmatched);
    into->dropped = count_add(into->dropped, other->dropped);
    if (!into->finalizer)
        into->finalizer = keep_string(keeper, other->finalizer);
}
