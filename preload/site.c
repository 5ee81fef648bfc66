/* site.c - the table of allocation stacks.
 *
 * Owns:    sites, their hash table. Readers are lock-free; a site never moves or changes once its id is published.
 * Never:   allocates from the program.
 * Start:   site_intern(). */
#include "site.h"

#include <stdatomic.h>
#include <string.h>

#include "contexts.h"
#include "lock.h"
#include "module.h"
#include "pages.h"
#include "unwind.h"

enum {
    BUCKETS_MIN = 1 << 9,
    CLOSED_MAX = 64,      /* modules noticed as closed at a time */
    SITE_CHUNK = 1 << 12, /* site pointers a chunk */
    SITE_CHUNKS = (SITES_MAX + SITE_CHUNK) / SITE_CHUNK,
    SHARED_OF = 2,     /* a site shares frames when that is one part of so many, or more */
    ROOM_BYTES = 4096, /* of a piece that several sites take */
};

/* A place is some bits of a site's hash, its tag, and its id; a tag of 0: it is empty. No site is read on the way to another, and
 * no id: waiting for memory is most of what finding costs. That a stack is new shows in the tags alone, which the cache has.
 * An id is there before its tag. */
enum { TAG_SHIFT = 56 };
struct buckets {
    size_t capacity;
    _Atomic uint32_t *id;
    _Atomic uint8_t tag[]; /* behind them the ids */
};

static struct buckets *_Atomic buckets;
static struct site **site_chunks[SITE_CHUNKS];
/* The last one that has all its frames, with which the next ones may share them; or NULL. */
static const struct site *base;
static size_t sharable;            /* so many outer frames of it, whose modules are known */
static char *free_from, *free_end; /* for the next sites */
static _Atomic uint32_t count_published;
static _Atomic uint32_t count_entered; /* in the hash table, too */

/* Where a hash stands in a table: its low bits depend on the low bits of the frames alone. */
static size_t first_place(const struct buckets *table, uint64_t hash) {
    return (hash ^ hash >> 32) & (table->capacity - 1);
}

const struct site *site_get(uint32_t id) {
    return site_chunks[id / SITE_CHUNK][id % SITE_CHUNK];
}

const uint64_t *site_frames(const struct site *site, uint64_t *room) {
    if (site->own == site->count)
        return site->own_frames;
    memcpy(room, site->own_frames, site->own * sizeof *room);
    memcpy(room + site->own, site->base->own_frames + site->base->count - (site->count - site->own),
           (size_t)(site->count - site->own) * sizeof *room);
    return room;
}

int site_has_outer(const struct site *site, size_t first, const uint64_t *frames, size_t count) {
    if (first > site->count || site->count - first != count)
        return 0;
    size_t inner = first < site->own ? site->own - first : 0, outer = count - inner;
    return memcmp(site->own_frames + first, frames, inner * sizeof *frames) == 0 &&
           memcmp(site->base->own_frames + site->base->count - outer, frames + inner, outer * sizeof *frames) == 0;
}

uint32_t site_count(void) {
    return atomic_load_explicit(&count_published, memory_order_acquire);
}

static uint8_t tag_of(uint64_t hash) {
    return (uint8_t)(hash >> TAG_SHIFT | 1);
}

static uint32_t find(const struct buckets *table, uint64_t hash, const uint64_t *frames, size_t count) {
    if (!table)
        return 0;
    size_t at = first_place(table, hash);
    __builtin_prefetch((const uint32_t *)&table->id[at], 1); /* it is written under a lock, whose release would wait */
    for (;; at = (at + 1) & (table->capacity - 1)) {
        uint8_t tag = atomic_load_explicit(&table->tag[at], memory_order_acquire);
        if (!tag)
            return 0;
        if (tag != tag_of(hash))
            continue;
        const struct site *site = site_get(atomic_load_explicit(&table->id[at], memory_order_relaxed));
        if (site->hash == hash && !site->stale && site_has_outer(site, 0, frames, count))
            return site->id;
    }
}

static void enter(struct buckets *table, const struct site *site) {
    size_t at = first_place(table, site->hash);
    while (atomic_load_explicit(&table->tag[at], memory_order_relaxed))
        at = (at + 1) & (table->capacity - 1);
    atomic_store_explicit(&table->id[at], site->id, memory_order_relaxed);
    atomic_store_explicit(&table->tag[at], tag_of(site->hash), memory_order_release);
}

/* A table with room for one more: the present one, or its double. Old tables stay for readers under way. */
static struct buckets *room_locked(void) {
    struct buckets *table = atomic_load_explicit(&buckets, memory_order_relaxed);
    uint32_t count = site_count();
    if (table && count + 1 < table->capacity / 2)
        return table;
    size_t capacity = table ? table->capacity * 2 : BUCKETS_MIN;
    size_t bytes = sizeof *table + capacity * (sizeof table->tag[0] + sizeof table->id[0]);
    struct buckets *larger = pages_alloc_dense(bytes);
    if (!larger)
        return NULL;
    if (table) /* sites will stand all over it */
        pages_populate(larger, bytes);
    larger->capacity = capacity;
    larger->id = (_Atomic uint32_t *)(larger->tag + capacity);
    for (uint32_t id = 1; id <= count; id++)
        enter(larger, site_get(id));
    atomic_store_explicit(&buckets, larger, memory_order_release);
    return larger;
}

static struct site **pointer_locked(uint32_t id) {
    struct site ***chunk = &site_chunks[id / SITE_CHUNK];
    if (!*chunk && !(*chunk = pages_alloc_dense(SITE_CHUNK * sizeof(struct site *))))
        return NULL;
    return &(*chunk)[id % SITE_CHUNK];
}

/* How many of these frames, outer ones, the base has, too, and knows the modules of. */
static size_t shared_locked(const uint64_t *frames, size_t count) {
    size_t most = !base || base->stale ? 0 : sharable < count ? sharable : count;
    const uint64_t *end = frames + count, *last = end, *of_base = base ? base->own_frames + base->count : NULL;
    while (last > end - most && last[-1] == of_base[-1]) {
        last--;
        of_base--;
    }
    return (size_t)(end - last);
}

/* The next ones may share frames with this one. */
static void base_on_locked(const struct site *site) {
    base = site;
    for (sharable = 0; sharable < site->count; sharable++)
        if (site_own_modules(site)[site->count - 1 - sharable] == MODULE_NONE)
            return;
}

static struct site *site_alloc_locked(size_t own) {
    struct site *site;
    size_t bytes = sizeof *site + own * (sizeof *site->own_frames + sizeof(uint16_t));
    bytes = (bytes + _Alignof(struct site) - 1) & ~(_Alignof(struct site) - 1);
    if ((size_t)(free_end - free_from) < bytes) {
        free_from = pages_alloc_dense(ROOM_BYTES);
        free_end = free_from ? free_from + ROOM_BYTES : NULL;
        if (!free_from)
            return NULL;
    }
    site = (struct site *)free_from;
    free_from += bytes;
    return site;
}

static uint32_t add_locked(uint64_t hash, const uint64_t *frames, size_t count) {
    uint32_t id = site_count() + 1;
    if (id > SITES_MAX)
        return 0;
    size_t shared = shared_locked(frames, count), own = shared * SHARED_OF < count ? count : count - shared;
    struct buckets *table = room_locked();
    struct site **pointer = table ? pointer_locked(id) : NULL;
    struct site *site = pointer ? site_alloc_locked(own) : NULL;
    if (!site)
        return 0;
    site->hash = hash;
    site->id = id;
    site->count = (uint16_t)count;
    site->own = (uint8_t)own;
    memcpy(site->own_frames, frames, own * sizeof *frames);
    modules_of_locked(frames, own, (uint16_t *)(site->own_frames + own));
    if (own == count)
        base_on_locked(site);
    site->base = base;
    *pointer = site;
    atomic_store_explicit(&count_published, id, memory_order_release);
    enter(table, site);
    atomic_store_explicit(&count_entered, id, memory_order_release);
    return id;
}

uint32_t site_intern(const uint64_t *frames, size_t count) {
    uint64_t hash = 0;
    for (size_t i = count; i-- > 0;)
        hash = site_hash_step(hash, frames[i]);
    return site_intern_hashed(hash, frames, count);
}

uint32_t site_intern_hashed(uint64_t hash, const uint64_t *frames, size_t count) {
    uint32_t entered = atomic_load_explicit(&count_entered, memory_order_acquire);
    uint32_t id = find(atomic_load_explicit(&buckets, memory_order_acquire), hash, frames, count);
    if (__builtin_expect(id != 0, 1))
        return id;
    lock_take(LOCK_SITE);
    if (atomic_load_explicit(&count_entered, memory_order_relaxed) != entered) /* else none has come since */
        id = find(atomic_load_explicit(&buckets, memory_order_relaxed), hash, frames, count);
    if (!id)
        id = add_locked(hash, frames, count);
    lock_release(LOCK_SITE);
    return id;
}

static int touches_closed(const struct site *site, const struct module *modules) {
    for (uint32_t i = 0; i < site->count; i++) {
        unsigned module = site_module(site, i);
        if (module != MODULE_NONE && modules[module].closed)
            return 1;
    }
    return 0;
}

static void make_stale_locked(void) {
    size_t module_count;
    const struct module *modules = module_table(&module_count);
    for (uint32_t id = 1; id <= site_count(); id++) {
        struct site *site = site_chunks[id / SITE_CHUNK][id % SITE_CHUNK];
        if (!site->stale && touches_closed(site, modules))
            site->stale = 1;
    }
    contexts_forget_stale_locked();
}

/* frames  of the calling thread, or NULL: all modules are looked at
 * returns how many were noticed, at most CLOSED_MAX */
static size_t notice_closed(const uint64_t *frames, size_t frame_count) {
    struct range closed[CLOSED_MAX];
    lock_take(LOCK_SITE);
    size_t count = frames ? module_replaced_locked(frames, frame_count, closed, CLOSED_MAX)
                          : module_sweep_locked(closed, CLOSED_MAX);
    if (count > 0)
        make_stale_locked();
    lock_release(LOCK_SITE);
    /* Only now: this takes LOCK_LEARN, which comes before LOCK_SITE. */
    for (size_t i = 0; i < count; i++)
        unwind_forget_rules(closed[i].lo, closed[i].hi);
    return count;
}

void site_modules_closed(void) {
    while (notice_closed(NULL, 0) == CLOSED_MAX) {
    }
}

void site_modules_on_stack(const uint64_t *frames, size_t count) {
    notice_closed(frames, count);
}

void site_forget_all(void) {
    atomic_store(&buckets, NULL);
    base = NULL;
    free_from = free_end = NULL;
    atomic_store(&count_published, 0);
    atomic_store(&count_entered, 0);
    memset(site_chunks, 0, sizeof site_chunks);
    contexts_forget_all();
}
