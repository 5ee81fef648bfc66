/* write_refs.c - folds the histories of a finding's objects into one, and finds what was not given back.
 *
 * Owns:    nothing.
 * Never:   sets off what objects of one place were given against what those of another gave back.
 * Runs in: snapshot child.
 * Start:   refs_fold(). */
#include "write_refs.h"

#include <errno.h>
#include <stddef.h>

#include "analysis/balance.h"
#include "analysis/sort.h"
#include "refs.h"
#include "site.h"

/* One step of one object, or its creation; later: all equal ones of the objects of one site. */
struct part {
    int64_t balance;
    uint32_t site, made_at; /* stack of the change; where the object was made */
    int is_creation;
};
struct parts {
    struct part *part;
    size_t count, capacity;
    struct arena *arena;
};

static int add(struct parts *parts, struct part new) {
    struct part *part = arena_grow(parts->arena, parts->part, parts->count, &parts->capacity, sizeof *part);
    if (!part)
        return -ENOMEM;
    parts->part = part;
    part[parts->count++] = new;
    return 0;
}

static int add_history(struct parts *parts, const struct object *object) {
    const struct refs *first = refs_piece(object->refs);
    uint32_t made_at = object->site;
    int error = add(parts, (struct part){1, made_at, made_at, 1});
    for (const struct refs *piece = first; !error; piece = refs_piece(piece->next)) {
        for (int i = 0; i < REFS_STEPS && !error; i++)
            if (piece->step[i].balance)
                error = add(parts, (struct part){piece->step[i].balance, piece->step[i].site, made_at, 0});
        if (!piece->next)
            break;
    }
    return error;
}

static int add_object(struct parts *parts, const struct object *object, struct cast_refs *refs) {
    const struct refs *first = refs_piece(object->refs);
    refs->objects++;
    refs->count += first->count;
    refs->dropped += first->dropped;
    refs->source = first->by_pair ? COUNT_PAIR : COUNT_HOOK;
    refs->type = refs->type ? refs->type : refs_name(first->type);
    refs->finalizer = refs->finalizer ? refs->finalizer : refs_name(first->finalizer);
    return add_history(parts, object);
}

static int by_site(const void *x, const void *y) {
    const struct part *a = x, *b = y;
    if (a->made_at != b->made_at)
        return a->made_at < b->made_at ? -1 : 1;
    if (a->is_creation != b->is_creation)
        return a->is_creation ? -1 : 1;
    return (a->site > b->site) - (a->site < b->site);
}

static int by_size(const void *x, const void *y) {
    const struct part *a = x, *b = y;
    int64_t a_size = a->balance < 0 ? -a->balance : a->balance, b_size = b->balance < 0 ? -b->balance : b->balance;
    if (a->made_at != b->made_at)
        return a->made_at < b->made_at ? -1 : 1;
    if (a_size != b_size)
        return a_size > b_size ? -1 : 1;
    return by_site(x, y);
}

/* Equal stacks together; of objects that were made at one place the largest balances first. */
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

/* frames: room for those of a stack */
static struct balance balance_of(const struct part *part, uint64_t *frames) {
    const struct site *site = part->site ? site_get(part->site) : NULL;
    return (struct balance){
        .site = part->site,
        .balance = part->balance,
        .frames = site ? site_frames(site, frames) : NULL,
        .frame_count = site ? site->count : 0,
        .matched = refs_matched(part->site),
        .is_creation = part->is_creation,
    };
}

/* returns  0 or -ENOMEM */
static int balances_of(const struct part *part, size_t count, struct arena *arena, struct balance *list) {
    uint64_t(*frames)[CAPTURE_FRAMES_MAX] = arena_alloc(arena, count, sizeof *frames);
    if (!frames)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++)
        list[i] = balance_of(&part[i], frames[i]);
    return 0;
}

/* What is left of the objects that were made at one place: what those of another gave back is none of theirs. */
static long unmatched_of(struct parts *parts, size_t first, size_t end, struct balance *list, struct cast_refs *refs) {
    size_t count = end - first < BALANCE_MAX ? end - first : BALANCE_MAX;
    if (balances_of(&parts->part[first], count, parts->arena, list) != 0)
        return -ENOMEM;
    for (size_t i = first + count; i < end; i++)
        refs->dropped += (uint64_t)(parts->part[i].balance < 0 ? -parts->part[i].balance : parts->part[i].balance);
    return balance_unmatched(list, count, parts->arena);
}

static size_t same_maker(const struct parts *parts, size_t first) {
    size_t end = first;
    while (end < parts->count && parts->part[end].made_at == parts->part[first].made_at)
        end++;
    return end;
}

static int describe(struct parts *parts, struct cast_refs *refs) {
    struct cast_balance *all = arena_alloc(parts->arena, parts->count + 1, sizeof *all);
    struct cast_balance *unmatched = arena_alloc(parts->arena, parts->count + 1, sizeof *unmatched);
    struct balance *list = arena_alloc(parts->arena, parts->count + 1, sizeof *list);
    size_t left = 0;
    if (!all || !unmatched || !list)
        return -ENOMEM;
    refs->balances = all;
    refs->unmatched = unmatched;
    for (size_t i = 0; i < parts->count && refs->balance_count < BALANCE_MAX; i++)
        if (!parts->part[i].is_creation && parts->part[i].balance)
            all[refs->balance_count++] = (struct cast_balance){parts->part[i].site, parts->part[i].balance};
    for (size_t first = 0, end; first < parts->count; first = end) {
        end = same_maker(parts, first);
        long more = unmatched_of(parts, first, end, list + left, refs);
        if (more < 0)
            return (int)more;
        left += (size_t)more;
    }
    balance_sort(list, left);
    for (size_t i = 0; i < left; i++)
        unmatched[i] = (struct cast_balance){list[i].site, list[i].balance};
    refs->unmatched_count = left < BALANCE_MAX ? left : BALANCE_MAX;
    return 0;
}

/* ---- who took the reference that a break is about ---- */

/* What is left of one object's history. returns how many stacks there are in *list, or -ENOMEM */
static long left_of(const struct object *object, struct arena *arena, struct balance **list) {
    struct parts parts = {.arena = arena};
    if (add_history(&parts, object) != 0)
        return -ENOMEM;
    join(&parts);
    size_t count = parts.count < BALANCE_MAX ? parts.count : BALANCE_MAX;
    *list = arena_alloc(arena, count, sizeof **list);
    if (!*list || balances_of(parts.part, count, arena, *list) != 0)
        return -ENOMEM;
    return balance_unmatched(*list, count, arena);
}

/* Of one object: the only stack that is left when what was given back is set aside. *site: 0 when there is not just one. */
static int find_taker(const struct object *object, struct arena *arena, uint32_t *site) {
    struct balance *list;
    long left = left_of(object, arena, &list);
    if (left < 0)
        return (int)left;
    *site = left && list[0].balance > 0 && (left == 1 || list[1].balance < 0) ? list[0].site : 0;
    return 0;
}

static int is_unmatched(const struct object *object, struct arena *arena) {
    struct balance *list;
    long left = left_of(object, arena, &list);
    for (long i = 0; i < left; i++)
        if (list[i].balance > 0 && !list[i].is_creation)
            return 1;
    return 0;
}

static int was_counted(const struct object *object) {
    const struct refs *first = refs_piece(object->refs);
    return first->step[0].site || first->step[0].balance || first->dropped || first->count != 1;
}

int refs_bear_out(enum kind kind, const struct object *object, struct arena *arena) {
    return kind == KIND_MISSING_UNREF ? is_unmatched(object, arena) : was_counted(object);
}

static size_t count_parts(const struct breaks *breaks) {
    size_t count = 0;
    for (size_t i = 0; breaks && i < breaks->count; i++)
        count += breaks->set[i].part_count;
    return count;
}

static int find_takers(const struct heap *heap, const struct blame *blame, struct arena *arena,
                       struct cast_refs *refs) {
    const struct breaks *breaks = blame ? blame->breaks : NULL;
    size_t count = count_parts(breaks), at = 0;
    uint32_t *sites = arena_alloc(arena, count + 1, sizeof *sites);
    if (!sites)
        return -ENOMEM;
    refs->break_sites = sites;
    refs->break_count = count;
    for (size_t i = 0; at < count; i++)
        for (size_t p = 0; p < breaks->set[i].part_count; p++, at++) {
            const struct object *object = heap_object(heap, breaks->set[i].part[p].target);
            int error = object->refs ? find_taker(object, arena, &sites[at]) : 0;
            if (error)
                return error;
        }
    return 0;
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
        if (!error)
            error = find_takers(heap, verdicts->findings[refs->finding].blame, arena, refs);
        if (error)
            return error;
    }
    return 0;
}
