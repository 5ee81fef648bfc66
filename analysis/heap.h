/* heap.h - the heap view: what the recorder writes and the marker reads.
 *
 * object        one live allocation; its id is a number from 1 up, reused after free
 * heap_index    address -> object id, a radix tree over the address space whose leaves hold one 32-bit slot
 *               for every 16 bytes (GRANULE) of heap; a slot says which object *begins* in that granule
 * heap          both, plus what a scan adds: bounds, large objects, memory that can't be read
 *
 * Writers (preload/record.c) store slots with release order; the allocator guarantees that an address belongs to one
 * thread between malloc's return and free's entry, so no slot has two writers. Readers run on a frozen snapshot. */
#ifndef CASTAWAY_ANALYSIS_HEAP_H
#define CASTAWAY_ANALYSIS_HEAP_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

typedef uint32_t object_id; /* 0: none */

/* One live allocation, 16 bytes. The address is not stored: it follows from the place in the index. */
struct object {
    uint64_t size_bytes : 40; /* as requested, or what the program was told that it has */
    uint64_t site : 24;       /* allocation stack; 0: unknown */
    uint32_t birth;           /* serial, low 32 bits; grows with time */
    uint32_t refs : 24;       /* link to reference-count history; 0: none */
    uint32_t generation : 2;  /* 0 young, 1, 2 old */
    uint32_t flags : 6;       /* OBJECT_* */
};
enum {
    OBJECT_INHERITED = 1, /* born before the fork that made this process: marked through, never counted */
    OBJECT_IGNORED = 2,   /* declared reachable by the program */
    OBJECT_SUSPECT = 4,   /* set in a snapshot only: lost, not yet confirmed by another scan */
    OBJECT_KNOWN = 8,     /* set in a snapshot only: confirmed by an earlier scan */
    OBJECT_LINKS = 16,    /* set in a snapshot only: heap.unreadable has links of it, or a part of it, small as it is */
    OBJECT_ENCODED = 32,  /* set in a snapshot only: its pointers are not plain words (encoded.h) */
    OBJECT_UNUSUAL = OBJECT_LINKS | OBJECT_ENCODED, /* it is not read word by word */
};

/* The kernel gives programs no address beyond. Source: Linux, arch/x86/x86_64/mm.rst; arch/arm64/memory.rst */
#if defined(__x86_64__)
enum { HEAP_ADDRESS_BITS = 47 };
#else
enum { HEAP_ADDRESS_BITS = 48 };
#endif

enum {
    HEAP_GRANULE_SHIFT = 4,
    HEAP_LEAF_SHIFT = 20,                   /* a leaf covers 1 MiB */
    HEAP_NODE_SHIFT = 33,                   /* a node covers 8 GiB */
    HEAP_LEAF_BYTES = 1 << HEAP_LEAF_SHIFT, /* of heap that it covers */
    HEAP_LEAF_SLOTS = 1 << (HEAP_LEAF_SHIFT - HEAP_GRANULE_SHIFT),
    HEAP_NODE_LEAVES = 1 << (HEAP_NODE_SHIFT - HEAP_LEAF_SHIFT),
    HEAP_INDEX_NODES = 1 << (HEAP_ADDRESS_BITS - HEAP_NODE_SHIFT),
    HEAP_CHUNK_SHIFT = 16, /* objects are kept in chunks of 64 Ki */
    HEAP_CHUNK_OBJECTS = 1 << HEAP_CHUNK_SHIFT,
    HEAP_CHUNKS_MAX = 1 << 15,
    HEAP_LARGE_BYTES = 4096, /* objects from this size on also stand in heap.large */
    HEAP_BLOCK_SHIFT = 6,    /* a block is 64 slots, 1 KiB of heap: the grain in which young objects are looked for */
    HEAP_LEAF_BLOCKS = HEAP_LEAF_SLOTS >> HEAP_BLOCK_SHIFT,
    HEAP_EPOCHS = 255, /* epochs count 1..255 and begin again; 0: never */
};

/* A slot: object id in the low 31 bits, and whether the object begins 8 bytes into the granule (allocators other than
 * glibc's align 8-byte objects to 8). An object at any other address, or a second one in a granule, goes to `odd`. */
#define HEAP_SLOT_HALF 0x80000000u
#define HEAP_SLOT_ID 0x7fffffffu

/* born and large are hints, so that a young scan needs not walk every slot: each may say too much (objects that were
 * freed since, an epoch that came round again), never too little. They are only ever stored to, by whoever enters an
 * object, and cleared by nobody. */
struct heap_leaf {
    _Atomic uint32_t slot[HEAP_LEAF_SLOTS];
    /* the epoch (count of scans) in which an object last began in the block, set before the slot; 0: none ever did */
    _Atomic uint8_t born[HEAP_LEAF_BLOCKS];
    _Atomic uint8_t large[HEAP_LEAF_BLOCKS]; /* 1: an object of HEAP_LARGE_BYTES or more began in the block */
};
struct heap_node {
    struct heap_leaf *_Atomic leaf[HEAP_NODE_LEAVES];
    _Atomic uint64_t made[HEAP_NODE_LEAVES / 64]; /* a bit for each leaf, set before there is one */
};
struct heap_index {
    struct heap_node *_Atomic node[HEAP_INDEX_NODES];
    _Atomic uint64_t made[HEAP_INDEX_NODES / 64]; /* the same for nodes: walks pass by what is empty */
};
static inline void heap_announce(_Atomic uint64_t *made, size_t number) {
    atomic_fetch_or_explicit(&made[number / 64], 1ull << number % 64, memory_order_release);
}

/* Where pointers to an object point at. Its start is the word at HEAP_ENTRY_WORD; what points below that is no pointer to
 * it, but with HEAP_ENTRY_BELOW one into its middle. Of an object that is HEAP_ENTRY_COUNTED it is known how many references
 * it has, and which words in the heap are references (counts.h); HEAP_ENTRY_ALL: and that whatever keeps it alive is
 * counted, or it is a part of such objects; then no other pointer into it counts. */
enum { HEAP_ENTRY_WORD = 0x1f, HEAP_ENTRY_BELOW = 0x20, HEAP_ENTRY_ALL = 0x40, HEAP_ENTRY_COUNTED = 0x80 };

struct heap_odd { /* an object that has no slot of its own: in heap.odd, sorted by address after heap_freeze() */
    uintptr_t address;
    object_id id;
};
struct heap_large {
    uintptr_t lo, hi; /* hi = lo + size */
    object_id id;
};
struct range {
    uintptr_t lo, hi; /* half-open */
};
/* The first of `count` ranges that ends behind `address`, or `count`. They are sorted and apart. */
static inline size_t range_first_behind(const struct range *range, size_t count, uintptr_t address) {
    size_t lo = 0, hi = count;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (range[middle].hi <= address)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}
struct heap_piece { /* a leaf in which objects begin */
    uintptr_t base;
    const struct heap_leaf *leaf;
    uint64_t blocks[HEAP_LEAF_BLOCKS / 64]; /* bits: some object begins in the block */
};

struct heap {
    struct heap_index *index;
    struct object **chunk; /* [HEAP_CHUNKS_MAX], NULL where none; object id -> chunk[id >> 16][id & 0xffff] */
    object_id id_end;      /* every id is below this */
    struct heap_odd *odd;  /* sorted by address; borrowed */
    size_t odd_count;
    struct range *unreadable; /* sorted; memory inside objects that is no place for pointers: what must not be touched
                                 (PROT_NONE pages), and words that own nothing (counts.h); borrowed */
    size_t unreadable_count;
    const struct holes *holes;   /* finds a place in that list, where it is long (holes.h); NULL: none is needed */
    uint8_t *entry;              /* by object id, HEAP_ENTRY_*; NULL: 0 for all. Set by counts_install() */
    struct range *vtable_ranges; /* sorted; readable memory that is never written after loading, where C++ keeps its
                                    vtables; borrowed. None: multiple inheritance is not recognised (shape.h) */
    size_t vtable_range_count;
    struct heap_odd *subset; /* sorted by address; when not NULL, heap_each() walks these objects only (young.h) */
    size_t subset_count;
    uintptr_t pointer_mask; /* bits of a word that are a pointer; 0: all. For programs that keep tags in high bits */
    int unaligned;          /* pointers may stand at any address */
    int ends_hold;          /* no object begins where another ends, for the allocator keeps words of its own in between:
                               a pointer to an object's end is then a pointer into it */
    struct heap_piece *piece; /* in address order; set by heap_freeze(), NULL before: the index has to be read */
    size_t piece_count;
    /* set by heap_freeze() or young_view() */
    uintptr_t lo, hi;         /* every object lies in [lo, hi) */
    struct heap_large *large; /* sorted by lo */
    size_t large_count;
    struct heap_odd *ignored; /* objects flagged OBJECT_IGNORED */
    size_t ignored_count;
    struct heap_odd *encoded; /* objects flagged OBJECT_ENCODED; set by encoded_find() */
    size_t encoded_count;
    const uint8_t *places; /* where objects lie, roughly: places.h */
    size_t object_count;
    uint64_t object_bytes;
};

static inline struct object *heap_object(const struct heap *heap, object_id id) {
    return &heap->chunk[id >> HEAP_CHUNK_SHIFT][id & (HEAP_CHUNK_OBJECTS - 1)];
}

/* The leaf that covers `address`, or NULL. Addresses from 2^HEAP_ADDRESS_BITS on have none. */
static inline struct heap_leaf *heap_leaf_at(const struct heap_index *index, uintptr_t address) {
    const size_t node_at = address >> HEAP_NODE_SHIFT;
    struct heap_node *node =
        node_at < HEAP_INDEX_NODES ? atomic_load_explicit(&index->node[node_at], memory_order_acquire) : NULL;
    if (!node)
        return NULL;
    return atomic_load_explicit(&node->leaf[(address >> HEAP_LEAF_SHIFT) & (HEAP_NODE_LEAVES - 1)],
                                memory_order_acquire);
}
static inline size_t heap_slot_number(uintptr_t address) {
    return (address >> HEAP_GRANULE_SHIFT) & (HEAP_LEAF_SLOTS - 1);
}

/* Where pointers to an object that begins at `address` end: a pointer to nothing's start is a pointer to it. */
static inline uintptr_t heap_end(const struct heap *heap, uintptr_t address, uint64_t size_bytes) {
    return address + size_bytes + (heap->ends_hold || !size_bytes);
}

/* Walk all objects in address order (those in `odd` after the others), or those of the subset.
 * visit returns 0 to go on; anything else ends the walk and is returned. */
typedef int heap_visit_cb(void *context, uintptr_t address, object_id id);
int heap_each(const struct heap *heap, heap_visit_cb *visit, void *context);

/* The same for those who read each object: its record and its first bytes are on their way while others are visited. */
int heap_each_ahead(const struct heap *heap, heap_visit_cb *visit, void *context);

/* The pieces of such a walk. heap_next_leaf: the first leaf that covers *base or lies beyond; *base becomes the address
 * where it begins; NULL: there is none. heap_each_in_leaf: the objects of its slots [first, end). */
struct heap_leaf *heap_next_leaf(const struct heap_index *index, uintptr_t *base);
int heap_each_in_leaf(const struct heap_leaf *leaf, uintptr_t base, size_t first, size_t end, heap_visit_cb *visit,
                      void *context);
/* Bits of the slots of a block of 64 in which an object begins: whether one does is a coin's toss, where objects are small. */
uint64_t heap_block_begun(const struct heap_leaf *leaf, size_t block);

/* Compute bounds, counts and the table of large objects; call once, before marking, on a heap that no longer changes.
 * returns 0, or -ENOMEM (heap unusable). */
struct arena;
int heap_freeze(struct heap *heap, struct arena *arena);

/* Does the object that begins at `start` contain `address`? One without any bytes contains its start. */
static inline int heap_contains(const struct heap *heap, uintptr_t start, object_id id, uintptr_t address) {
    return address == start || address - start < heap_object(heap, id)->size_bytes;
}

/* The object that contains `address` (at its start or inside its requested size; a zero-sized object has its start).
 * start   receives the object's first address
 * returns its id, or 0 */
object_id heap_find(const struct heap *heap, uintptr_t address, uintptr_t *start);

/* How far the start of an object, as those see it who point at it, is from its first byte. */
static inline uintptr_t heap_entry(const struct heap *heap, object_id id) {
    return heap->entry ? (uintptr_t)(heap->entry[id] & HEAP_ENTRY_WORD) * sizeof(uintptr_t) : 0;
}

/* The object that ends at `address`, if it may be a new T[0] of a T with a destructor: nothing but the number of elements,
 * and a pointer to these is its end. returns its id, or 0; *start receives its address then */
object_id heap_empty_array(const struct heap *heap, uintptr_t address, uintptr_t *start);

/* The object that contains `address` or ends there, if it is a large one or has no slot.
 * none     receives addresses around this one for which the answer is 0, when it is known to be
 * returns  its id, or 0; *start receives its address then */
object_id heap_find_far(const struct heap *heap, uintptr_t address, uintptr_t *start, struct range *none);

/* Is `address` this object's end, and does that hold it? Not at the start of a page, where the object may have been mapped
 * for itself: what is mapped there has its own pointers. */
int heap_is_ended(const struct heap *heap, object_id id, uintptr_t start, uintptr_t address);

/* The object of which that is so. returns its id, or 0; *start receives its address then */
object_id heap_ended(const struct heap *heap, uintptr_t address, uintptr_t *start);

/* Does an address inside this object point at it? */
static inline int heap_is_pointed(const struct heap *heap, object_id id, uintptr_t start, uintptr_t address) {
    if (!heap->entry || !heap->entry[id])
        return 1;
    uintptr_t offset = address - start, entry = heap_entry(heap, id);
    if (offset == entry || heap->entry[id] & HEAP_ENTRY_BELOW)
        return 1;
    return offset > entry && !(heap->entry[id] & HEAP_ENTRY_ALL);
}

/* The object that `address` points at: heap_find(), but for what points below an object's entry, and empty arrays. */
static inline object_id heap_pointed(const struct heap *heap, uintptr_t address, uintptr_t *start) {
    object_id id = heap_find(heap, address, start);
    if (!id)
        return heap_empty_array(heap, address, start);
    return heap_is_pointed(heap, id, *start, address) ? id : 0;
}

/* The object that a pointer to `address` keeps: heap_pointed(), or heap_ended(). */
static inline object_id heap_held(const struct heap *heap, uintptr_t address, uintptr_t *start) {
    object_id id = heap_pointed(heap, address, start);
    return id ? id : heap_ended(heap, address, start);
}

/* An address, turned round: the low bits are the slot's number in its leaf, those above it the number of the leaf's megabyte,
 * and the highest what the start of a granule has not. So one comparison of keys tells all but the slot. */
static inline uint64_t heap_turned(uintptr_t address) {
    return (uint64_t)address >> HEAP_GRANULE_SHIFT | (uint64_t)address << (64 - HEAP_GRANULE_SHIFT);
}
static inline uint64_t heap_turned_key(uint64_t turned) {
    return turned >> (HEAP_LEAF_SHIFT - HEAP_GRANULE_SHIFT);
}

/* The object that begins at `address` and has a slot, or 0. */
static inline object_id heap_starting_at(const struct heap *heap, uintptr_t address) {
    const uintptr_t granule_bytes = 1u << HEAP_GRANULE_SHIFT;
    const struct heap_leaf *leaf = heap_leaf_at(heap->index, address);
    uint32_t slot = leaf ? atomic_load_explicit(&leaf->slot[heap_slot_number(address)], memory_order_relaxed) : 0;
    uintptr_t within = slot & HEAP_SLOT_HALF ? granule_bytes / 2 : 0;
    return address % granule_bytes == within ? slot & HEAP_SLOT_ID : 0;
}

/* The object that begins at `address`, or 0. Needs no bounds, only a sorted `odd`. */
object_id heap_at(const struct heap *heap, uintptr_t address);

void heap_sort_odd(struct heap_odd *list, size_t count);
void heap_sort_large(struct heap_large *large, size_t count);

/* Two lists sorted by address into one, each address once. out: room for both. returns how many there are. */
size_t heap_merge(const struct heap_odd *a, size_t a_count, const struct heap_odd *b, size_t b_count,
                  struct heap_odd *out);

/* Was serial `a` given before serial `b`? They wrap; right for serials less than 2^31 births apart. */
static inline int heap_born_before(uint32_t a, uint32_t b) {
    return (int32_t)(a - b) < 0;
}

/* The first stretch of [lo, hi) that may be touched, empty when there is none. Walk all of them with
 *   for (r = heap_readable(heap, lo, hi); r.lo < r.hi; r = heap_readable(heap, r.hi, hi)) */
struct range heap_readable(const struct heap *heap, uintptr_t lo, uintptr_t hi);

/* The same of an object's memory. Of most it is known that all of it may be touched. */
static inline struct range heap_readable_in(const struct heap *heap, const struct object *object, uintptr_t lo,
                                            uintptr_t hi) {
    int is_whole = object->size_bytes < HEAP_LARGE_BYTES && !(object->flags & OBJECT_LINKS);
    return is_whole ? (struct range){lo, hi} : heap_readable(heap, lo, hi);
}

/* The aligned words that lie wholly inside an object: where pointers are looked for. */
static inline struct range heap_words(uintptr_t address, uint64_t size_bytes) {
    const uintptr_t mask = sizeof(uintptr_t) - 1;
    struct range words = {(address + mask) & ~mask, (address + size_bytes) & ~mask};
    if (words.hi < words.lo)
        words.hi = words.lo;
    return words;
}

/* Where pointers are looked for in an object of this heap. */
static inline struct range heap_contents(const struct heap *heap, uintptr_t address, uint64_t size_bytes) {
    return heap->unaligned ? (struct range){address, address + size_bytes} : heap_words(address, size_bytes);
}

/* A word of the program's memory, whatever its type there. */
static inline uintptr_t heap_load(uintptr_t address) {
    typedef uintptr_t __attribute__((may_alias, aligned(1))) any_word;
    return *(const any_word *)address;
}

static inline uintptr_t heap_load_half(uintptr_t address) {
    typedef uint32_t __attribute__((may_alias, aligned(1))) any_half;
    return *(const any_half *)address;
}

/* The same, as the pointer that it may be. */
static inline uintptr_t heap_pointer(const struct heap *heap, uintptr_t address) {
    return heap_load(address) & (heap->pointer_mask ? heap->pointer_mask : UINTPTR_MAX);
}

#endif
