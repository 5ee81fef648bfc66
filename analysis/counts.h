/* counts.h - what is known of single objects besides their bytes: how many references they have, of what type they are,
 * which of their words own nothing.
 *
 * Filled by whoever knows: languages and libraries read from memory (python.h, cxx.h), hooks. Then counts_install() tells
 * the heap view, so that the marker and the lost graph see only pointers that own.
 *
 *   counts_begin(); python_read(); cxx_read(); ... counts_install(); mark_run(); audit_run(); verdict_run() */
#ifndef CASTAWAY_ANALYSIS_COUNTS_H
#define CASTAWAY_ANALYSIS_COUNTS_H

#include "arena.h"
#include "heap.h"

/* Where a count comes from: enumerator, word in files. NONE: only a type is known. */
#define COUNT_SOURCES(X)                                                                                               \
    X(NONE, "")                                                                                                        \
    X(HOOK, "hook")                                                                                                    \
    X(PAIR, "pair")                                                                                                    \
    X(MEMORY, "memory")

enum count_source {
#define X(name, word) COUNT_##name,
    COUNT_SOURCES(X)
#undef X
};

struct counted {
    object_id id;
    uint32_t type;     /* number in counts.types; 0: not known */
    int64_t count;     /* references that keep it alive, by the program's own book */
    uint32_t weak;     /* how many pointers look like references and are none (weak_ptr) */
    uint16_t offset;   /* a reference is a pointer to this byte of it, or, where a call told us of the object, to its
                          start; others into it are not counted */
    uint8_t source;    /* enum count_source */
    uint8_t all;       /* nothing keeps it but counted references: pointers in roots say nothing. Else those that are
                          no stack's are believed */
    uint8_t exact;     /* `all`, or: no pointer in the heap but a counted reference, or a weak one, is like one. Then a
                          word on a stack does not count where all references are found. Else some may be borrowed */
    uint8_t inside;    /* a reference is also what points beyond `offset` */
    uint8_t collected; /* the program's own collector would free it, were it garbage */
};
struct count_type {
    const char *name; /* in the program's memory, or the arena's */
    uintptr_t key;    /* address of the type's description: one type, one number */
};
struct object_link {
    struct range words; /* they own nothing: not followed, not counted */
    object_id id;       /* of the object that they lie in */
};
struct weak_slot {
    uintptr_t slot, target;
};
struct object_entry {
    object_id id;
    uint8_t words, flags; /* HEAP_ENTRY_ALL, HEAP_ENTRY_BELOW or 0 */
};

struct counts {
    struct arena *arena;
    struct counted *item; /* of several for one object the first stands; the others add what it leaves open */
    size_t count, capacity;
    struct count_type *types; /* [0] is no type. After counts_install() by name, and each name once */
    size_t type_count, type_capacity;
    size_t *table; /* open addressing by key: number of the type, 0: free */
    size_t table_size;
    struct object_link *links;
    size_t link_count, link_capacity;
    struct object_entry *entries;
    size_t entry_count, entry_capacity;
    struct weak_slot *weak_slots; /* for whoever can empty them in the frozen memory */
    size_t weak_slot_count, weak_slot_capacity;
    const uint8_t *foreign; /* by site, borrowed: 1 where what was made is none of theirs who count, whatever it looks
                               like (the loader's); NULL: nowhere */
    const uint32_t
        *maker;          /* by site, borrowed: equal where the same call of one function allocated, whoever called that;
                               NULL: each site is one */
    size_t known, exact; /* objects whose references are counted, and those of them where that is exact: set by
                            counts_install() */
    uint32_t *by_id;     /* set by counts_install(): place in `item` + 1, 0: nothing is known; NULL: of no object */
};

void counts_begin(struct counts *counts, struct arena *arena);

/* So many objects may be told of, at most: room for them at once, so that nothing is copied as the lists grow. A wish. */
void counts_expect(struct counts *counts, size_t objects);

/* Each returns 0 or -ENOMEM. */
int counts_add(struct counts *counts, const struct counted *counted);
int counts_add_link(struct counts *counts, object_id id, uintptr_t lo, uintptr_t hi);
/* The start of the object, as those see it who point at it, is `bytes` (a multiple of 8, at most 248) into it. Below it:
 * what lies before that is the object's own, and pointers to it lead into its middle. */
int counts_add_entry(struct counts *counts, object_id id, size_t bytes);
int counts_add_entry_below(struct counts *counts, object_id id, size_t bytes);
/* The word at `slot`, which may be anywhere, does not keep `target` alive while it points there. */
int counts_add_weak(struct counts *counts, uintptr_t slot, uintptr_t target);
/* The same of a block that is a part of counted objects: only they hold it, whatever a root says. */
int counts_add_part(struct counts *counts, object_id id, size_t bytes);
/* The number of the type described at `key`; a new one gets `name`; NULL: no number (0). */
int counts_type(struct counts *counts, uintptr_t key, const char *name, uint32_t *number);
uint32_t counts_find_type(const struct counts *counts, uintptr_t key); /* 0: it is new */

/* The text at `address` as a type's name: NULL when that is no readable text of moderate length. */
const char *counts_name(const struct heap *heap, uintptr_t address);

/* Tell the heap view. Call once, when the heap is frozen and before it is marked.
 * returns  0; -ENOMEM: the heap is as before */
int counts_install(struct counts *counts, struct heap *heap);

/* What is known of the object, or NULL. */
static inline const struct counted *counts_of(const struct counts *counts, object_id id) {
    return counts && counts->by_id && counts->by_id[id] ? &counts->item[counts->by_id[id] - 1] : NULL;
}
static inline uint32_t counts_maker(const struct counts *counts, uint32_t site) {
    return counts && counts->maker ? counts->maker[site] : site;
}
static inline uint32_t counts_type_of(const struct counts *counts, object_id id) {
    const struct counted *counted = counts_of(counts, id);
    return counted ? counted->type : 0;
}
static inline const char *counts_type_name(const struct counts *counts, object_id id) {
    uint32_t type = counts_type_of(counts, id);
    return type ? counts->types[type].name : NULL;
}
/* Is a pointer to byte `offset` of the object one that its count can be about? */
static inline int counts_is_reference(const struct counted *counted, uint64_t offset) {
    return counted->source != COUNT_NONE &&
           (offset == counted->offset || (offset > counted->offset && counted->inside) ||
            (offset == 0 && counted->source != COUNT_MEMORY));
}
int counts_compare_names(const char *a, const char *b); /* NULL comes first */
const char *count_source_word(enum count_source source);

#endif
