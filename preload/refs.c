/* refs.c - reference counts and their histories.
 *
 * A history is folded: a stack that took a hundred references and one that gave them back are two steps. Pieces of 64
 * bytes are chained; an object's chain, and its object.refs, are guarded by one lock of sixteen.
 *
 * Owns:    the pieces, what was learnt from objects that were freed, names.
 * Never:   calls the program; waits in a signal handler that interrupted us (its change is counted as dropped).
 * Start:   refs_change(). */
#include "refs.h"

#include <errno.h>
#include <string.h>
#include <sys/single_threaded.h>

#include "duties.h"
#include "hooks.h"
#include "lock.h"
#include "record.h"
#include "site.h"
#include "table.h"
#include "thread.h"

enum {
    PIECE_CHUNK = 1 << 12,
    PIECES_MAX = 1 << 22, /* 256 MiB */
    PIECE_CHUNKS = PIECES_MAX / PIECE_CHUNK,
    LOCKS = LOCK_REFS_LAST - LOCK_REFS + 1,
    SITE_CHUNK = 1 << 12,
    SITE_CHUNKS = (SITES_MAX + SITE_CHUNK) / SITE_CHUNK,
    NAMES_MAX = UINT16_MAX,
    OFFSET_MAX = (1 << 13) - 1,
    DROPPED_MAX = (1 << 17) - 1,
};
_Static_assert((int)RECORD_NEAR_BYTES <= (int)OFFSET_MAX, "refs.offset holds how far record_near() looks");
_Static_assert(sizeof(struct refs) == 64, "one cache line");

static struct refs *_Atomic piece_chunks[PIECE_CHUNKS];
static _Atomic uint32_t next_piece = 1;
static uint32_t free_pieces[LOCKS]; /* chains, each under its lock */
static _Atomic uint32_t *_Atomic matched_chunks[SITE_CHUNKS];
static _Atomic uint64_t dropped;

static enum lock lock_of(object_id id) {
    return (enum lock)(LOCK_REFS + id % LOCKS);
}

/* ---- pieces ---- */

static struct refs *piece(uint32_t number) {
    return &atomic_load_explicit(&piece_chunks[number / PIECE_CHUNK], memory_order_acquire)[number % PIECE_CHUNK];
}

const struct refs *refs_piece(uint32_t number) {
    return piece(number);
}

/* Room at *place for `bytes`, made by the first who comes. returns NULL: no memory */
static void *chunk_at(void *_Atomic *place, size_t bytes) {
    void *there = atomic_load_explicit(place, memory_order_acquire);
    if (there)
        return there;
    void *made = pages_alloc(bytes);
    if (made && atomic_compare_exchange_strong(place, &there, made))
        return made;
    return there;
}

static uint32_t piece_fresh(void) {
    if (atomic_load_explicit(&next_piece, memory_order_relaxed) >= PIECES_MAX)
        return 0;
    uint32_t number = atomic_fetch_add_explicit(&next_piece, 1, memory_order_relaxed);
    if (number >= PIECES_MAX ||
        !chunk_at((void *_Atomic *)&piece_chunks[number / PIECE_CHUNK], PIECE_CHUNK * sizeof(struct refs)))
        return 0;
    return number;
}

static uint32_t piece_take_locked(object_id id) {
    uint32_t number = free_pieces[id % LOCKS];
    if (!number)
        return piece_fresh();
    free_pieces[id % LOCKS] = piece(number)->next;
    *piece(number) = (struct refs){0};
    return number;
}

/* The first piece of the object's history, begun if there is none; NULL: no memory. */
static inline struct refs *history_locked(object_id id) {
    struct object *object = record_object(id);
    if (!object->refs) {
        uint32_t number = piece_take_locked(id);
        if (!number)
            return NULL;
        duty_add(DUTY_REFS);
        piece(number)->count = 1;
        object->refs = number & 0xffffff;
    }
    return piece(object->refs);
}

/* ---- steps ---- */

/* Where `site` stands, or may: an empty step. NULL: the history is full. */
static struct refs_step *step_locked(object_id id, struct refs *first, uint32_t site) {
    struct refs *at = first;
    for (int pieces = 1;; at = piece(at->next), pieces++) {
        for (int i = 0; i < REFS_STEPS; i++)
            if (at->step[i].site == site || !at->step[i].site)
                return &at->step[i];
        if (!at->next && (pieces == REFS_PIECES_MAX || !(at->next = piece_take_locked(id))))
            return NULL;
    }
}

static inline void change_locked(object_id id, uint32_t offset, enum refs_change change, enum count_source source,
                                 uint32_t site) {
    struct refs *first = history_locked(id);
    if (!first) {
        atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
        return;
    }
    first->offset = offset & OFFSET_MAX;
    first->by_pair |= source == COUNT_PAIR;
    int by = change == REFS_GIVE ? -1 : 1;
    if (change == REFS_TAKE_OVER && !first->taken_over) {
        first->taken_over = 1;
        return;
    }
    first->count += by;
    struct refs_step *step = site ? step_locked(id, first, site) : NULL;
    if (step) {
        step->site = site;
        step->balance += by;
    } else if (first->dropped < DROPPED_MAX)
        first->dropped++;
}

/* Begin and end what the program's call does here. begins returns 0 when it must not be done. */
static inline int begins(void) {
    if (!hook_is_recording())
        return 0;
    if (thread_busy++ == 0 && thread_state())
        return 1;
    thread_busy--;
    return 0;
}
static inline void ends(void) {
    thread_busy--;
}

/* A lock is two atomic changes, a quarter of what a call costs: not where there is nobody to keep out. A signal handler on
 * this thread stays out by itself, and no thread can be made in between. returns whether it was taken */
static inline int guard(object_id id) {
    if (__libc_single_threaded)
        return 0;
    lock_take(lock_of(id));
    return 1;
}

void refs_change(uintptr_t address, enum refs_change change, enum count_source source, struct caller caller) {
    uintptr_t start;
    if (!begins()) {
        atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
        return;
    }
    object_id id = record_near(address, &start);
    if (id) {
        uint32_t site = hook_site(&caller);
        int guarded = guard(id);
        change_locked(id, (uint32_t)(address - start), change, source, site);
        if (guarded)
            lock_release(lock_of(id));
    }
    ends();
}

/* ---- the end of an object ---- */

/* It was freed, so what it took it gave back: such stacks are the last to be suspected. */
static void learn(const struct refs_step *step) {
    if (!step->site || step->balance <= 0)
        return;
    _Atomic uint32_t *chunk =
        chunk_at((void *_Atomic *)&matched_chunks[step->site / SITE_CHUNK], SITE_CHUNK * sizeof(uint32_t));
    if (chunk)
        atomic_fetch_add_explicit(&chunk[step->site % SITE_CHUNK], (uint32_t)step->balance, memory_order_relaxed);
}

uint64_t refs_matched(uint32_t site) {
    _Atomic uint32_t *chunk = atomic_load_explicit(&matched_chunks[site / SITE_CHUNK], memory_order_acquire);
    return chunk ? chunk[site % SITE_CHUNK] : 0;
}

void refs_forget(object_id id) {
    struct object *object = record_object(id);
    if (thread_busy <= 1)
        lock_take(lock_of(id));
    else if (!lock_try(lock_of(id))) {
        object->refs = 0; /* the pieces are not used again */
        return;
    }
    uint32_t first = object->refs, last = first;
    object->refs = 0;
    for (uint32_t at = first; at; last = at, at = piece(at)->next)
        for (int i = 0; i < REFS_STEPS; i++)
            learn(&piece(at)->step[i]);
    piece(last)->next = free_pieces[id % LOCKS];
    free_pieces[id % LOCKS] = first;
    lock_release(lock_of(id));
}

uint64_t refs_dropped(void) {
    return atomic_load_explicit(&dropped, memory_order_relaxed);
}

/* ---- names ---- */

struct name {
    uint16_t number;
    UT_hash_handle hh;
    char text[];
};
static struct name *name_table, **names; /* [NAMES_MAX + 1] */
static uint16_t name_count;

static struct name *name_add_locked(const char *text, size_t bytes) {
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): they are pointers */
    if (name_count == NAMES_MAX || (!names && !(names = pages_alloc((NAMES_MAX + 1) * sizeof *names))))
        return NULL;
    struct name *name = pages_alloc(sizeof *name + bytes + 1);
    if (!name)
        return NULL;
    memcpy(name->text, text, bytes);
    HASH_ADD_KEYPTR(hh, name_table, name->text, bytes, name);
    if (!name->hh.tbl)
        return NULL;
    name->number = ++name_count;
    names[name->number] = name;
    return name;
}

/* 0: no memory, or too many. */
static uint16_t name_number(const char *text) {
    size_t bytes = strlen(text);
    if (bytes > REFS_NAME_BYTES_MAX)
        bytes = REFS_NAME_BYTES_MAX;
    struct name *name;
    lock_take(LOCK_NAMES);
    HASH_FIND(hh, name_table, text, bytes, name);
    if (!name)
        name = name_add_locked(text, bytes);
    lock_release(LOCK_NAMES);
    return name ? name->number : 0;
}

const char *refs_name(uint16_t name) {
    return name && names && names[name] ? names[name]->text : NULL;
}

static void set_name(uintptr_t address, const char *text, size_t field) {
    int error = errno;
    uintptr_t start;
    if (!begins())
        return;
    object_id id = record_near(address, &start);
    if (id) {
        uint16_t number = text && *text ? name_number(text) : 0;
        lock_take(lock_of(id));
        struct refs *first = history_locked(id);
        if (first)
            *(uint16_t *)((char *)first + field) = number;
        lock_release(lock_of(id));
    }
    ends();
    errno = error;
}

void refs_set_type(uintptr_t address, const char *name) {
    set_name(address, name, offsetof(struct refs, type));
}
void refs_set_finalizer(uintptr_t address, const char *name) {
    set_name(address, name, offsetof(struct refs, finalizer));
}

/* ---- for the search ---- */

struct reader {
    const struct heap *heap;
    struct counts *counts;
};

static int read_object(void *context, uintptr_t address, object_id id) {
    const struct reader *reader = context;
    uint32_t number = heap_object(reader->heap, id)->refs;
    (void)address;
    if (!number)
        return 0;
    const struct refs *refs = piece(number);
    struct counted counted = {
        .id = id,
        .count = refs->count,
        .offset = (uint16_t)refs->offset,
        .source = refs->by_pair ? COUNT_PAIR : COUNT_HOOK,
    };
    const char *name = refs_name(refs->type);
    int error = counts_type(reader->counts, (uintptr_t)name, name, &counted.type);
    return error ? error : counts_add(reader->counts, &counted);
}

int refs_read(const struct heap *heap, struct counts *counts) {
    struct reader reader = {heap, counts};
    return atomic_load_explicit(&next_piece, memory_order_relaxed) > 1 ? heap_each(heap, read_object, &reader) : 0;
}
