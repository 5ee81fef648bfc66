/* write_refs.c - folds the histories of a finding's objects into one, and finds what was not given back.
 *
 * Owns:    nothing.
 * Runs in: snapshot child.
 * Start:   refs_fold(). */
#include "write_refs.h"

#include <errno.h>
#include <stddef.h>

#include "analysis/balance.h"
#include "analysis/sort.h"
#include "refs.h"
#include "site.h"

/* One step of one object, or its creation; later: all equal ones of a finding. */
struct part {
    int64_t balance;
    uint32_t site;
    int is_creation;
};
struct parts {
    struct part *part;
    size_t count, capacity;
    struct arena *arena;
};

static int add(struct parts *parts, uint32_t site, int64_t balance, int is_creation) {
    struct part *part = arena_grow(parts->arena, parts->part, parts->count, &parts->capacity, sizeof *part);
    if (!part)
        return -ENOMEM;
    parts->part = part;
    part[parts->count++] = (struct part){balance, site, is_creation};
    return 0;
}

static int add_object(struct parts *parts, const struct object *object, struct cast_refs *refs) {
    const struct refs *first = refs_piece(object->refs);
    refs->objects++;
    refs->count += first->count;
    refs->dropped += first->dropped;
    refs->type = refs->type ? refs->type : refs_name(first->type);
    refs->finalizer = refs->finalizer ? refs->finalizer : refs_name(first->finalizer);
    int error = add(parts, (uint32_t)object->site, 1, 1);
    for (const struct refs *piece = first; !error; piece = refs_piece(piece->next)) {
        for (int i = 0; i < REFS_STEPS && !error; i++)
            if (piece->step[i].balance)
                error = add(parts, piece->step[i].site, piece->step[i].balance, 0);
        if (!piece->next)
            break;
    }
    return error;
}

static int by_site(const void *x, const void *y) {
    const struct part *a = x, *b = y;
    if (a->is_creation != b->is_creation)
        return a->is_creation ? -1 : 1;
    return (a->site > b->site) - (a->site < b->site);
}

static int by_size(const void *x, const void *y) {
    const struct part *a = x, *b = y;
    int64_t a_size = a->balance < 0 ? -a->balance : a->balance, b_size = b->balance < 0 ? -b->balance : b->balance;
    if (a_size != b_size)
        return a_size > b_size ? -1 : 1;
    return by_site(x, y);
}

/* Equal stacks together; the largest balances first, and no more than can be matched. */
static void join(struct parts *parts) {
    size_t joined = 0;
    sort_array(parts->part, parts->count, sizeof *parts->part, by_site);
    for (size_t i = 0; i < parts->count; i++)
        if (joined && by_site(&parts->part[joined - 1], &parts->part[i]) == 0)
            parts->part[joined - 1].balance += parts->part[i].balance;
        else
            parts->part[joined++] = parts->part[i];
    parts->count = joined;
    sort_array(parts->part, parts->count, sizeof *parts->part, by_size);
}

static struct balance balance_of(const struct part *part) {
    const struct site *site = part->site ? site_get(part->site) : NULL;
    return (struct balance){
        .site = part->site,
        .balance = part->balance,
        .frames = site ? site->frames : NULL,
        .frame_count = site ? site->count : 0,
        .matched = refs_matched(part->site),
        .is_creation = part->is_creation,
    };
}

static int describe(struct parts *parts, struct cast_refs *refs) {
    size_t count = parts->count < BALANCE_MAX ? parts->count : BALANCE_MAX;
    struct cast_balance *all = arena_alloc(parts->arena, count + 1, sizeof *all);
    struct cast_balance *unmatched = arena_alloc(parts->arena, count + 1, sizeof *unmatched);
    struct balance *list = arena_alloc(parts->arena, count + 1, sizeof *list);
    if (!all || !unmatched || !list)
        return -ENOMEM;
    refs->balances = all;
    refs->unmatched = unmatched;
    for (size_t i = 0; i < count; i++) {
        list[i] = balance_of(&parts->part[i]);
        if (!list[i].is_creation && list[i].balance)
            all[refs->balance_count++] = (struct cast_balance){list[i].site, list[i].balance};
    }
    for (size_t i = count; i < parts->count; i++)
        refs->dropped += (uint64_t)(parts->part[i].balance < 0 ? -parts->part[i].balance : parts->part[i].balance);
    long left = balance_unmatched(list, count, parts->arena);
    for (long i = 0; i < left; i++)
        unmatched[i] = (struct cast_balance){list[i].site, list[i].balance};
    refs->unmatched_count = left < 0 ? 0 : (size_t)left;
    return left < 0 ? (int)left : 0;
}

int refs_fold(const struct heap *heap, const struct verdicts *verdicts, struct arena *arena, struct folded *out) {
    const struct counted_member *counted = verdicts->counted;
    struct parts parts = {.arena = arena};
    size_t capacity = 0, at = 0;
    *out = (struct folded){0};
    while (at < verdicts->counted_count) {
        struct cast_refs *refs = arena_grow(arena, out->refs, out->count, &capacity, sizeof *refs);
        int error = refs ? 0 : -ENOMEM;
        if (error)
            return error;
        out->refs = refs;
        refs += out->count++;
        *refs = (struct cast_refs){.finding = counted[at].finding};
        parts.count = 0;
        for (; at < verdicts->counted_count && counted[at].finding == refs->finding && !error; at++)
            error = add_object(&parts, heap_object(heap, counted[at].id), refs);
        join(&parts);
        if (!error)
            error = describe(&parts, refs);
        if (error)
            return error;
    }
    return 0;
}
