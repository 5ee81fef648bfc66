/* mark.c - find every object that the roots reach.
 *
 * Owns:    the mark bits and the work lists.      Never: writes to objects, recurses.
 * Runs in: snapshot child (one thread), unit tests, tools.
 * Start:   mark_run(), then trace().  Invariants: README.md, "Marking".
 *
 * Nearly all the time goes into waiting for memory: a pointer leads to a slot of the index, that to an object's record,
 * that to its contents, and each is a cache miss. So nothing is read when it is found: it is prefetched, put into a
 * small queue, and read when it comes out of the queue.
 *
 *   word --offer--> candidates ----look----> candidates --resolve--> todo (stack) --launch--> flight --scan--> words
 *           slot prefetched    bit prefetched         bit set                record and contents prefetched */
#include "mark.h"

#include "shape.h"

#include <errno.h>

enum {
    CANDIDATES = 64, /* powers of two */
    FLIGHT = 32,
    WORK_BLOCK = 4095, /* 64 KiB a block */
    CACHE_LINE = 64,
    LINES_AHEAD_MAX = 4, /* of one object; the hardware fetches ahead in longer ones */
};

struct candidate {
    uintptr_t word;
    const _Atomic uint32_t *slot;
    object_id id; /* after look(): the object that begins at `word`; 0: settled */
};
struct work {
    uintptr_t address;
    object_id id;
};
struct work_block {
    struct work_block *below;
    struct work_block *above; /* kept when the stack shrinks: each block is asked for once */
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
    uintptr_t lo, span; /* of the heap's addresses */
    uint64_t *reachable, *possible;
    uint64_t *growing; /* the one of the two that new marks go to */
    enum interior interior;
    int error;
    unsigned candidates_in, candidates_looked, candidates_out; /* so many went into, half through and out of the queue */
    unsigned flight_in, flight_out;
    struct work_stack todo;    /* marked, not yet scanned */
    struct work_stack pending; /* met by an interior pointer only; their bits stand in `possible` */
    struct arena *arena;
    struct candidate candidate[CANDIDATES];
    struct work flight[FLIGHT];
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
    use_block(stack, above);
    stack->top = stack->lo;
    return 0;
}

static NOINLINE int stack_down(struct work_stack *stack) {
    if (!stack->block || !stack->block->below)
        return 0;
    use_block(stack, stack->block->below);
    stack->top = stack->hi;
    return 1;
}

static inline void push(struct marker *marker, struct work_stack *stack, struct work work) {
    if (stack->top == stack->hi && stack_up(stack, marker->arena)) {
        marker->error = -ENOMEM;
        return;
    }
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

/* The object counts as reached, in the way that `growing` says. Without a branch: whether it was reached before is a
 * coin's toss, and a wrong guess costs more than the stores. */
static inline void meet(struct marker *marker, object_id id, uintptr_t start) {
    uint64_t bit = UINT64_C(1) << (id & 63);
    uint64_t *growing = &marker->growing[id >> 6];
    uint64_t before = (marker->reachable[id >> 6] | *growing) & bit;
    *growing |= bit ^ before;
    struct work_stack *todo = &marker->todo;
    if (todo->top == todo->hi && stack_up(todo, marker->arena)) {
        marker->error = -ENOMEM;
        return;
    }
    *todo->top = (struct work){start, id};
    todo->top += !before;
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
    if (marker->interior == MARK_IGNORE && !heap->odd_count)
        return;
    object_id id = heap_find(heap, word, &start);
    if (!id)
        return;
    if (word == start || marker->interior == MARK_FOLLOW)
        meet(marker, id, start);
    else if (marker->interior == MARK_IGNORE || mark_test(marker->reachable, id))
        return;
    else if (shape_known_good(heap, start, heap_object(heap, id)->size_bytes, word))
        meet(marker, id, start);
    else
        keep_pending(marker, id, start);
}

/* Half way through: the slot is here, so the object is known. */
static inline void look(struct marker *marker) {
    struct candidate *candidate = &marker->candidate[marker->candidates_looked++ % CANDIDATES];
    uint32_t slot = atomic_load_explicit(candidate->slot, memory_order_relaxed);
    uintptr_t begins = slot & HEAP_SLOT_HALF ? 8 : 0;
    candidate->id = slot & HEAP_SLOT_ID;
    prefetch(&marker->growing[candidate->id >> 6]);
    if (LIKELY(candidate->id && (candidate->word & 15) == begins))
        return;
    candidate->id = 0;
    meet_inside(marker, candidate->word);
}

static inline void resolve_oldest(struct marker *marker) {
    if (marker->candidates_looked == marker->candidates_out)
        look(marker);
    struct candidate *candidate = &marker->candidate[marker->candidates_out++ % CANDIDATES];
    if (LIKELY(candidate->id))
        meet(marker, candidate->id, candidate->word);
}

/* ---- scanning ---- */

static inline void offer(struct marker *marker, uintptr_t word) {
    struct heap_leaf *leaf = heap_leaf_at(marker->heap->index, word);
    if (!leaf) { /* perhaps the middle of a large object */
        meet_inside(marker, word);
        return;
    }
    const _Atomic uint32_t *slot = &leaf->slot[heap_slot_number(word)];
    prefetch((const void *)slot);
    if (marker->candidates_in - marker->candidates_out == CANDIDATES)
        resolve_oldest(marker);
    struct candidate *candidate = &marker->candidate[marker->candidates_in++ % CANDIDATES];
    candidate->word = word;
    candidate->slot = slot;
    if (marker->candidates_in - marker->candidates_looked > CANDIDATES / 2)
        look(marker);
}

static inline void scan_words(struct marker *marker, struct range words) {
    uintptr_t lo = marker->lo, span = marker->span;
    for (uintptr_t at = words.lo; at < words.hi; at += sizeof(uintptr_t)) {
        uintptr_t word = heap_load(at);
        if (word - lo < span)
            offer(marker, word);
    }
}

static NOINLINE void scan_around(struct marker *marker, struct range words) {
    const struct heap *heap = marker->heap;
    for (struct range r = heap_readable(heap, words.lo, words.hi); r.lo < r.hi; r = heap_readable(heap, r.hi, words.hi))
        scan_words(marker, r);
}

static inline void scan(struct marker *marker, struct work work) {
    uint64_t size_bytes = heap_object(marker->heap, work.id)->size_bytes;
    struct range words = heap_words(work.address, size_bytes);
    if (size_bytes < HEAP_LARGE_BYTES)
        scan_words(marker, words);
    else
        scan_around(marker, words);
}

static inline void launch(struct marker *marker, struct work work) {
    prefetch(heap_object(marker->heap, work.id));
    prefetch((const void *)work.address);
    marker->flight[marker->flight_in++ % FLIGHT] = work;
}

/* Half way through: the record is here, so the size is known. */
static inline void prefetch_rest(struct marker *marker, struct work work) {
    uint64_t size_bytes = heap_object(marker->heap, work.id)->size_bytes;
    uintptr_t end = work.address + size_bytes;
    uintptr_t line = (work.address & ~(uintptr_t)(CACHE_LINE - 1)) + CACHE_LINE;
    for (int i = 1; i < LINES_AHEAD_MAX && line < end; i++, line += CACHE_LINE)
        prefetch((const void *)line);
}

/* Scan all that is marked, and all that it leads to. */
static void trace(struct marker *marker) {
    while (!marker->error) {
        struct work work;
        while (marker->flight_in - marker->flight_out < FLIGHT && pop(&marker->todo, &work))
            launch(marker, work);
        unsigned flying = marker->flight_in - marker->flight_out;
        if (flying == 0) {
            if (marker->candidates_in == marker->candidates_out)
                return;
            while (marker->candidates_in != marker->candidates_out && is_empty(&marker->todo))
                resolve_oldest(marker);
            continue;
        }
        if (flying > FLIGHT / 2)
            prefetch_rest(marker, marker->flight[(marker->flight_out + FLIGHT / 2) % FLIGHT]);
        scan(marker, marker->flight[marker->flight_out++ % FLIGHT]);
    }
}

static void scan_roots(struct marker *marker, const struct root *roots, size_t root_count, unsigned flags) {
    const uintptr_t mask = sizeof(uintptr_t) - 1;
    for (size_t i = 0; i < root_count && !marker->error; i++)
        if ((roots[i].flags & ROOT_STARTS_ONLY) == flags)
            scan_words(marker, (struct range){(roots[i].lo + mask) & ~mask, roots[i].hi & ~mask});
    while (marker->candidates_in != marker->candidates_out) /* before `interior` changes */
        resolve_oldest(marker);
}

/* Everything by way of starts and known-good shapes; interior pointers are remembered. */
static void mark_reachable(struct marker *marker, const struct root *roots, size_t root_count) {
    const struct heap *heap = marker->heap;
    marker->growing = marker->reachable;
    marker->interior = MARK_IGNORE;
    scan_roots(marker, roots, root_count, ROOT_STARTS_ONLY);
    marker->interior = MARK_KEEP;
    scan_roots(marker, roots, root_count, 0);
    for (size_t i = 0; i < heap->ignored_count; i++)
        meet(marker, heap->ignored[i].id, heap->ignored[i].address);
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

int mark_run(const struct heap *heap, const struct root *roots, size_t root_count, struct arena *arena,
             struct marks *marks) {
    size_t words = ((size_t)heap->id_end + 63) / 64;
    struct marker marker; /* not cleared as a whole: the queues are long */
    marker.heap = heap;
    marker.lo = heap->lo;
    marker.span = heap->hi - heap->lo;
    marker.arena = arena;
    marker.error = 0;
    marker.candidates_in = marker.candidates_looked = marker.candidates_out = 0;
    marker.flight_in = marker.flight_out = 0;
    marker.todo = marker.pending = (struct work_stack){0};
    marks->reachable = marker.reachable = arena_alloc(arena, words, sizeof(uint64_t));
    marks->possible = marker.possible = arena_alloc(arena, words, sizeof(uint64_t));
    if (!marks->reachable || !marks->possible)
        return -ENOMEM;
    mark_reachable(&marker, roots, root_count);
    mark_possible(&marker);
    return marker.error;
}
