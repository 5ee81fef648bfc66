/* path.c - the shortest way from a root to an object.
 *
 * Owns:    the search's arrays.      Never: recurses, writes to objects or marks.
 * Runs in: snapshot child (one thread), unit tests, tools.
 * Start:   path_find_all(), then search().
 *
 * What is kept of each object met is the address of the word that led to it. That is enough: the word lies in the object
 * before, and what it says is where in this object it points. Words are followed in batches, in passes, as in mark.c: each
 * pass prefetches what the next one reads. */
#include "path.h"

#include "pointers.h"

#include <errno.h>

enum { QUEUE_BLOCK = 4095, AHEAD = 16, WORDS = 256, LINE_BYTES = 64 };

/* The kernel gives programs no addresses so high that they would have these bits. */
#define FROM_ROOT (UINT64_C(1) << 63)
#define FROM_IGNORED (UINT64_C(1) << 62)
enum { FROM_FORM_SHIFT = 60, FROM_FORM_MASK = 3 }; /* of the pointer */
#define FROM_BITS (FROM_ROOT | FROM_IGNORED | (uintptr_t)FROM_FORM_MASK << FROM_FORM_SHIFT)
_Static_assert((int)HEAP_ADDRESS_BITS <= (int)FROM_FORM_SHIFT, "an address has none of FROM_BITS");

struct waiting {
    uintptr_t address;
    object_id id;
};
struct queue_block {
    struct queue_block *next;
    struct waiting item[QUEUE_BLOCK];
};
struct queue { /* first in, first out; blocks that are empty are used again */
    struct queue_block *first, *last, *spare;
    size_t first_at, last_at; /* next to be taken of `first`; next free of `last` */
};

struct search {
    const struct heap *heap;
    const struct root *roots;
    size_t root_count;
    struct arena *arena;
    uintptr_t *from;  /* by object id: the word that led to it, with FROM_*; 0: not met */
    uint64_t *wanted; /* bit by object id: targets that are not met yet */
    size_t wanted_count;
    struct queue queue;
    int starts_only, error;
    size_t word_count;
    uintptr_t from_word[WORDS]; /* addresses of words that may be pointers, with FROM_*, in the order of the search */
    object_id id[WORDS];        /* what they point at */
    uintptr_t start[WORDS];
};

/* ---- the queue ---- */

static int queue_block(struct queue *queue, struct arena *arena) {
    struct queue_block *block = queue->spare;
    if (block)
        queue->spare = block->next;
    else if (!(block = arena_alloc(arena, 1, sizeof *block)))
        return -ENOMEM;
    block->next = NULL;
    if (queue->last)
        queue->last->next = block;
    else
        queue->first = block;
    queue->last = block;
    queue->last_at = 0;
    return 0;
}

static int queue_put(struct queue *queue, struct arena *arena, struct waiting item) {
    if ((!queue->last || queue->last_at == QUEUE_BLOCK) && queue_block(queue, arena))
        return -ENOMEM;
    queue->last->item[queue->last_at++] = item;
    return 0;
}

static int queue_take(struct queue *queue, struct waiting *item) {
    struct queue_block *block = queue->first;
    if (block && queue->first_at == QUEUE_BLOCK && block->next) {
        queue->first = block->next;
        queue->first_at = 0;
        block->next = queue->spare;
        queue->spare = block;
        block = queue->first;
    }
    size_t end = block && block == queue->last ? queue->last_at : QUEUE_BLOCK;
    if (!block || queue->first_at == end)
        return 0;
    *item = block->item[queue->first_at++];
    return 1;
}

/* What will be taken soon is on its way when it is. Always inlined: a compiler takes a function that only prefetches for one
 * that does nothing. */
static inline __attribute__((always_inline)) void queue_prefetch(const struct search *search) {
    const struct queue *queue = &search->queue;
    size_t at = queue->first_at + AHEAD, end = queue->first == queue->last ? queue->last_at : QUEUE_BLOCK;
    if (at >= end)
        return;
    const struct waiting *item = &queue->first->item[at];
    __builtin_prefetch(heap_object(search->heap, item->id));
    __builtin_prefetch((const void *)item->address);
    __builtin_prefetch((const void *)(item->address + LINE_BYTES - 1));
}

/* ---- the search ---- */

static uintptr_t word_of(const struct search *search, uintptr_t from) {
    return pointers_load(search->heap, from & ~FROM_BITS, from >> FROM_FORM_SHIFT & FROM_FORM_MASK);
}

static void meet(struct search *search, object_id id, uintptr_t start, uintptr_t from) {
    if (search->from[id])
        return;
    search->from[id] = from;
    search->wanted_count -= (size_t)mark_test(search->wanted, id);
    if (queue_put(&search->queue, search->arena, (struct waiting){start, id}))
        search->error = -ENOMEM;
}

static void settle(struct search *search) {
    const struct heap *heap = search->heap;
    size_t count = search->word_count;
    for (size_t i = 0; i < count; i++) {
        uintptr_t word = word_of(search, search->from_word[i]);
        object_id id = heap_held(heap, word, &search->start[i]);
        search->id[i] = id && search->starts_only && search->start[i] != word ? 0 : id;
        __builtin_prefetch(&search->from[search->id[i]], 1);
    }
    search->word_count = 0;
    for (size_t i = 0; i < count; i++)
        if (search->id[i])
            meet(search, search->id[i], search->start[i], search->from_word[i]);
}

static void follow(struct search *search, struct pointers walk, uintptr_t from_bits) {
    const struct heap *heap = search->heap;
    from_bits |= (uintptr_t)walk.form << FROM_FORM_SHIFT;
    for (uintptr_t word, at; (at = pointers_next(heap, &walk, &word));) {
        const struct heap_leaf *leaf = heap_leaf_at(heap->index, word);
        if (leaf)
            __builtin_prefetch((const void *)&leaf->slot[heap_slot_number(word)]);
        search->from_word[search->word_count++] = at | from_bits;
        if (search->word_count == WORDS)
            settle(search);
    }
}

static void follow_roots(struct search *search) {
    const struct heap *heap = search->heap;
    for (size_t i = 0; i < search->root_count; i++) {
        const struct root *root = &search->roots[i];
        search->starts_only = (root->flags & ROOT_STARTS_ONLY) != 0;
        follow(search, pointers_in(heap, root->lo, root->hi), FROM_ROOT);
        settle(search);
    }
    search->starts_only = 0;
    for (size_t i = 0; i < heap->ignored_count; i++)
        meet(search, heap->ignored[i].id, heap->ignored[i].address, FROM_IGNORED);
}

static void follow_object(struct search *search, const struct waiting *item) {
    follow(search, pointers_of(search->heap, heap_object(search->heap, item->id), item->address), 0);
}

/* Objects are taken before all that was found earlier is queued, but words stay in order, and so do the objects. */
static void search_heap(struct search *search) {
    struct waiting item;
    follow_roots(search);
    while (!search->error && search->wanted_count) {
        if (queue_take(&search->queue, &item)) {
            queue_prefetch(search);
            follow_object(search, &item);
        } else if (search->word_count) {
            settle(search);
        } else {
            break;
        }
    }
}

/* ---- the way back ---- */

/* One object on the way, seen from the target's end. */
struct place {
    object_id id;
    uintptr_t start;
    uint64_t offset; /* as in struct path_step */
};

static struct path_step step_of(const struct search *search, const struct place *place) {
    const struct object *object = heap_object(search->heap, place->id);
    return (struct path_step){object->site, object->size_bytes, place->offset, 1};
}

/* The object before, or 0 when a root is. */
static int go_back(const struct search *search, struct place *place) {
    uintptr_t from = search->from[place->id], at = from & ~FROM_BITS, start;
    if (from & (FROM_ROOT | FROM_IGNORED))
        return 0;
    place->id = heap_find(search->heap, at, &start);
    place->start = start;
    place->offset = at - start;
    return 1;
}

static struct place target_place(const struct search *search, uintptr_t target) {
    struct place place = {0};
    place.id = heap_find(search->heap, target, &place.start);
    uintptr_t from = search->from[place.id];
    if (!(from & FROM_IGNORED))
        place.offset = word_of(search, from) - place.start;
    return place;
}

static int is_same_step(const struct path_step *a, const struct path_step *b) {
    return a->site == b->site && a->size_bytes == b->size_bytes && a->offset == b->offset;
}

/* Fill `steps` from the end on, or only count them when it is NULL. The target itself is never folded: its offset says
 * something else. */
static size_t walk_back(const struct search *search, struct place *place, struct path_step *steps, size_t room) {
    struct path_step step = step_of(search, place);
    size_t count = 1;
    if (steps)
        steps[room - 1] = step;
    while (go_back(search, place)) {
        struct path_step before = step_of(search, place);
        int fold = count > 1 && is_same_step(&before, &step);
        count += (size_t)!fold;
        step = before;
        if (steps && fold)
            steps[room - count].count++;
        else if (steps)
            steps[room - count] = step;
    }
    return count;
}

static size_t root_of(const struct search *search, uintptr_t word) {
    size_t root = 0;
    while (root < search->root_count && !(word >= search->roots[root].lo && word < search->roots[root].hi))
        root++;
    return root;
}

static int describe(const struct search *search, uintptr_t target, struct path *path) {
    struct place place = target_place(search, target);
    size_t count = walk_back(search, &place, NULL, 0);
    struct path_step *steps = arena_alloc(search->arena, count, sizeof *steps);
    if (!steps)
        return -ENOMEM;
    place = target_place(search, target);
    walk_back(search, &place, steps, count);
    uintptr_t from = search->from[place.id];
    path->steps = steps;
    path->step_count = count;
    path->root_word = from & FROM_IGNORED ? place.start : from & ~FROM_BITS;
    path->root = from & FROM_IGNORED ? search->root_count : root_of(search, path->root_word);
    return 0;
}

/* ---- the whole ---- */

static void want(struct search *search, const uintptr_t *targets, size_t count) {
    uintptr_t start;
    for (size_t i = 0; i < count; i++) {
        object_id id = heap_find(search->heap, targets[i], &start);
        search->wanted_count += id && !mark_test(search->wanted, id);
        search->wanted[id >> 6] |= (uint64_t)(id != 0) << (id & 63);
    }
}

int path_find_all(const struct heap *heap, const struct root *roots, size_t root_count, const uintptr_t *targets,
                  size_t target_count, struct arena *arena, struct path *out) {
    struct search search; /* not cleared as a whole: the batches are long */
    uintptr_t start;
    search.heap = heap;
    search.roots = roots;
    search.root_count = root_count;
    search.arena = arena;
    search.wanted_count = search.word_count = 0;
    search.queue = (struct queue){0};
    search.starts_only = search.error = 0;
    search.from = arena_alloc(arena, heap->id_end, sizeof *search.from);
    search.wanted = arena_alloc(arena, ((size_t)heap->id_end + 63) / 64, sizeof *search.wanted);
    if (!search.from || !search.wanted)
        return -ENOMEM;
    want(&search, targets, target_count);
    search_heap(&search);
    for (size_t i = 0; i < target_count && !search.error; i++) {
        object_id id = heap_find(heap, targets[i], &start);
        out[i] = (struct path){0};
        if (id && search.from[id])
            search.error = describe(&search, targets[i], &out[i]);
    }
    return search.error;
}

int path_find(const struct heap *heap, const struct root *roots, size_t root_count, uintptr_t target,
              struct arena *arena, struct path *out) {
    int error = path_find_all(heap, roots, root_count, &target, 1, arena, out);
    return error ? error : out->step_count ? 0 : -ENOENT;
}
