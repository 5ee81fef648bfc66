/* dangling.c - see the header.
 *
 * A slot dangles when it points to where an object was and none is. Memory that was handed out again is somebody else's
 * object by now, and can't be told from what belongs into the slot.
 *
 * Owns:    nothing.
 * Never:   reads a slot, which may be NULL by now: weak_look() has kept what stood in it.
 * Runs in: snapshot child.
 * Start:   dangling_find(). */
#include "dangling.h"

#include <errno.h>

#include "analysis/sort.h"
#include "weak.h"

/* Objects have begun near `address`, and none contains it. One past the end of an object is no other object's start, unless
 * the slot was made weak with it. */
static int was_freed(const struct heap *heap, const struct weak *weak, uintptr_t address) {
    uintptr_t start;
    if (!heap_leaf_at(heap->index, address) || heap_find(heap, address, &start))
        return 0;
    return (weak->target_site && address == weak->first) || !heap_find(heap, address - 1, &start);
}

static int is_reachable(const struct search *search, const struct weak *weak) {
    if (weak->place == WEAK_IN_MODULE)
        return 1;
    return weak->place == WEAK_IN_OBJECT &&
           (mark_test(search->marks.reachable, weak->holder) || mark_test(search->marks.possible, weak->holder));
}

static struct cast_dangling describe(const struct heap *heap, const struct weak *weak) {
    return (struct cast_dangling){
        .site = weak->site,
        .slots = 1,
        .holder = weak->place == WEAK_IN_OBJECT ? (uint32_t)heap_object(heap, weak->holder)->site : 0,
        .offset = weak->offset,
        .target = weak->value == weak->first ? weak->target_site : 0,
    };
}

static int compare(const void *x, const void *y) {
    const struct cast_dangling *a = x, *b = y;
    if (a->site != b->site)
        return a->site < b->site ? -1 : 1;
    if (a->holder != b->holder)
        return a->holder < b->holder ? -1 : 1;
    if (a->offset != b->offset)
        return a->offset < b->offset ? -1 : 1;
    return (a->target > b->target) - (a->target < b->target);
}

static void join(struct dangling *dangling) {
    size_t joined = 0;
    sort_array(dangling->list, dangling->count, sizeof *dangling->list, compare);
    for (size_t i = 0; i < dangling->count; i++)
        if (joined && compare(&dangling->list[joined - 1], &dangling->list[i]) == 0)
            dangling->list[joined - 1].slots++;
        else
            dangling->list[joined++] = dangling->list[i];
    dangling->count = joined;
}

int dangling_find(const struct search *search, struct arena *arena, struct dangling *out) {
    const struct heap *heap = &search->heap;
    size_t capacity = 0;
    *out = (struct dangling){0};
    for (const struct weak *weak = NULL; (weak = weak_next(weak));) {
        uintptr_t mask = heap->pointer_mask ? heap->pointer_mask : UINTPTR_MAX;
        if (!weak->value || !is_reachable(search, weak) || !was_freed(heap, weak, weak->value & mask))
            continue;
        struct cast_dangling *list = arena_grow(arena, out->list, out->count, &capacity, sizeof *list);
        if (!list)
            return -ENOMEM;
        out->list = list;
        list[out->count++] = describe(heap, weak);
    }
    join(out);
    return 0;
}
