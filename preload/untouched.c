/* untouched.c - see the header. Allocators of compilers take blocks of 64 KiB and more for a few objects.
 *
 * Owns:    nothing.
 * Never:   reads a page to learn whether it is there: the kernel says so.
 * Runs in: snapshot child.
 * Start:   untouched_find(). */
#include "untouched.h"

#include <errno.h>

#include "analysis/holes.h"

enum { PAGE = 4096, OBJECT_BYTES_MIN = 4 * PAGE };

struct untouched {
    const struct heap *heap;
    struct arena *arena;
    struct range *hole;
    size_t count, capacity;
    size_t large;    /* in heap->large: all before end where we are */
    uintptr_t known; /* below this everything is noted */
    int error;
};

static void add_hole(struct untouched *untouched, uintptr_t lo, uintptr_t hi) {
    struct range *hole =
        arena_grow(untouched->arena, untouched->hole, untouched->count, &untouched->capacity, sizeof *untouched->hole);
    if (!hole) {
        untouched->error = -ENOMEM;
        return;
    }
    untouched->hole = hole;
    hole[untouched->count++] = (struct range){lo, hi};
}

/* Nothing of [lo, hi) is there. They come in their order. */
static void note_gap(struct untouched *untouched, uintptr_t lo, uintptr_t hi) {
    const struct heap *heap = untouched->heap;
    while (untouched->large < heap->large_count && heap->large[untouched->large].hi <= lo)
        untouched->large++;
    for (size_t i = untouched->large; i < heap->large_count && heap->large[i].lo < hi; i++) {
        uintptr_t from = heap->large[i].lo > lo ? heap->large[i].lo : lo;
        uintptr_t to = heap->large[i].hi < hi ? heap->large[i].hi : hi;
        if (heap->large[i].hi - heap->large[i].lo >= OBJECT_BYTES_MIN && to - from >= PAGE)
            add_hole(untouched, from, to);
    }
}

static void note_run(void *context, uintptr_t lo, uintptr_t hi) {
    struct untouched *untouched = context;
    note_gap(untouched, untouched->known, lo);
    untouched->known = hi;
}

/* Of others than private memory the page table does not tell all that is there. */
static int is_private(const struct mapping *mapping) {
    return mapping && mapping->readable && !mapping->shared && !mapping->is_file;
}

static size_t largest(const struct heap_large *large, size_t count) {
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes = large[i].hi - large[i].lo > bytes ? large[i].hi - large[i].lo : bytes;
    return bytes;
}

/* All of one mapping at once, from its first large object to its last. */
static void look(struct untouched *untouched, const struct maps *maps) {
    const struct heap_large *large = untouched->heap->large;
    const size_t count = untouched->heap->large_count;
    long pages = maps_pages_open();
    for (size_t first = 0, end; first < count; first = end) {
        const struct mapping *mapping = maps_find(maps, large[first].lo);
        for (end = first; end < count && mapping && large[end].hi <= mapping->hi;)
            end++;
        if (end == first || !is_private(mapping) || largest(&large[first], end - first) < OBJECT_BYTES_MIN) {
            end += end == first;
            continue;
        }
        untouched->known = large[first].lo;
        maps_each_written(pages, mapping, large[first].lo, large[end - 1].hi, note_run, untouched);
        note_gap(untouched, untouched->known, large[end - 1].hi);
    }
    maps_pages_close(pages);
}

/* Both lists are sorted, and what is in the one is not in the other. */
static void merge(const struct heap *heap, const struct untouched *untouched, struct range *out) {
    size_t i = 0, j = 0;
    while (i < heap->unreadable_count || j < untouched->count) {
        int is_hole =
            i == heap->unreadable_count || (j < untouched->count && untouched->hole[j].lo < heap->unreadable[i].lo);
        *out++ = is_hole ? untouched->hole[j++] : heap->unreadable[i++];
    }
}

int untouched_find(const struct maps *maps, struct heap *heap, struct arena *arena) {
    struct untouched untouched = {.heap = heap, .arena = arena};
    const struct holes *holes;
    if (largest(heap->large, heap->large_count) >= OBJECT_BYTES_MIN)
        look(&untouched, maps);
    if (untouched.error || !untouched.count)
        return untouched.error;
    size_t count = heap->unreadable_count + untouched.count;
    struct range *all = arena_alloc(arena, count, sizeof *all);
    if (!all)
        return -ENOMEM;
    merge(heap, &untouched, all);
    int error = holes_index(all, count, arena, &holes);
    if (error)
        return error;
    heap->unreadable = all;
    heap->unreadable_count = count;
    heap->holes = holes;
    return 0;
}
