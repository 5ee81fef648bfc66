/* contexts.c - the tree of allocation stacks.
 *
 * Owns:    the table of nodes. Readers are lock-free; a node never changes but for its site.
 * Never:   takes a hash for a stack: frames are compared, each with the node outside it.
 * Start:   contexts_site(). Invariants: README.md, "Stacks". */
#include "contexts.h"

#include <stdatomic.h>
#include <stddef.h>

#include "lock.h"
#include "pages.h"
#include "site.h"

/* A node stands where the hash of its whole stack says: so where to look for each of several nodes does not depend on what
 * was found for the one outside, and all of them are read at the same time.
 *
 *   first   frame << 16 | low 16 bits of the outer node's number
 *   second  its own number << 32 | the other 8 bits of the outer one's << 24 | site, or 0; written last. 0: there is no node */
struct node {
    _Atomic uint64_t first, second;
};
enum {
    FRAME_BITS = 48, /* there are no nodes for other frames */
    LOW_BITS = 64 - FRAME_BITS,
    SITE_BITS = 24,
    NUMBER_SHIFT = 32,
    NODES_MAX = (1 << (LOW_BITS + NUMBER_SHIFT - SITE_BITS)) - 1,
    CAPACITY_MIN = 1 << 11,
};
_Static_assert(SITES_MAX < 1 << SITE_BITS, "a site fits in");

struct contexts {
    _Alignas(16) size_t capacity;
    struct node node[];
};

static struct contexts *_Atomic contexts;
static uint32_t node_count; /* also the number of the last one made */
static _Atomic int is_full; /* memory was refused, or numbers are used up: what is there stays, and no more comes */

static inline uint64_t first_of(uint64_t frame, uint32_t outer) {
    return frame << LOW_BITS | (outer & ((1 << LOW_BITS) - 1));
}
static inline uint64_t second_of(uint32_t number, uint32_t outer) {
    return (uint64_t)number << NUMBER_SHIFT | outer >> LOW_BITS << SITE_BITS;
}
static inline uint32_t outer_of(uint64_t first, uint64_t second) {
    return (uint32_t)(first & ((1 << LOW_BITS) - 1)) | (uint32_t)second >> SITE_BITS << LOW_BITS;
}
static inline uint32_t number_of(uint64_t second) {
    return (uint32_t)(second >> NUMBER_SHIFT);
}
static inline uint32_t site_of(uint64_t second) {
    return second & SITES_MAX;
}

/* The place of this node, or the empty one where it would stand. *second receives that word of it */
static inline __attribute__((always_inline)) struct node *find(struct contexts *table, uint64_t hash, uint64_t frame,
                                                               uint32_t outer, uint64_t *second) {
    const uint64_t first = first_of(frame, outer);
    const size_t mask = table->capacity - 1;
    for (size_t at = (hash ^ hash >> 32) & mask;; at = (at + 1) & mask) {
        struct node *node = &table->node[at];
        *second = atomic_load_explicit(&node->second, memory_order_acquire);
        if (!*second || (atomic_load_explicit(&node->first, memory_order_relaxed) == first &&
                         (uint32_t)*second >> SITE_BITS == outer >> LOW_BITS))
            return node;
    }
}

uint32_t contexts_site(const uint64_t *frames, const uint64_t *hashes, uint32_t *nodes, uint32_t count) {
    struct contexts *table = atomic_load_explicit(&contexts, memory_order_acquire);
    if (__builtin_expect(!table, 0))
        return 0;
    uint64_t second = 0;
    uint32_t outer = nodes[count];
    for (size_t i = count; i-- > 0;) {
        if (__builtin_expect(frames[i] >> FRAME_BITS != 0, 0))
            return 0;
        find(table, hashes[i], frames[i], outer, &second);
        if (__builtin_expect(!second, 0))
            return 0;
        nodes[i] = outer = number_of(second);
    }
    return site_of(second);
}

static void put(struct node *node, uint64_t first, uint64_t second) {
    atomic_store_explicit(&node->first, first, memory_order_relaxed);
    atomic_store_explicit(&node->second, second, memory_order_release);
}

/* All nodes of a table into a larger one. Their hashes, which they don't hold, follow from those of the outer ones, which are
 * older.
 * nodes, hashes  one for each number */
static void copy_locked(const struct contexts *from, struct contexts *to, const struct node **nodes, uint64_t *hashes) {
    for (size_t i = 0; i < from->capacity; i++)
        nodes[number_of(from->node[i].second)] = &from->node[i]; /* [0]: of those that hold none */
    for (uint32_t number = 1; number <= node_count; number++) {
        uint64_t first = nodes[number]->first, second = nodes[number]->second, frame = first >> LOW_BITS, none;
        uint32_t outer = outer_of(first, second);
        hashes[number] = site_hash_step(hashes[outer], frame);
        put(find(to, hashes[number], frame, outer, &none), first, second);
    }
}

static struct contexts *grow_locked(const struct contexts *table) {
    struct arena arena;
    void *loans;
    pages_loan(&arena, &loans);
    const struct node **nodes = arena_alloc(&arena, node_count + 1, sizeof(struct node *));
    uint64_t *hashes = arena_alloc(&arena, node_count + 1, sizeof *hashes);
    size_t capacity = table ? table->capacity * 2 : CAPACITY_MIN;
    struct contexts *larger =
        nodes && hashes ? pages_alloc_table(sizeof *larger + capacity * sizeof larger->node[0]) : NULL;
    if (larger) {
        larger->capacity = capacity;
        if (table)
            copy_locked(table, larger, nodes, hashes);
        atomic_store_explicit(&contexts, larger, memory_order_release);
    }
    pages_loan_return(&loans);
    if (!larger)
        is_full = 1;
    return larger;
}

/* A table with room for one more: the present one, or its double. Old ones stay for readers under way. */
static struct contexts *room_locked(void) {
    struct contexts *table = atomic_load_explicit(&contexts, memory_order_relaxed);
    return table && node_count + 1 < table->capacity / 2 ? table : grow_locked(table);
}

/* returns the node's place, or NULL: there is no room */
static struct node *node_locked(uint64_t hash, uint64_t frame, uint32_t outer) {
    struct contexts *table = frame >> FRAME_BITS ? NULL : room_locked();
    if (!table)
        return NULL;
    uint64_t second;
    struct node *node = find(table, hash, frame, outer, &second);
    if (!second) {
        put(node, first_of(frame, outer), second_of(++node_count, outer));
        if (node_count == NODES_MAX)
            is_full = 1;
    }
    return node;
}

static void set_site(struct node *node, uint32_t site) {
    uint64_t second = atomic_load_explicit(&node->second, memory_order_relaxed);
    atomic_store_explicit(&node->second, second - site_of(second) + site, memory_order_release);
}

static int enter_locked(const uint64_t *frames, const uint64_t *hashes, uint32_t *nodes, uint32_t count,
                        uint32_t site) {
    struct node *node = NULL;
    for (uint32_t i = count; i-- > 0; nodes[i] = number_of(node->second))
        if (is_full || !(node = node_locked(hashes[i], frames[i], nodes[i + 1])))
            return -1;
    if (!site_get(site)->stale)
        set_site(node, site);
    return 0;
}

int contexts_enter(const uint64_t *frames, const uint64_t *hashes, uint32_t *nodes, uint32_t count, uint32_t site) {
    if (is_full)
        return -1;
    lock_take(LOCK_SITE);
    int result = enter_locked(frames, hashes, nodes, count, site);
    lock_release(LOCK_SITE);
    return result;
}

void contexts_forget_stale_locked(void) {
    struct contexts *table = atomic_load_explicit(&contexts, memory_order_relaxed);
    for (size_t i = 0; table && i < table->capacity; i++) {
        uint32_t site = site_of(table->node[i].second);
        if (site && site_get(site)->stale)
            set_site(&table->node[i], 0);
    }
}

void contexts_forget_all(void) {
    atomic_store(&contexts, NULL);
    node_count = 0;
    is_full = 0;
}
