/* mark.c - find every object that the roots reach.
 *
 * Owns:    the marks and the work lists.      Never: writes to objects, recurses.
 * Runs in: snapshot child (a crew of threads), unit tests, tools.
 * Start:   mark_run(), then trace().  Invariants: README.md, "Marking".
 *
 * Nearly all the time goes into waiting for memory: a pointer leads to a granule's byte, that to an object's contents, and
 * both are cache misses and often page walks. So work is done in batches, and each batch in passes: a pass does one step
 * for all of the batch and prefetches what the next step reads. The prefetches stand close together because a processor
 * can only overlap page walks of instructions that it has in view at once.
 *
 *   todo (stack) --launch--> objects --scan--> words --aim--> bytes --settle--> met, todo
 *                    contents prefetched      bytes prefetched
 *
 * There are two batches: what was launched and aimed in one round is scanned and settled in the next.
 *
 * Each of the crew has stacks of its own. One that has nothing left takes from a pool, to which the others give while
 * somebody waits. */
#include "mark.h"

#include "granules.h"
#include "shape.h"

#include <errno.h>
#include <string.h>

enum {
    OBJECTS = 8,       /* a batch */
    WORDS = 256,       /* a batch; an object with more is scanned in parts */
    WORK_BLOCK = 1021, /* 8 KiB a block */
    CACHE_LINE = 64,
    LINES_AHEAD_MAX = 4,      /* of one object; the hardware fetches ahead in longer ones */
    GIVE_MIN = 4 * OBJECTS,   /* one with less to do keeps it */
    CREW_OBJECTS_MIN = 20000, /* of fewer, starting threads takes longer than marking */
    SPINS = 200,              /* looks at the pool before one rests */
    CODE_SHIFT = 56,
    PASSES_MAX = 3,
    BYTES_MAX = 256, /* values of a byte */
    WORD = sizeof(uintptr_t),
};

/* A met object: its address, and its granule's code in the bits from CODE_SHIFT on. */
typedef uint64_t work_item;

struct work_block {
    struct work_block *below;
    struct work_block *above; /* kept when the stack shrinks: each block is asked for once */
    size_t count;             /* while it is not the uppermost */
    work_item work[WORK_BLOCK];
};
struct work_stack {
    work_item *top; /* next free place, in [lo, hi] */
    work_item *lo, *hi;
    struct work_block *block;
};

/* interior  MARK_IGNORE for roots that only count starts, MARK_KEEP while `reachable` grows, MARK_FOLLOW afterwards */
enum interior { MARK_IGNORE, MARK_KEEP, MARK_FOLLOW };

struct objects {
    size_t count;
    work_item item[OBJECTS];
};
struct words { /* perhaps pointers */
    size_t count;
    uintptr_t word[WORDS];
    _Atomic uint8_t *granule[WORDS]; /* where each leads, when they have been aimed */
};

/* What a word is: a pointer to an object that was met, to one that was not, or no plain pointer to a start. */
enum sort { SORT_MET = 0, SORT_FRESH = 1, SORT_OTHER = 2 };

/* Roots that are searched in the same way: those of which the flags in `mask` are `flags`. */
struct root_pass {
    const struct root *roots;
    size_t count;
    unsigned mask, flags;
    enum interior interior;
    unsigned by_counts; /* HEAP_ENTRY_* of objects that are held by what their counts say, not by pointers to them */
    _Atomic size_t taken;
};

/* What the crew shares. */
struct marking {
    const struct heap *heap;
    const struct root *roots;
    size_t root_count;
    const struct crew *crew;
    struct marks *marks;
    struct granules granules;
    _Atomic uint64_t *asked;           /* bits by object id: met, of those that have no granule's byte of their own */
    int follow;                        /* the second phase: what is met is possible */
    struct root_pass pass[PASSES_MAX]; /* of this phase, one after another */
    unsigned pass_count;
    int with_ignored;                    /* objects that the program declared reachable are, in this phase */
    struct work_stack pending[CREW_MAX]; /* met by an interior pointer only; their bits stand in `possible` */
    _Atomic unsigned entered;            /* of the crew, in this phase */
    _Atomic size_t pieces_taken;
    _Atomic int error;
    atomic_flag lock; /* of all that follows */
    struct arena *arena;
    struct work_block *pool;  /* given, to be taken by who has nothing; linked by `below` */
    struct work_block *spare; /* empty; the same */
    unsigned busy;            /* of the crew */
    _Atomic int waiting;      /* how many blocks would be taken at once; read without the lock */
    uint64_t *cleared;        /* by clear_unmet() */
    uint64_t objects_scanned, bytes_read;
};

/* One of the crew. */
struct marker {
    struct marking *shared;
    const struct heap *heap;
    struct granules *granules;
    uintptr_t lo, span;  /* of the heap's addresses */
    uintptr_t mask;      /* bits of a word that are a pointer */
    unsigned step_shift; /* pointers stand at multiples of 1 << step_shift */
    int alone;           /* nobody else marks: no atomic operations are needed */
    enum interior interior;
    unsigned by_counts;     /* of the roots at hand */
    struct work_stack todo; /* met, not yet scanned */
    struct work_stack *pending;
    uint64_t objects_scanned, bytes_read;
    unsigned round;                          /* which of the two is filled; the other is on its way */
    struct objects launched[2];              /* to be scanned */
    struct words found[2];                   /* to be settled */
    uintptr_t other[WORDS];                  /* words at which no object with a byte begins */
    uint8_t sorts[GRANULE_BYTES][BYTES_MAX]; /* enum sort of a word, by its low bits and its granule's byte */
};

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define NOINLINE __attribute__((noinline))

static inline void prefetch(const void *place) {
    __builtin_prefetch(place, 0, 3);
}

/* ---- work items ---- */

static inline work_item item_of(uintptr_t start, uint8_t byte) {
    return start | (uint64_t)(byte & GRANULE_CODE) << CODE_SHIFT;
}

static inline uintptr_t item_start(work_item item) {
    return item & ((UINT64_C(1) << CODE_SHIFT) - 1);
}

static inline unsigned item_code(work_item item) {
    return (unsigned)(item >> CODE_SHIFT);
}

static NOINLINE object_id item_id(const struct marker *marker, work_item item) {
    uintptr_t start;
    return heap_find(marker->heap, item_start(item), &start);
}

/* The object's slot of the index, for item_id(). */
static inline void prefetch_slot(const struct marker *marker, uintptr_t start) {
    const struct heap_leaf *leaf = heap_leaf_at(marker->heap->index, start);
    if (leaf)
        prefetch((const void *)&leaf->slot[heap_slot_number(start)]);
}

/* ---- work stacks: blocks in a chain ---- */

static void note_error(struct marking *shared) {
    atomic_store_explicit(&shared->error, -ENOMEM, memory_order_relaxed);
}

static inline int has_failed(struct marking *shared) {
    return atomic_load_explicit(&shared->error, memory_order_relaxed) != 0;
}

static struct work_block *new_block_locked(struct marking *shared) {
    struct work_block *block = shared->spare;
    if (block)
        shared->spare = block->below;
    else
        block = arena_alloc(shared->arena, 1, sizeof *block);
    if (block)
        block->below = block->above = NULL;
    return block;
}

static struct work_block *new_block(struct marking *shared) {
    crew_lock(&shared->lock);
    struct work_block *block = new_block_locked(shared);
    crew_unlock(&shared->lock);
    return block;
}

static void use_block(struct work_stack *stack, struct work_block *block) {
    stack->block = block;
    stack->lo = block->work;
    stack->hi = block->work + WORK_BLOCK;
}

static NOINLINE int stack_up(struct work_stack *stack, struct marking *shared) {
    struct work_block *above = stack->block ? stack->block->above : NULL;
    if (!above) {
        above = new_block(shared);
        if (!above)
            return -ENOMEM;
        above->below = stack->block;
        if (stack->block)
            stack->block->above = above;
    }
    if (stack->block)
        stack->block->count = (size_t)(stack->top - stack->lo);
    use_block(stack, above);
    stack->top = stack->lo;
    return 0;
}

static NOINLINE int stack_down(struct work_stack *stack) {
    if (!stack->block || !stack->block->below)
        return 0;
    use_block(stack, stack->block->below);
    stack->top = stack->lo + stack->block->count;
    return 1;
}

/* Room for `count` (at most WORDS) more; returns 0 when there is no memory for it. */
static inline int reserve(struct marker *marker, struct work_stack *stack, size_t count) {
    if (LIKELY((size_t)(stack->hi - stack->top) >= count) || !stack_up(stack, marker->shared))
        return 1;
    note_error(marker->shared);
    return 0;
}

static inline void push(struct marker *marker, struct work_stack *stack, work_item item) {
    if (reserve(marker, stack, 1))
        *stack->top++ = item;
}

static inline int is_empty(const struct work_stack *stack) {
    return stack->top == stack->lo && (!stack->block || !stack->block->below);
}

static int pop(struct work_stack *stack, work_item *item) {
    if (stack->top == stack->lo && !stack_down(stack))
        return 0;
    *item = *--stack->top;
    return 1;
}

/* ---- giving and taking ---- */

/* The older half of the block at hand: what hangs from older ones is more, as a rule. */
static NOINLINE void give(struct marker *marker) {
    struct marking *shared = marker->shared;
    struct work_stack *todo = &marker->todo;
    size_t count = (size_t)(todo->top - todo->lo), given = count / 2;
    crew_lock(&shared->lock);
    struct work_block *block =
        atomic_load_explicit(&shared->waiting, memory_order_relaxed) > 0 ? new_block_locked(shared) : NULL;
    if (block) {
        memcpy(block->work, todo->lo, given * sizeof *block->work);
        block->count = given;
        block->below = shared->pool;
        shared->pool = block;
        atomic_fetch_sub_explicit(&shared->waiting, 1, memory_order_relaxed);
        memmove(todo->lo, todo->lo + given, (count - given) * sizeof *todo->lo);
        todo->top -= given;
    }
    crew_unlock(&shared->lock);
}

static inline void give_if_wanted(struct marker *marker) {
    if (atomic_load_explicit(&marker->shared->waiting, memory_order_relaxed) > 0 &&
        marker->todo.top - marker->todo.lo >= GIVE_MIN)
        give(marker);
}

static void take_block_locked(struct marker *marker) {
    struct marking *shared = marker->shared;
    struct work_block *block = shared->pool;
    shared->pool = block->below;
    memcpy(marker->todo.lo, block->work, block->count * sizeof *block->work);
    marker->todo.top = marker->todo.lo + block->count;
    block->below = shared->spare;
    shared->spare = block;
}

enum taken { TAKEN, TAKE_LATER, TAKE_NEVER };

static enum taken try_take(struct marker *marker) {
    struct marking *shared = marker->shared;
    enum taken taken = TAKE_LATER;
    crew_lock(&shared->lock);
    if (shared->pool) {
        take_block_locked(marker);
        shared->busy++;
        taken = TAKEN;
    } else if (!shared->busy || has_failed(shared)) {
        taken = TAKE_NEVER;
    }
    crew_unlock(&shared->lock);
    return taken;
}

/* Called with nothing left to do. returns 1 with some of another's work; 0: all of the crew have nothing left */
static int take(struct marker *marker) {
    struct marking *shared = marker->shared;
    enum taken taken;
    crew_lock(&shared->lock);
    shared->busy--;
    crew_unlock(&shared->lock);
    if (!marker->todo.block && !reserve(marker, &marker->todo, 1))
        return 0;
    atomic_fetch_add_explicit(&shared->waiting, 1, memory_order_relaxed);
    for (unsigned looks = 1; (taken = try_take(marker)) == TAKE_LATER; looks++)
        if (looks % SPINS == 0 && shared->crew)
            shared->crew->rest();
    return taken == TAKEN;
}

/* ---- meeting objects ---- */

static inline int set_bit(_Atomic uint64_t *bits, object_id id) {
    uint64_t bit = UINT64_C(1) << (id & 63);
    return !(atomic_fetch_or_explicit(&bits[id >> 6], bit, memory_order_relaxed) & bit);
}

static inline void clear_bit(_Atomic uint64_t *bits, object_id id) {
    atomic_fetch_and_explicit(&bits[id >> 6], ~(UINT64_C(1) << (id & 63)), memory_order_relaxed);
}

static inline _Atomic uint64_t *shared_bits(uint64_t *bits) {
    return (_Atomic uint64_t *)bits;
}

static inline int is_plain(uint8_t byte) {
    uint8_t code = byte & GRANULE_CODE;
    return code >= GRANULE_SHORT && code <= GRANULE_LONG;
}

static inline uint8_t byte_at(struct granules *granules, uintptr_t address) {
    return atomic_load_explicit(granules_at(granules, address), memory_order_relaxed);
}

/* Has this object no byte of its own? Then a bit by its id takes the place of it. */
static int is_asked(uintptr_t start, uint8_t byte) {
    return start % GRANULE_BYTES || !is_plain(byte);
}

static int is_met(const struct marking *shared, uintptr_t start, object_id id, uint8_t byte) {
    if (is_asked(start, byte))
        return (int)(atomic_load_explicit(&shared->asked[id >> 6], memory_order_relaxed) >> (id & 63)) & 1;
    return byte & GRANULE_MET;
}

/* Note that an object was met; returns 0 when it had been before. */
static inline int note_met(const struct marker *marker, _Atomic uint8_t *granule) {
    uint8_t byte = atomic_load_explicit(granule, memory_order_relaxed);
    if (byte & GRANULE_MET)
        return 0;
    if (!marker->alone)
        return !(atomic_fetch_or_explicit(granule, GRANULE_MET, memory_order_relaxed) & GRANULE_MET);
    atomic_store_explicit(granule, byte | GRANULE_MET, memory_order_relaxed);
    return 1;
}

/* Meet an object that the index was asked for. */
static void meet_known(struct marker *marker, uintptr_t start, object_id id) {
    _Atomic uint8_t *granule = granules_at(marker->granules, start);
    uint8_t byte = atomic_load_explicit(granule, memory_order_relaxed);
    int asked = is_asked(start, byte);
    if (asked ? set_bit(marker->shared->asked, id) : note_met(marker, granule))
        push(marker, &marker->todo, item_of(start, asked ? GRANULE_ASK : byte));
}

static void keep_pending(struct marker *marker, object_id id, uintptr_t start) {
    if (set_bit(shared_bits(marker->shared->marks->possible), id))
        push(marker, marker->pending, start);
}

/* A word at which no short or long object begins: into an object, to an odd one, or to nothing. */
static NOINLINE void meet_inside(struct marker *marker, uintptr_t word) {
    const struct heap *heap = marker->heap;
    uintptr_t start;
    if (granules_look(marker->granules, word) != GRANULES_ASK)
        return;
    object_id id = heap_pointed(heap, word, &start);
    if (!id || is_met(marker->shared, start, id, byte_at(marker->granules, start)) ||
        (marker->by_counts && heap->entry[id] & marker->by_counts))
        return;
    if (word == start + heap_entry(heap, id) || marker->interior == MARK_FOLLOW)
        meet_known(marker, start, id);
    else if (marker->interior == MARK_IGNORE)
        return;
    else if (shape_known_good(heap, start, heap_object(heap, id)->size_bytes, word))
        meet_known(marker, start, id);
    else
        keep_pending(marker, id, start);
}

/* ---- words ---- */

/* Find the bytes of the words found. */
static void aim(struct marker *marker, struct words *found) {
    struct granules *granules = marker->granules;
    for (size_t i = 0; i < found->count; i++) {
        found->granule[i] = granules_at(granules, found->word[i]);
        prefetch((const void *)found->granule[i]);
    }
}

static enum sort sort_of(unsigned tag, uint8_t byte, enum interior interior) {
    unsigned code = byte & GRANULE_CODE;
    unsigned tags = interior == MARK_IGNORE ? 1 : WORD; /* a tag in the bits that alignment leaves free is known good */
    unsigned least = tag ? GRANULE_SHORT + 1 : GRANULE_SHORT; /* an object shorter than a word ends within the tags */
    if (tag >= tags || code < least || code > GRANULE_LONG)
        return SORT_OTHER;
    return byte & GRANULE_MET ? SORT_MET : SORT_FRESH;
}

static void set_interior(struct marker *marker, enum interior interior) {
    marker->interior = interior;
    for (unsigned tag = 0; tag < GRANULE_BYTES; tag++)
        for (unsigned byte = 0; byte < BYTES_MAX; byte++)
            marker->sorts[tag][byte] = (uint8_t)sort_of(tag, (uint8_t)byte, interior);
}

/* Keep the words that point at objects not met, and the others apart. Without a branch, because what a word is is a coin's
 * toss, and a wrong guess costs more than the stores. */
static size_t sort_words(struct marker *marker, struct words *found) {
    size_t fresh = 0, others = 0;
    for (size_t i = 0; i < found->count; i++) {
        uintptr_t word = found->word[i];
        _Atomic uint8_t *granule = found->granule[i];
        uint8_t sort = marker->sorts[word % GRANULE_BYTES][atomic_load_explicit(granule, memory_order_relaxed)];
        found->word[fresh] = word; /* fresh <= i */
        found->granule[fresh] = granule;
        marker->other[others] = word;
        fresh += sort & SORT_FRESH;
        others += sort / SORT_OTHER;
    }
    found->count = fresh;
    return others;
}

/* Meet what the words point at. */
static void settle(struct marker *marker, struct words *found) {
    size_t others = sort_words(marker, found), fresh = found->count;
    found->count = 0;
    if (!reserve(marker, &marker->todo, fresh))
        return;
    work_item *top = marker->todo.top;
    for (size_t i = 0; i < fresh; i++) {
        uint8_t byte = atomic_load_explicit(found->granule[i], memory_order_relaxed);
        *top = item_of(found->word[i] & ~(uintptr_t)(GRANULE_BYTES - 1), byte);
        top += note_met(marker, found->granule[i]);
    }
    marker->todo.top = top;
    for (size_t i = 0; i < others; i++)
        meet_inside(marker, marker->other[i]);
}

/* ---- objects ---- */

/* Both rounds' words, at once: there is no room, or nothing else to do in the meantime. */
static NOINLINE void settle_all(struct marker *marker) {
    for (unsigned i = 0; i < 2; i++)
        aim(marker, &marker->found[i]);
    for (unsigned i = 0; i < 2; i++)
        settle(marker, &marker->found[i]);
}

/* Words at any step, any number. */
static NOINLINE void gather_long(struct marker *marker, struct range words) {
    struct words *found = &marker->found[marker->round];
    uintptr_t lo = marker->lo, span = marker->span, mask = marker->mask;
    unsigned shift = marker->step_shift;
    uintptr_t end = words.hi - words.lo < WORD ? words.lo : words.hi - WORD + 1;
    for (uintptr_t at = words.lo; at < end;) {
        if (found->count == WORDS)
            settle_all(marker);
        size_t room = WORDS - found->count, left = ((end - 1 - at) >> shift) + 1;
        uintptr_t stop = at + ((left < room ? left : room) << shift);
        uintptr_t *next = found->word + found->count;
        for (; at < stop; at += (uintptr_t)1 << shift) {
            *next = heap_load(at) & mask;
            next += *next - lo < span;
        }
        found->count = (size_t)(next - found->word);
    }
}

static inline void gather_short(struct marker *marker, uintptr_t at, uintptr_t end) {
    struct words *found = &marker->found[marker->round];
    uintptr_t lo = marker->lo, span = marker->span, mask = marker->mask;
    if (!LIKELY(found->count + (end - at) / WORD <= WORDS))
        settle_all(marker);
    uintptr_t *next = found->word + found->count;
    for (; at < end; at += WORD) {
        uintptr_t word = heap_load(at) & mask;
        *next = word;
        next += word - lo < span;
    }
    found->count = (size_t)(next - found->word);
}

static NOINLINE void scan_long(struct marker *marker, work_item item) {
    const struct heap *heap = marker->heap;
    const struct object *object = heap_object(heap, item_id(marker, item));
    uint64_t size_bytes = object->size_bytes;
    struct range words = heap_contents(heap, item_start(item), size_bytes);
    marker->bytes_read += words.hi - words.lo;
    if (size_bytes < HEAP_LARGE_BYTES && !(object->flags & OBJECT_LINKS)) {
        gather_long(marker, words);
        return;
    }
    for (struct range r = heap_readable(heap, words.lo, words.hi); r.lo < r.hi; r = heap_readable(heap, r.hi, words.hi))
        gather_long(marker, r);
}

/* The first lines one after another, since each is a page walk; the rest is in the same page, as a rule. */
static void prefetch_contents(const struct objects *launched) {
    for (size_t i = 0; i < launched->count; i++)
        prefetch((const void *)item_start(launched->item[i]));
    for (size_t i = 0; i < launched->count; i++) {
        uintptr_t start = item_start(launched->item[i]);
        uintptr_t end = start + (item_code(launched->item[i]) - GRANULE_SHORT) * WORD;
        uintptr_t line = (start & ~(uintptr_t)(CACHE_LINE - 1)) + CACHE_LINE;
        for (int ahead = 1; ahead < LINES_AHEAD_MAX && line < end; ahead++, line += CACHE_LINE)
            prefetch((const void *)line);
    }
}

static void launch(struct marker *marker, struct objects *launched) {
    if (marker->todo.top == marker->todo.lo && !stack_down(&marker->todo))
        return;
    size_t there = (size_t)(marker->todo.top - marker->todo.lo), count = there < OBJECTS ? there : OBJECTS;
    marker->todo.top -= count;
    memcpy(launched->item, marker->todo.top, count * sizeof *launched->item);
    launched->count = count;
    prefetch_contents(launched);
    for (size_t i = 0; marker->shared->follow && i < count; i++)
        prefetch_slot(marker, item_start(launched->item[i]));
}

static void scan(struct marker *marker, struct objects *launched) {
    marker->objects_scanned += launched->count;
    for (size_t i = 0; i < launched->count; i++) {
        work_item item = launched->item[i];
        uintptr_t bytes = (item_code(item) - GRANULE_SHORT) * WORD;
        if (marker->shared->follow)
            set_bit(shared_bits(marker->shared->marks->possible), item_id(marker, item));
        if (LIKELY(item_code(item) < GRANULE_LONG)) {
            marker->bytes_read += bytes;
            gather_short(marker, item_start(item), item_start(item) + bytes);
        } else {
            scan_long(marker, item);
        }
    }
    launched->count = 0;
}

static int has_work(const struct marker *marker) {
    return !is_empty(&marker->todo) || marker->launched[0].count || marker->launched[1].count ||
           marker->found[0].count || marker->found[1].count;
}

/* Scan all that is met, and all that it leads to. What a round prefetches is read in the next one. */
static void trace(struct marker *marker) {
    struct marking *shared = marker->shared;
    do {
        while (!has_failed(shared) && has_work(marker)) {
            unsigned round = marker->round;
            launch(marker, &marker->launched[round]);
            scan(marker, &marker->launched[!round]);
            aim(marker, &marker->found[round]);
            settle(marker, &marker->found[!round]);
            marker->round = !round;
            give_if_wanted(marker);
        }
    } while (take(marker));
}

/* ---- phases: each is done by all of the crew ---- */

static void scan_roots(struct marker *marker, struct root_pass *pass) {
    const uintptr_t mask = sizeof(uintptr_t) - 1;
    size_t i;
    set_interior(marker, pass->interior);
    marker->by_counts = pass->by_counts;
    while (!has_failed(marker->shared) && crew_next(&pass->taken, pass->count, &i)) {
        const struct root *root = &pass->roots[i];
        if ((root->flags & pass->mask) == pass->flags)
            gather_long(marker, (struct range){(root->lo + mask) & ~mask, root->hi & ~mask});
    }
    settle_all(marker); /* before `interior` changes */
    marker->by_counts = 0;
}

static void enter(struct marker *marker, struct marking *shared, unsigned *number) {
    const struct heap *heap = shared->heap;
    *number = atomic_fetch_add_explicit(&shared->entered, 1, memory_order_relaxed);
    /* not cleared as a whole: the batches are long */
    marker->shared = shared;
    marker->heap = heap;
    marker->granules = &shared->granules;
    marker->lo = heap->lo;
    marker->span = heap->hi - heap->lo;
    marker->mask = heap->pointer_mask ? heap->pointer_mask : UINTPTR_MAX;
    marker->step_shift = heap->unaligned ? 0 : 3;
    marker->alone = !shared->crew;
    marker->by_counts = 0;
    marker->todo = (struct work_stack){0};
    marker->pending = &shared->pending[*number];
    marker->objects_scanned = marker->bytes_read = 0;
    marker->round = 0;
    for (unsigned i = 0; i < 2; i++)
        marker->launched[i].count = marker->found[i].count = 0;
    crew_lock(&shared->lock);
    shared->busy++;
    crew_unlock(&shared->lock);
}

static void leave(struct marker *marker) {
    struct marking *shared = marker->shared;
    crew_lock(&shared->lock);
    shared->objects_scanned += marker->objects_scanned;
    shared->bytes_read += marker->bytes_read;
    crew_unlock(&shared->lock);
}

/* Everything by way of starts and known-good shapes; interior pointers are remembered. */
static void mark_reachable(void *job) {
    struct marking *shared = job;
    const struct heap *heap = shared->heap;
    struct marker marker;
    unsigned number;
    enter(&marker, shared, &number);
    for (unsigned i = 0; i < shared->pass_count; i++)
        scan_roots(&marker, &shared->pass[i]);
    set_interior(&marker, MARK_KEEP);
    for (size_t i = 0; shared->with_ignored && number == 0 && i < heap->ignored_count; i++)
        meet_known(&marker, heap->ignored[i].address, heap->ignored[i].id);
    trace(&marker);
    leave(&marker);
}

/* What was remembered and not reached otherwise, to be traced. */
static void meet_pending(struct marker *marker, struct work_stack *pending) {
    struct marking *shared = marker->shared;
    work_item item;
    while (!has_failed(shared) && pop(pending, &item)) {
        uintptr_t start = item_start(item);
        object_id id = item_id(marker, item);
        if (is_met(shared, start, id, byte_at(marker->granules, start)))
            clear_bit(shared_bits(shared->marks->possible), id);
        else
            meet_known(marker, start, id);
    }
}

/* All that hangs from what was remembered. */
static void mark_possible(void *job) {
    struct marking *shared = job;
    struct marker marker;
    unsigned number;
    enter(&marker, shared, &number);
    set_interior(&marker, MARK_FOLLOW);
    for (unsigned i = 0; number == 0 && i < CREW_MAX; i++)
        meet_pending(&marker, &shared->pending[i]);
    trace(&marker);
    leave(&marker);
}

static void run_phase(struct marking *shared, crew_work *phase) {
    atomic_store(&shared->entered, 0);
    atomic_store(&shared->waiting, 0);
    crew_together(shared->crew, phase, shared);
}

/* ---- from bytes to bits by object id ---- */

static void clear_unmet_group(struct marking *shared, const struct granules_piece *piece, size_t first) {
    for (size_t number = first; number < first + sizeof(uint64_t); number++) {
        uint8_t byte = atomic_load_explicit(&piece->leaf->granule[number], memory_order_relaxed);
        uint32_t slot = atomic_load_explicit(&piece->index->slot[number], memory_order_relaxed);
        uintptr_t start = piece->base + number * GRANULE_BYTES + (slot & HEAP_SLOT_HALF ? GRANULE_BYTES / 2 : 0);
        object_id id = slot & HEAP_SLOT_ID;
        if ((byte & GRANULE_CODE) != GRANULE_EMPTY && id && !is_met(shared, start, id, byte))
            clear_bit(shared_bits(shared->cleared), id);
    }
}

static void clear_unmet_pieces(void *job) {
    typedef uint64_t __attribute__((may_alias)) granules_together;
    const uint64_t codes = UINT64_C(0x0101010101010101) * GRANULE_CODE;
    struct marking *shared = job;
    size_t number;
    while (crew_next(&shared->pieces_taken, shared->granules.piece_count, &number)) {
        const struct granules_piece *piece = &shared->granules.piece[number];
        for (size_t first = 0; first < HEAP_LEAF_SLOTS; first += sizeof(uint64_t)) {
            uint64_t bytes = *(const granules_together *)(const void *)&piece->leaf->granule[first];
            if (((bytes & codes) + codes) & ~bytes & ~codes) /* some byte has a code, and no GRANULE_MET */
                clear_unmet_group(shared, piece, first);
        }
    }
}

/* `bits` become those of all ids but of the objects that were not met. */
static void clear_unmet(struct marking *shared, uint64_t *bits) {
    const struct heap *heap = shared->heap;
    memset(bits, 0xff, ((size_t)heap->id_end + 63) / 64 * sizeof *bits);
    shared->cleared = bits;
    atomic_store(&shared->pieces_taken, 0);
    crew_together(shared->crew, clear_unmet_pieces, shared);
    for (size_t i = 0; i < heap->odd_count; i++) {
        uintptr_t start = heap->odd[i].address;
        if (!is_met(shared, start, heap->odd[i].id, byte_at(&shared->granules, start)))
            clear_bit(shared_bits(bits), heap->odd[i].id);
    }
}

/* ---- the whole ---- */

static uint64_t *new_bits(const struct heap *heap, struct arena *arena) {
    return arena_alloc(arena, ((size_t)heap->id_end + 63) / 64, sizeof(uint64_t));
}

/* Objects that the scan does not look at were met before it began. */
static void set_asked(struct marking *shared) {
    const struct heap *heap = shared->heap;
    if (!heap->subset)
        return;
    memset((void *)shared->asked, 0xff, ((size_t)heap->id_end + 63) / 64 * sizeof *shared->asked);
    for (size_t i = 0; i < heap->subset_count; i++)
        clear_bit(shared->asked, heap->subset[i].id);
}

static int has_live_roots(const struct marking *shared) {
    for (size_t i = 0; i < shared->root_count; i++)
        if (shared->roots[i].flags & (ROOT_LIVE | ROOT_STACK))
            return 1;
    return 0;
}

static int prepare(struct marking *shared) {
    const struct heap *heap = shared->heap;
    struct arena *arena = shared->arena;
    struct marks *marks = shared->marks;
    marks->reachable = new_bits(heap, arena);
    marks->possible = new_bits(heap, arena);
    marks->settled = new_bits(heap, arena);
    shared->asked = shared_bits(new_bits(heap, arena));
    if (!marks->reachable || !marks->possible || !marks->settled || !shared->asked)
        return -ENOMEM;
    set_asked(shared);
    return granules_build(&shared->granules, heap, shared->crew, arena);
}

enum { ROOT_KINDS = ROOT_STARTS_ONLY | ROOT_LIVE | ROOT_STACK };

static void set_passes(struct marking *shared, const struct root_pass *pass, unsigned count) {
    shared->pass_count = count;
    memcpy(shared->pass, pass, count * sizeof *pass);
}

/* What needs no stack and no register. `held`: see mark_by_counts(), or NULL */
static void mark_settled(struct marking *shared, const struct root *held) {
    const struct root *roots = shared->roots;
    const size_t count = shared->root_count;
    unsigned by_counts = held ? HEAP_ENTRY_ALL : 0;
    const struct root_pass pass[] = {
        {roots, count, ROOT_STARTS_ONLY, ROOT_STARTS_ONLY, MARK_IGNORE, by_counts, 0},
        {roots, count, ROOT_KINDS, 0, MARK_KEEP, by_counts, 0},
        {held, held != NULL, 0, 0, MARK_KEEP, 0, 0},
    };
    set_passes(shared, pass, sizeof pass / sizeof *pass);
    shared->with_ignored = 1;
    run_phase(shared, mark_reachable);
    clear_unmet(shared, shared->marks->settled);
}

static void mark_live(struct marking *shared, const struct root *held) {
    const struct root *roots = shared->roots;
    const size_t count = shared->root_count;
    const struct root_pass pass[] = {
        {roots, count, ROOT_KINDS, ROOT_LIVE, MARK_KEEP, held ? HEAP_ENTRY_ALL : 0, 0},
        {roots, count, ROOT_STARTS_ONLY | ROOT_STACK, ROOT_STACK, MARK_KEEP,
         held ? HEAP_ENTRY_COUNTED | HEAP_ENTRY_ALL : 0, 0},
    };
    set_passes(shared, pass, sizeof pass / sizeof *pass);
    shared->with_ignored = 0;
    run_phase(shared, mark_reachable);
    clear_unmet(shared, shared->marks->reachable);
}

static void mark_all(struct marking *shared, const struct root *held) {
    struct marks *marks = shared->marks;
    mark_settled(shared, held);
    memcpy(marks->reachable, marks->settled, ((size_t)shared->heap->id_end + 63) / 64 * sizeof *marks->settled);
    if (has_live_roots(shared))
        mark_live(shared, held);
    shared->follow = 1;
    run_phase(shared, mark_possible);
}

static int mark(const struct crew *crew, const struct heap *heap, const struct root *roots, size_t root_count,
                const struct root *held, struct arena *arena, struct marks *marks) {
    struct marking shared = {
        .heap = heap,
        .roots = roots,
        .root_count = root_count,
        .crew = crew && crew->size > 1 && heap->object_count >= CREW_OBJECTS_MIN ? crew : NULL,
        .marks = marks,
        .lock = ATOMIC_FLAG_INIT,
        .arena = arena,
    };
    int error = prepare(&shared);
    if (error)
        return error;
    mark_all(&shared, heap->entry ? held : NULL);
    marks->objects_scanned = shared.objects_scanned;
    marks->bytes_read = shared.bytes_read;
    return shared.error;
}

int mark_run(const struct heap *heap, const struct root *roots, size_t root_count, struct arena *arena,
             struct marks *marks) {
    return mark(NULL, heap, roots, root_count, NULL, arena, marks);
}

int mark_together(const struct crew *crew, const struct heap *heap, const struct root *roots, size_t root_count,
                  struct arena *arena, struct marks *marks) {
    return mark(crew, heap, roots, root_count, NULL, arena, marks);
}

int mark_by_counts(const struct heap *heap, const struct root *roots, size_t root_count, const struct root *held,
                   struct arena *arena, struct marks *marks) {
    return mark(NULL, heap, roots, root_count, held, arena, marks);
}
