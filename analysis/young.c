/* young.c - what a scan of the young generations looks at.
 *
 * Owns:    heap.subset, and the bounds and tables of a heap that is viewed so.      Never: walks the whole index.
 * Runs in: snapshot child (one thread), unit tests, tools.
 * Start:   young_view().  Invariants: README.md, "Young scans". */
#include "young.h"

#include "places.h"

#include <errno.h>
#include <string.h>

/* ---- the view ---- */

struct list { /* grows in the arena */
    struct heap_odd *item;
    size_t count, capacity;
};

struct view {
    struct heap *heap;
    const struct young *young;
    struct arena *arena;
    uint8_t epoch_is_young[HEAP_EPOCHS + 1];
    struct list found; /* young ones that have a slot */
    struct list odd;   /* young ones that have none */
    size_t large_capacity;
};

/* An epoch that came round again says too much, which costs time and no more. */
static void choose_epochs(struct view *view) {
    const struct young *young = view->young;
    for (unsigned born = 1; born <= HEAP_EPOCHS; born++)
        view->epoch_is_young[born] = (young->epoch + HEAP_EPOCHS - born) % HEAP_EPOCHS <= young->epochs_back;
}

static int is_young(const struct view *view, object_id id) {
    const struct young *young = view->young;
    return heap_object(view->heap, id)->birth - young->birth_from < young->birth_end - young->birth_from;
}

static int append(struct list *list, struct arena *arena, uintptr_t address, object_id id) {
    struct heap_odd *item = arena_grow(arena, list->item, list->count, &list->capacity, sizeof *item);
    if (!item)
        return -ENOMEM;
    list->item = item;
    item[list->count++] = (struct heap_odd){address, id};
    return 0;
}

static int visit_young(void *context, uintptr_t address, object_id id) {
    struct view *view = context;
    return is_young(view, id) ? append(&view->found, view->arena, address, id) : 0;
}

static int visit_large(void *context, uintptr_t address, object_id id) {
    struct view *view = context;
    struct heap *heap = view->heap;
    uint64_t size_bytes = heap_object(heap, id)->size_bytes;
    if (size_bytes < HEAP_LARGE_BYTES)
        return 0;
    struct heap_large *large =
        arena_grow(view->arena, heap->large, heap->large_count, &view->large_capacity, sizeof *large);
    if (!large)
        return -ENOMEM;
    heap->large = large;
    large[heap->large_count++] = (struct heap_large){address, address + size_bytes, id};
    return 0;
}

static int view_block(struct view *view, const struct heap_leaf *leaf, uintptr_t base, size_t block) {
    size_t first = block << HEAP_BLOCK_SHIFT, end = (block + 1) << HEAP_BLOCK_SHIFT;
    int error = 0;
    if (view->epoch_is_young[atomic_load_explicit(&leaf->born[block], memory_order_relaxed)])
        error = heap_each_in_leaf(leaf, base, first, end, visit_young, view);
    if (!error && atomic_load_explicit(&leaf->large[block], memory_order_relaxed))
        error = heap_each_in_leaf(leaf, base, first, end, visit_large, view);
    return error;
}

/* A small object that begins in a leaf may end behind it; large ones are known one by one. */
static void widen(struct heap *heap, uintptr_t lo, uintptr_t hi) {
    if (lo < heap->lo)
        heap->lo = lo;
    if (hi > heap->hi)
        heap->hi = hi;
}

static int view_leaves(struct view *view) {
    struct heap *heap = view->heap;
    uintptr_t base = 0;
    for (const struct heap_leaf *leaf; (leaf = heap_next_leaf(heap->index, &base)); base += HEAP_LEAF_BYTES) {
        widen(heap, base, base + HEAP_LEAF_BYTES + HEAP_LARGE_BYTES);
        for (size_t block = 0; block < HEAP_LEAF_BLOCKS; block++) {
            int error = view_block(view, leaf, base, block);
            if (error)
                return error;
        }
    }
    return 0;
}

/* They have no block to be looked up in, and are few. */
static int view_odd(struct view *view) {
    struct heap *heap = view->heap;
    heap_sort_odd(heap->odd, heap->odd_count);
    for (size_t i = 0; i < heap->odd_count; i++) {
        uintptr_t address = heap->odd[i].address;
        object_id id = heap->odd[i].id;
        uint64_t size_bytes = heap_object(heap, id)->size_bytes;
        widen(heap, address, heap_end(heap, address, size_bytes));
        int error = visit_large(view, address, id);
        if (!error && is_young(view, id))
            error = append(&view->odd, view->arena, address, id);
        if (error)
            return error;
    }
    heap_sort_large(heap->large, heap->large_count);
    for (size_t i = 0; i < heap->large_count; i++)
        widen(heap, heap->large[i].lo, heap_end(heap, heap->large[i].lo, heap->large[i].hi - heap->large[i].lo));
    if (heap->hi == 0)
        heap->lo = 0;
    return 0;
}

/* The suspects that were not freed since. */
static int view_suspects(const struct view *view, struct list *alive) {
    const struct history *history = view->young->history;
    for (size_t i = 0; history && i < history->suspect_count; i++) {
        const struct suspect *suspect = &history->suspects[i];
        object_id id = heap_at(view->heap, suspect->address);
        if (id != suspect->id || heap_object(view->heap, id)->birth != suspect->birth)
            continue;
        if (append(alive, view->arena, suspect->address, id))
            return -ENOMEM;
    }
    return 0;
}

static int merge(struct list *list, const struct list *other, struct arena *arena) {
    if (other->count == 0)
        return 0;
    struct heap_odd *item = arena_alloc(arena, list->count + other->count, sizeof *item);
    if (!item)
        return -ENOMEM;
    list->count = heap_merge(list->item, list->count, other->item, other->count, item);
    list->item = item;
    return 0;
}

static int set_subset(struct view *view, const struct list *subset) {
    struct heap *heap = view->heap;
    struct list ignored = {0};
    /* a subset without objects is one, too */
    heap->subset = subset->item ? subset->item : arena_alloc(view->arena, 1, sizeof *heap->subset);
    if (!heap->subset)
        return -ENOMEM;
    heap->subset_count = heap->object_count = subset->count;
    for (size_t i = 0; i < subset->count; i++) {
        const struct object *object = heap_object(heap, heap->subset[i].id);
        heap->object_bytes += object->size_bytes;
        if (object->flags & OBJECT_IGNORED &&
            append(&ignored, view->arena, heap->subset[i].address, heap->subset[i].id))
            return -ENOMEM;
    }
    heap->ignored = ignored.item;
    heap->ignored_count = ignored.count;
    return 0;
}

int young_view(struct heap *heap, const struct young *young, struct arena *arena) {
    struct view view = {.heap = heap, .young = young, .arena = arena};
    struct list suspects = {0};
    heap->lo = UINTPTR_MAX;
    heap->hi = 0;
    heap->large = NULL;
    heap->large_count = 0;
    heap->piece = NULL;
    heap->piece_count = 0;
    heap->object_bytes = 0;
    choose_epochs(&view);
    if (view_leaves(&view) || view_odd(&view) || view_suspects(&view, &suspects) ||
        merge(&view.found, &view.odd, arena) || merge(&view.found, &suspects, arena) || places_find(heap, arena))
        return -ENOMEM;
    return set_subset(&view, &view.found);
}

/* ---- words of old objects ---- */

struct old_words {
    const struct heap *heap;
    struct arena *arena;
    struct range written; /* the range at hand */
    size_t odd;           /* the next one in heap->odd */
    size_t young;         /* the next one in heap->subset */
    struct root *root;
    size_t count, capacity;
};

static size_t first_from(const struct heap_odd *list, size_t count, uintptr_t address) {
    size_t lo = 0, hi = count;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (list[middle].address < address)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

static int is_in_subset(struct old_words *old, uintptr_t address) {
    const struct heap *heap = old->heap;
    while (old->young < heap->subset_count && heap->subset[old->young].address < address)
        old->young++;
    return old->young < heap->subset_count && heap->subset[old->young].address == address;
}

static int add_root(struct old_words *old, struct range words) {
    struct root *root = arena_grow(old->arena, old->root, old->count, &old->capacity, sizeof *root);
    if (!root)
        return -ENOMEM;
    old->root = root;
    root[old->count++] = (struct root){words.lo, words.hi, ROOT_OBJECT};
    return 0;
}

/* Objects come in the order of their addresses. Encoded ones are left to encoded_widen(). */
static int add_object(struct old_words *old, uintptr_t address, object_id id) {
    const struct object *object = heap_object(old->heap, id);
    struct range words = heap_words(address, object->size_bytes);
    if (object->flags & OBJECT_ENCODED)
        return 0;
    if (words.lo < old->written.lo)
        words.lo = old->written.lo;
    if (words.hi > old->written.hi)
        words.hi = old->written.hi;
    if (words.lo >= words.hi || is_in_subset(old, address))
        return 0;
    if (!old->heap->unreadable_count)
        return add_root(old, words);
    for (struct range r = heap_readable(old->heap, words.lo, words.hi); r.lo < r.hi;
         r = heap_readable(old->heap, r.hi, words.hi))
        if (add_root(old, r))
            return -ENOMEM;
    return 0;
}

static int add_odd_below(struct old_words *old, uintptr_t end) {
    const struct heap *heap = old->heap;
    for (; old->odd < heap->odd_count && heap->odd[old->odd].address < end; old->odd++)
        if (add_object(old, heap->odd[old->odd].address, heap->odd[old->odd].id))
            return -ENOMEM;
    return 0;
}

static int visit_old(void *context, uintptr_t address, object_id id) {
    struct old_words *old = context;
    return add_odd_below(old, address) || add_object(old, address, id) ? -ENOMEM : 0;
}

/* The object that begins before the range and reaches into it. */
static int add_first(struct old_words *old) {
    uintptr_t start;
    object_id id = heap_find(old->heap, old->written.lo, &start);
    if (!id || start == old->written.lo)
        return 0;
    old->young = first_from(old->heap->subset, old->heap->subset_count, start);
    return add_object(old, start, id);
}

static int add_range(struct old_words *old) {
    const struct heap *heap = old->heap;
    struct range written = old->written;
    if (add_first(old))
        return -ENOMEM;
    old->odd = first_from(heap->odd, heap->odd_count, written.lo);
    old->young = first_from(heap->subset, heap->subset_count, written.lo);
    uintptr_t base = written.lo & ~(uintptr_t)(HEAP_LEAF_BYTES - 1);
    for (const struct heap_leaf *leaf; (leaf = heap_next_leaf(heap->index, &base)) && base < written.hi;
         base += HEAP_LEAF_BYTES) {
        size_t first = written.lo > base ? heap_slot_number(written.lo) : 0;
        size_t end = written.hi - base < HEAP_LEAF_BYTES ? heap_slot_number(written.hi) : HEAP_LEAF_SLOTS;
        if (heap_each_in_leaf(leaf, base, first, end, visit_old, old))
            return -ENOMEM;
    }
    return add_odd_below(old, written.hi);
}

int young_old_words(const struct heap *heap, const struct range *written, size_t written_count, struct arena *arena,
                    struct root **out, size_t *out_count) {
    struct old_words old = {.heap = heap, .arena = arena};
    for (size_t i = 0; i < written_count; i++) {
        old.written = written[i];
        if (old.written.hi > heap->hi)
            old.written.hi = heap->hi;
        if (old.written.lo < old.written.hi && add_range(&old))
            return -ENOMEM;
    }
    *out = old.root;
    *out_count = old.count;
    return 0;
}
