/* mark.c - find every object that the roots reach.
 *
 * Owns:    the mark bits and the work lists.      Never: writes to objects, recurses.
 * Runs in: snapshot child (one thread), unit tests, tools.
 * Start:   mark_run(), then trace().  Invariants: README.md, "Marking".
 *
 * Nearly all the time goes into waiting for memory: a pointer leads to a slot of the index, that to an object's record,
 * that to its contents, and each is a cache miss and often a page walk. So work is done in batches, and each batch in
 * passes: a pass does one step for all of the batch and prefetches what the next step reads. The prefetches stand close
 * together because a processor can only overlap page walks of instructions that it has in view at once.
 *
 *   todo (stack) --launch--> objects --scan--> words --aim--> slots --settle--> marks, todo
 *            records, contents prefetched     slots prefetched     mark bits prefetched */
#include "mark.h"

#include "shape.h"

#include <errno.h>
#include <string.h>

enum {
    OBJECTS = 8,       /* a batch */
    WORDS = 256,       /* a batch; an object with more is scanned in parts */
    WORK_BLOCK = 4094, /* 64 KiB a block */
    CACHE_LINE = 64,
    LINES_AHEAD_MAX = 4, /* of one object; the hardware fetches ahead in longer ones */
};

struct work {
    uintptr_t address;
    object_id id;
};
struct work_block {
    struct work_block *below;
    struct work_block *above; /* kept when the stack shrinks: each block is asked for once */
    struct work *top;         /* while it is not the uppermost: its first free place */
    struct work work[WORK_BLOCK];
};
struct work_stack {
    struct work *top; /* next free place, in [lo, hi] */
    struct work *lo, *hi;
    struct work_block *block;
};

/* interior  MARK_IGNORE for roots that only count starts, MARK_KEEP while `reachable` grows, MARK_FOLLOW afterwards */
enum interior { MARK_IGNORE, MARK_KEEP, MARK_FOLLOW };

struct marker {
    const struct heap *heap;
    uintptr_t lo, span;  /* of the heap's addresses */
    uintptr_t mask;      /* bits of a word that are a pointer */
    unsigned step_shift; /* pointers stand at multiples of 1 << step_shift */
    uint64_t *reachable, *possible, *settled;
    uint64_t *growing; /* the one of the two that new marks go to */
    enum interior interior;
    unsigned by_counts; /* HEAP_ENTRY_* of objects that are held by what their counts say, not by pointers to them */
    int error;
    struct work_stack todo;    /* marked, not yet scanned */
    struct work_stack pending; /* met by an interior pointer only; their bits stand in `possible` */
    struct arena *arena;
    uint64_t objects_scanned, bytes_read;
    size_t object_count, word_count;
    struct work object[OBJECTS];         /* launched, to be scanned */
    uintptr_t word[WORDS];               /* found in them, perhaps pointers */
    const _Atomic uint32_t *slot[WORDS]; /* where each leads */
    object_id id[WORDS];                 /* the object that begins there */
    uintptr_t other[WORDS];              /* words at which none begins */
    _Atomic uint32_t no_slot;            /* 0: for words that lead to no part of the index */
};

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define NOINLINE __attribute__((noinline))

static inline void prefetch(const void *place) {
    __builtin_prefetch(place, 0, 3);
}

/* ---- work stacks: blocks in a chain ---- */

static void use_block(struct work_stack *stack, struct work_block *block) {
    stack->block = block;
    stack->lo = block->work;
    stack->hi = block->work + WORK_BLOCK;
}

static NOINLINE int stack_up(struct work_stack *stack, struct arena *arena) {
    struct work_block *above = stack->block ? stack->block->above : NULL;
    if (!above) {
        above = arena_alloc(arena, 1, sizeof *above);
        if (!above)
            return -ENOMEM;
        above->below = stack->block;
        if (stack->block)
            stack->block->above = above;
    }
    if (stack->block)
        stack->block->top = stack->top;
    use_block(stack, above);
    stack->top = stack->lo;
    return 0;
}

static NOINLINE int stack_down(struct work_stack *stack) {
    if (!stack->block || !stack->block->below)
        return 0;
    use_block(stack, stack->block->below);
    stack->top = stack->block->top;
    return 1;
}

/* Room for `count` (at most WORDS) more; returns 0 when there is no memory for it. */
static inline int reserve(struct marker *marker, struct work_stack *stack, size_t count) {
    if (LIKELY((size_t)(stack->hi - stack->top) >= count) || !stack_up(stack, marker->arena))
        return 1;
    marker->error = -ENOMEM;
    return 0;
}

static inline void push(struct marker *marker, struct work_stack *stack, struct work work) {
    if (reserve(marker, stack, 1))
        *stack->top++ = work;
}

static inline int is_empty(const struct work_stack *stack) {
    return stack->top == stack->lo && (!stack->block || !stack->block->below);
}

static inline int pop(struct work_stack *stack, struct work *work) {
    if (stack->top == stack->lo && !stack_down(stack))
        return 0;
    *work = *--stack->top;
    return 1;
}

/* ---- meeting objects ---- */

static inline void set_bit(uint64_t *bits, object_id id) {
    bits[id >> 6] |= UINT64_C(1) << (id & 63);
}

static inline void clear_bit(uint64_t *bits, object_id id) {
    bits[id >> 6] &= ~(UINT64_C(1) << (id & 63));
}

/* Count objects as reached, in the way that `growing` says, and trace those that were not before. Without a branch:
 * whether an object was reached before is a coin's toss, and a wrong guess costs more than the stores. */
static inline void meet(struct marker *marker, const object_id *id, const uintptr_t *start, size_t count) {
    if (!reserve(marker, &marker->todo, count))
        return;
    const uint64_t *reachable = marker->reachable;
    uint64_t *growing = marker->growing;
    struct work *top = marker->todo.top;
    for (size_t i = 0; i < count; i++) {
        uint64_t bit = UINT64_C(1) << (id[i] & 63);
        uint64_t before = (reachable[id[i] >> 6] | growing[id[i] >> 6]) & bit;
        growing[id[i] >> 6] |= bit ^ before;
        *top = (struct work){start[i], id[i]};
        top += !before;
    }
    marker->todo.top = top;
}

static void keep_pending(struct marker *marker, object_id id, uintptr_t start) {
    if (mark_test(marker->possible, id))
        return;
    set_bit(marker->possible, id);
    push(marker, &marker->pending, (struct work){start, id});
}

/* A word that is no plain pointer to a start: into an object, to an odd one, or to nothing. */
static NOINLINE void meet_inside(struct marker *marker, uintptr_t word) {
    const struct heap *heap = marker->heap;
    uintptr_t start;
    if (marker->interior == MARK_IGNORE && !heap->odd_count && !heap->entry)
        return;
    object_id id = heap_pointed(heap, word, &start);
    if (!id || (marker->by_counts && heap->entry[id] & marker->by_counts))
        return;
    if (word == start + heap_entry(heap, id) || marker->interior == MARK_FOLLOW)
        meet(marker, &id, &start, 1);
    else if (marker->interior == MARK_IGNORE || mark_test(marker->reachable, id))
        return;
    else if (shape_known_good(heap, start, heap_object(heap, id)->size_bytes, word))
        meet(marker, &id, &start, 1);
    else
        keep_pending(marker, id, start);
}

/* ---- words ---- */

/* Find the slots of the words gathered. */
static void aim(struct marker *marker) {
    const struct heap_index *index = marker->heap->index;
    for (size_t i = 0; i < marker->word_count; i++) {
        uintptr_t word = marker->word[i];
        const struct heap_leaf *leaf = heap_leaf_at(index, word);
        marker->slot[i] = leaf ? &leaf->slot[heap_slot_number(word)] : &marker->no_slot;
        prefetch((const void *)marker->slot[i]);
    }
}

/* Mark what the words point at. Objects that have an entry elsewhere, or that are held by
 * counts, are left to meet_inside(). */
static void settle(struct marker *marker) {
    const uint8_t *entry = marker->heap->entry;
    const unsigned elsewhere = HEAP_ENTRY_WORD | marker->by_counts; /* what meet_inside() must look at */
    size_t count = marker->word_count, starts = 0, others = 0;
    for (size_t i = 0; i < count; i++) {
        uintptr_t word = marker->word[i];
        uint32_t slot = atomic_load_explicit(marker->slot[i], memory_order_relaxed);
        uintptr_t begins = slot & HEAP_SLOT_HALF ? 8 : 0;
        object_id id = (word & 15) == begins ? slot & HEAP_SLOT_ID : 0;
        if (__builtin_expect(entry != NULL, 0) && entry[id] & elsewhere)
            id = 0;
        prefetch(&marker->growing[id >> 6]);
        marker->word[starts] = word; /* starts <= i */
        marker->id[starts] = id;
        marker->other[others] = word;
        starts += id != 0;
        others += id == 0;
    }
    marker->word_count = 0;
    meet(marker, marker->id, marker->word, starts);
    for (size_t i = 0; i < others; i++)
        meet_inside(marker, marker->other[i]);
}

/* ---- objects ---- */

static void gather(struct marker *marker, struct range words) {
    uintptr_t lo = marker->lo, span = marker->span, mask = marker->mask;
    unsigned shift = marker->step_shift;
    uintptr_t end = words.hi - words.lo < sizeof(uintptr_t) ? words.lo : words.hi - sizeof(uintptr_t) + 1;
    for (uintptr_t at = words.lo; at < end;) {
        size_t room = WORDS - marker->word_count, left = ((end - 1 - at) >> shift) + 1;
        uintptr_t stop = at + ((left < room ? left : room) << shift);
        uintptr_t *next = marker->word + marker->word_count;
        for (; at < stop; at += (uintptr_t)1 << shift) {
            *next = heap_load(at) & mask;
            next += *next - lo < span;
        }
        marker->word_count = (size_t)(next - marker->word);
        if (marker->word_count == WORDS) {
            aim(marker);
            settle(marker);
        }
    }
}

static NOINLINE void gather_around(struct marker *marker, struct range words) {
    const struct heap *heap = marker->heap;
    for (struct range r = heap_readable(heap, words.lo, words.hi); r.lo < r.hi; r = heap_readable(heap, r.hi, words.hi))
        gather(marker, r);
}

static void launch(struct marker *marker) {
    size_t count = 0;
    while (count < OBJECTS && pop(&marker->todo, &marker->object[count])) {
        prefetch(heap_object(marker->heap, marker->object[count].id));
        uintptr_t address = marker->object[count++].address;
        prefetch((const void *)address);
        prefetch(
            (const void *)(address + CACHE_LINE - 1)); /* few objects end before, none much before, the next line */
    }
    marker->object_count = count;
}

/* The records are here, so the sizes are known. */
static void prefetch_rests(struct marker *marker) {
    for (size_t i = 0; i < marker->object_count; i++) {
        uintptr_t address = marker->object[i].address;
        uintptr_t end = address + heap_object(marker->heap, marker->object[i].id)->size_bytes;
        uintptr_t line = (address & ~(uintptr_t)(CACHE_LINE - 1)) + 2 * CACHE_LINE;
        for (int ahead = 2; ahead < LINES_AHEAD_MAX && line < end; ahead++, line += CACHE_LINE)
            prefetch((const void *)line);
    }
}

static void scan(struct marker *marker) {
    marker->objects_scanned += marker->object_count;
    for (size_t i = 0; i < marker->object_count; i++) {
        const struct object *object = heap_object(marker->heap, marker->object[i].id);
        uint64_t size_bytes = object->size_bytes;
        struct range words = heap_contents(marker->heap, marker->object[i].address, size_bytes);
        marker->bytes_read += words.hi - words.lo;
        if (size_bytes < HEAP_LARGE_BYTES && !(object->flags & OBJECT_LINKS))
            gather(marker, words);
        else
            gather_around(marker, words);
    }
}

/* Scan all that is marked, and all that it leads to. The next objects are on their way while words are settled. */
static void trace(struct marker *marker) {
    while (!marker->error && !(is_empty(&marker->todo) && marker->word_count == 0)) {
        launch(marker);
        settle(marker);
        prefetch_rests(marker);
        scan(marker);
        aim(marker);
    }
}

/* Those of which the flags in `mask_flags` are `flags`. */
static void scan_roots(struct marker *marker, const struct root *roots, size_t root_count, unsigned mask_flags,
                       unsigned flags) {
    const uintptr_t mask = sizeof(uintptr_t) - 1;
    for (size_t i = 0; i < root_count && !marker->error; i++)
        if ((roots[i].flags & mask_flags) == flags)
            gather(marker, (struct range){(roots[i].lo + mask) & ~mask, roots[i].hi & ~mask});
    aim(marker);
    settle(marker); /* before `interior` changes */
}

/* Everything by way of starts and known-good shapes; interior pointers are remembered. */
static void mark_reachable(struct marker *marker, const struct root *roots, size_t root_count,
                           const struct root *held) {
    const struct heap *heap = marker->heap;
    marker->growing = marker->reachable;
    marker->interior = MARK_IGNORE;
    marker->by_counts = held ? HEAP_ENTRY_ALL : 0;
    scan_roots(marker, roots, root_count, ROOT_STARTS_ONLY, ROOT_STARTS_ONLY);
    marker->interior = MARK_KEEP;
    scan_roots(marker, roots, root_count, ROOT_STARTS_ONLY | ROOT_LIVE | ROOT_STACK, 0);
    marker->by_counts = 0;
    scan_roots(marker, held, held != NULL, 0, 0);
    for (size_t i = 0; i < heap->ignored_count; i++)
        meet(marker, &heap->ignored[i].id, &heap->ignored[i].address, 1);
    trace(marker);
    memcpy(marker->settled, marker->reachable, ((size_t)heap->id_end + 63) / 64 * sizeof *marker->settled);
    marker->by_counts = held ? HEAP_ENTRY_ALL : 0;
    scan_roots(marker, roots, root_count, ROOT_STARTS_ONLY | ROOT_LIVE | ROOT_STACK, ROOT_LIVE);
    marker->by_counts = held ? HEAP_ENTRY_COUNTED : 0;
    scan_roots(marker, roots, root_count, ROOT_STARTS_ONLY | ROOT_STACK, ROOT_STACK);
    marker->by_counts = 0;
    trace(marker);
}

/* What was remembered and not reached otherwise, and all that hangs from it. */
static void mark_possible(struct marker *marker) {
    struct work work;
    marker->growing = marker->possible;
    marker->interior = MARK_FOLLOW;
    while (!marker->error && pop(&marker->pending, &work)) {
        if (mark_test(marker->reachable, work.id))
            clear_bit(marker->possible, work.id);
        else
            push(marker, &marker->todo, work);
    }
    trace(marker);
}

static int mark_from(const struct heap *heap, const struct root *roots, size_t root_count, const struct root *held,
                     struct arena *arena, struct marks *marks) {
    struct marker marker; /* not cleared as a whole: the batches are long */
    marker.heap = heap;
    marker.lo = heap->lo;
    marker.span = heap->hi - heap->lo;
    marker.mask = heap->pointer_mask ? heap->pointer_mask : UINTPTR_MAX;
    marker.step_shift = heap->unaligned ? 0 : 3;
    marker.arena = arena;
    marker.error = 0;
    marker.object_count = marker.word_count = 0;
    marker.objects_scanned = marker.bytes_read = 0;
    marker.no_slot = 0;
    marker.todo = marker.pending = (struct work_stack){0};
    marks->settled = marker.settled = arena_alloc(arena, ((size_t)heap->id_end + 63) / 64, sizeof(uint64_t));
    if (!marks->settled)
        return -ENOMEM;
    marker.reachable = marks->reachable;
    marker.possible = marks->possible;
    mark_reachable(&marker, roots, root_count, heap->entry ? held : NULL);
    mark_possible(&marker);
    marks->objects_scanned = marker.objects_scanned;
    marks->bytes_read = marker.bytes_read;
    return marker.error;
}

int mark_more(const struct heap *heap, const struct root *roots, size_t root_count, struct arena *arena,
              struct marks *marks) {
    return mark_from(heap, roots, root_count, NULL, arena, marks);
}

static int clear_marks(const struct heap *heap, struct arena *arena, struct marks *marks) {
    size_t words = ((size_t)heap->id_end + 63) / 64;
    marks->reachable = arena_alloc(arena, words, sizeof(uint64_t));
    marks->possible = arena_alloc(arena, words, sizeof(uint64_t));
    return marks->reachable && marks->possible ? 0 : -ENOMEM;
}

int mark_run(const struct heap *heap, const struct root *roots, size_t root_count, struct arena *arena,
             struct marks *marks) {
    int error = clear_marks(heap, arena, marks);
    return error ? error : mark_more(heap, roots, root_count, arena, marks);
}

int mark_by_counts(const struct heap *heap, const struct root *roots, size_t root_count, const struct root *held,
                   struct arena *arena, struct marks *marks) {
    int error = clear_marks(heap, arena, marks);
    return error ? error : mark_from(heap, roots, root_count, held, arena, marks);
}
