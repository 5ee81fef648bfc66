/* profile.c - counters of allocations by site, a set of them for each thread.
 *
 * What lives at once is a sum over threads. A thread adds its part when it has grown large, so that threads do not write
 * the same word all the time; as long as there is only one it does so at once, and the peak is exact.
 *
 * Owns:    the counters; a thread's are given to another one when it is gone (thread.h).
 * Never:   locks, but to make a thread's counters; changes what a hook does.
 * Start:   profile_born(), profile_died(). */
#include "profile.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "clock.h"
#include "duties.h"
#include "hooks.h"
#include "init.h"
#include "lock.h"
#include "next.h"
#include "pages.h"
#include "record.h"
#include "site.h"
#include "thread.h"
#include "unwind.h"

enum {
    CHUNK_SHIFT = 9, /* sites whose counters are made together */
    CHUNK_SITES = 1 << CHUNK_SHIFT,
    CHUNKS = (SITES_MAX >> CHUNK_SHIFT) + 1,
    SHARE_SITE_BYTES = 16 << 10, /* of a site, that a thread may keep to itself */
    SHARE_BYTES = 64 << 10,      /* of all sites */
    RECENT = 256,                /* objects of a thread whose end may come within the same call */
    SAME_CALL_BIRTHS = 64,       /* births of the thread in which it must come */
    SAME_CALL_FRAME = 2,         /* the innermost frame that must not have returned */
    CHAINS = 1024,               /* blocks of a thread that grew by realloc */
    STAMP_SHARE = 64,            /* a peak has its time to 1/64 of its height */
    GLIBC_HEADER_BYTES = 8,      /* size word before each block. Source: glibc, malloc/malloc.c, "malloc_chunk" */
};

/* Of one site in one thread. */
struct counters {
    uint64_t objects, bytes, freed_objects, freed_bytes;
    uint64_t at_once, same_call; /* struct cast_allocations */
    uint64_t slack_bytes, grown, moved_bytes;
    uint64_t size_min, size_max;
    int64_t net_objects, net_bytes; /* births less deaths since the thread last added them to struct live */
    uint32_t chain_max;
};
/* What lives at once, of a site or of all, in all threads. */
struct live {
    _Atomic int64_t objects, bytes;
    _Atomic int64_t peak_bytes;
    int64_t peak_objects, stamped_bytes, peak_us; /* one thread's word at a time; a race loses one of two neighbours */
};
struct recent {
    uintptr_t address;
    uint32_t site, birth;
};
struct chain {
    uintptr_t address;
    uint32_t site, length; /* times that it grew */
};
struct profile_shard {
    struct counters *chunk[CHUNKS];
    struct profile_shard *next;
    uint32_t process; /* of profile_processes */
    uint32_t births;
    uintptr_t last; /* the object that the thread made last; 0: it is gone */
    uint32_t last_site;
    int64_t net_objects, net_bytes;
    struct { /* what realloc took, until it gives it back */
        uintptr_t address;
        uint64_t size_bytes;
        uint32_t chain;
        int is_set;
    } moved;
    struct recent recent[RECENT];
    struct chain chain[CHAINS];
};

static struct profile_shard *_Atomic shards;
static struct live *_Atomic live_chunk[CHUNKS];
static struct live live_all;
static _Atomic uint64_t missed; /* births and deaths that were not counted */
static uint32_t first_birth;    /* serial; those before are not ours */
static uint32_t processes;      /* forks that lie behind us */

/* ---- places ---- */

static struct profile_shard *shard_make(struct thread_state *state) {
    struct profile_shard *shard = pages_alloc(sizeof *shard);
    if (!shard)
        return NULL;
    shard->process = processes;
    shard->next = atomic_load_explicit(&shards, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&shards, &shard->next, shard, memory_order_release,
                                                  memory_order_relaxed))
        ;
    state->profile = shard;
    return shard;
}

/* The thread's counters; NULL: a signal handler that interrupted them, or no memory. */
static struct profile_shard *shard_of_thread(void) {
    struct thread_state *state = thread_self;
    struct profile_shard *shard = state && thread_busy == 1 ? state->profile : NULL;
    if (state && thread_busy == 1 && (!shard || shard->process != processes))
        shard = shard_make(state);
    if (!shard)
        atomic_fetch_add_explicit(&missed, 1, memory_order_relaxed);
    return shard;
}

static struct counters *counters_of(struct profile_shard *shard, uint32_t site) {
    struct counters **chunk = &shard->chunk[site >> CHUNK_SHIFT];
    if (__builtin_expect(!*chunk, 0)) {
        struct counters *made = pages_alloc(CHUNK_SITES * sizeof *made);
        for (int i = 0; made && i < CHUNK_SITES; i++)
            made[i].size_min = UINT64_MAX;
        *chunk = made;
    }
    return *chunk ? &(*chunk)[site & (CHUNK_SITES - 1)] : NULL;
}

static struct live *live_of(uint32_t site) {
    struct live *_Atomic *place = &live_chunk[site >> CHUNK_SHIFT];
    struct live *chunk = atomic_load_explicit(place, memory_order_acquire);
    if (__builtin_expect(!chunk, 0)) {
        struct live *made = pages_alloc(CHUNK_SITES * sizeof *made);
        if (!made || atomic_compare_exchange_strong(place, &chunk, made))
            chunk = made;
    }
    return chunk ? &chunk[site & (CHUNK_SITES - 1)] : NULL;
}

static size_t hash(uintptr_t address, size_t size) {
    return (address >> 4) * 0x9E3779B97F4A7C15ull >> 32 & (size - 1);
}

/* ---- what lives at once ---- */

static void live_add(struct live *live, int64_t *objects, int64_t *bytes) {
    int64_t now_objects = atomic_fetch_add_explicit(&live->objects, *objects, memory_order_relaxed) + *objects;
    int64_t now = atomic_fetch_add_explicit(&live->bytes, *bytes, memory_order_relaxed) + *bytes;
    int64_t peak = atomic_load_explicit(&live->peak_bytes, memory_order_relaxed);
    *objects = *bytes = 0;
    while (now > peak)
        if (atomic_compare_exchange_weak_explicit(&live->peak_bytes, &peak, now, memory_order_relaxed,
                                                  memory_order_relaxed)) {
            live->peak_objects = now_objects;
            if (now - live->stamped_bytes <= now / STAMP_SHARE)
                return;
            live->stamped_bytes = now;
            live->peak_us = clock_us() - process.start_us;
            return;
        }
}

static int is_due(int64_t bytes, int64_t share) {
    const struct profile_shard *first = atomic_load_explicit(&shards, memory_order_relaxed);
    return !first->next || bytes >= share || bytes <= -share;
}

static void change(struct profile_shard *shard, struct counters *counts, uint32_t site, int objects, int64_t bytes) {
    counts->net_objects += objects;
    counts->net_bytes += bytes;
    shard->net_objects += objects;
    shard->net_bytes += bytes;
    struct live *live = is_due(counts->net_bytes, SHARE_SITE_BYTES) ? live_of(site) : NULL;
    if (live)
        live_add(live, &counts->net_objects, &counts->net_bytes);
    if (is_due(shard->net_bytes, SHARE_BYTES))
        live_add(&live_all, &shard->net_objects, &shard->net_bytes);
}

/* ---- births ---- */

/* The object is what realloc made of another one. */
static void grow(struct profile_shard *shard, struct counters *counts, uintptr_t address, size_t size_bytes,
                 uint32_t site) {
    uint64_t before = shard->moved.size_bytes;
    shard->moved.is_set = 0;
    if (address != shard->moved.address)
        counts->moved_bytes += before < size_bytes ? before : size_bytes;
    if (size_bytes <= before)
        return;
    uint32_t length = shard->moved.chain + 1;
    counts->grown++;
    if (length > counts->chain_max)
        counts->chain_max = length;
    shard->chain[hash(address, CHAINS)] = (struct chain){address, site, length};
}

void profile_born(uintptr_t address, size_t size_bytes, uint32_t site, int is_block) {
    struct profile_shard *shard = shard_of_thread();
    struct counters *counts = shard ? counters_of(shard, site) : NULL;
    if (!counts)
        return;
    counts->objects++;
    counts->bytes += size_bytes;
    if (size_bytes < counts->size_min)
        counts->size_min = size_bytes;
    if (size_bytes > counts->size_max)
        counts->size_max = size_bytes;
    if (is_block && next.malloc_usable_size)
        counts->slack_bytes += next.malloc_usable_size((void *)address) - size_bytes;
    struct chain *chain = &shard->chain[hash(address, CHAINS)];
    if (chain->address == address)
        chain->address = 0;
    if (__builtin_expect(shard->moved.is_set, 0))
        grow(shard, counts, address, size_bytes, site);
    shard->last = address;
    shard->last_site = site;
    shard->recent[hash(address, RECENT)] = (struct recent){address, site, ++shard->births};
    change(shard, counts, site, 1, (int64_t)size_bytes);
}

/* ---- deaths ---- */

/* Has the call that made it, or the one that called that, not returned yet? Then all return addresses outside of it are what
 * they were. (Another call from the same place looks the same.) */
static int is_same_call(uint32_t site) {
    uint64_t now[CAPTURE_FRAMES_MAX];
    const struct site *born = site_get(site);
    size_t count = unwind_capture(ARCH_CALLER(), now, CAPTURE_FRAMES_MAX);
    size_t outside = born->count > SAME_CALL_FRAME ? born->count - SAME_CALL_FRAME : 0;
    return outside && count > outside && site_has_outer(born, SAME_CALL_FRAME, now + count - outside, outside);
}

static void count_freed(struct profile_shard *shard, struct counters *counts, uintptr_t address, uint32_t site) {
    struct recent *recent = &shard->recent[hash(address, RECENT)];
    int is_recent = recent->address == address && recent->site == site;
    if (is_recent)
        recent->address = 0;
    if (shard->last == address && shard->last_site == site)
        counts->at_once++;
    else if (is_recent && site && shard->births - recent->birth <= SAME_CALL_BIRTHS)
        counts->same_call += (uint64_t)is_same_call(site);
}

static uint32_t chain_of(const struct profile_shard *shard, uintptr_t address, uint32_t site) {
    const struct chain *chain = &shard->chain[hash(address, CHAINS)];
    return chain->address == address && chain->site == site ? chain->length : 0;
}

__attribute__((noinline)) void profile_died(uintptr_t address, const struct object *object, enum profile_end end) {
    uint32_t site = object->site;
    if (heap_born_before(object->birth, first_birth))
        return;
    struct profile_shard *shard = shard_of_thread();
    struct counters *counts = shard ? counters_of(shard, site) : NULL;
    if (!counts)
        return;
    counts->freed_objects++;
    counts->freed_bytes += object->size_bytes;
    if (end == PROFILE_FREED)
        count_freed(shard, counts, address, site);
    if (end == PROFILE_MOVED) {
        shard->moved.address = address;
        shard->moved.size_bytes = object->size_bytes;
        shard->moved.chain = chain_of(shard, address, site);
        shard->moved.is_set = 1;
    }
    if (shard->last == address)
        shard->last = 0;
    change(shard, counts, site, -1, -(int64_t)object->size_bytes);
}

/* ---- start ---- */

void profile_start(void) {
    if (!options_profile_allocations(&process.options))
        return;
    thread_forget_serials();
    first_birth = record_next_serial();
    duty_add(DUTY_PROFILE);
}

void profile_after_fork(void) {
    if (!duty_is_on(DUTY_PROFILE))
        return;
    processes++;
    first_birth = record_inherited_before();
    atomic_store(&shards, NULL);
    for (size_t i = 0; i < CHUNKS; i++)
        atomic_store_explicit(&live_chunk[i], NULL, memory_order_relaxed);
    memset(&live_all, 0, sizeof live_all);
    atomic_store(&missed, 0);
}

/* ---- the sum ---- */

static uint64_t at_least(int64_t value, uint64_t least) {
    return value > 0 && (uint64_t)value > least ? (uint64_t)value : least;
}

static void add_counters(struct cast_allocations *out, const struct counters *counts) {
    out->objects += counts->objects;
    out->bytes += counts->bytes;
    out->freed_objects += counts->freed_objects;
    out->freed_bytes += counts->freed_bytes;
    out->at_once += counts->at_once;
    out->same_call += counts->same_call;
    out->slack_bytes += counts->slack_bytes;
    out->grown += counts->grown;
    out->moved_bytes += counts->moved_bytes;
    if (counts->chain_max > out->chain_max)
        out->chain_max = counts->chain_max;
    if (counts->size_min < out->size_min)
        out->size_min = counts->size_min;
    if (counts->size_max > out->size_max)
        out->size_max = counts->size_max;
}

/* What threads have kept to themselves may be the peak. */
static void add_peak(struct cast_allocations *out) {
    struct live *chunk = live_chunk[out->site >> CHUNK_SHIFT];
    const struct live none = {0}, *live = chunk ? &chunk[out->site & (CHUNK_SITES - 1)] : &none;
    uint64_t objects = out->objects - out->freed_objects, bytes = out->bytes - out->freed_bytes;
    int is_now = bytes > (uint64_t)live->peak_bytes && out->freed_bytes <= out->bytes;
    out->peak_bytes = is_now ? bytes : (uint64_t)live->peak_bytes;
    out->peak_objects = is_now ? objects : at_least(live->peak_objects, 0);
    out->peak_us = is_now ? clock_us() - process.start_us : live->peak_us;
    if (out->peak_bytes < out->size_max) {
        out->peak_bytes = out->size_max;
        out->peak_objects = 1;
    }
}

static int is_chunk_used(size_t chunk) {
    for (struct profile_shard *shard = shards; shard; shard = shard->next)
        if (shard->chunk[chunk])
            return 1;
    return 0;
}

static void add_site(struct profile_sites *out, uint32_t site) {
    struct cast_allocations *sum = &out->site[out->count];
    *sum = (struct cast_allocations){.site = site, .size_min = UINT64_MAX};
    for (struct profile_shard *shard = shards; shard; shard = shard->next) {
        const struct counters *chunk = shard->chunk[site >> CHUNK_SHIFT];
        if (chunk)
            add_counters(sum, &chunk[site & (CHUNK_SITES - 1)]);
    }
    if (!sum->objects)
        return;
    add_peak(sum);
    out->total.objects += sum->objects;
    out->total.bytes += sum->bytes;
    out->total.freed_objects += sum->freed_objects;
    out->total.freed_bytes += sum->freed_bytes;
    out->count++;
}

int profile_add_up(struct arena *arena, struct profile_sites *out) {
    uint32_t sites = site_count() + 1;
    *out = (struct profile_sites){0};
    if (!duty_is_on(DUTY_PROFILE))
        return 0;
    if (!(out->site = arena_alloc(arena, sites + (size_t)1, sizeof *out->site)))
        return -ENOMEM;
    for (uint32_t site = 0; site < sites; site++) {
        if (!(site & (CHUNK_SITES - 1)) && !is_chunk_used(site >> CHUNK_SHIFT)) {
            site += CHUNK_SITES - 1;
            continue;
        }
        add_site(out, site);
    }
    uint64_t bytes = out->total.bytes - out->total.freed_bytes;
    int is_now = bytes > (uint64_t)live_all.peak_bytes && out->total.freed_bytes <= out->total.bytes;
    out->total.peak_bytes = is_now ? bytes : (uint64_t)live_all.peak_bytes;
    out->total.peak_objects =
        is_now ? out->total.objects - out->total.freed_objects : at_least(live_all.peak_objects, 0);
    out->total.peak_us = is_now ? clock_us() - process.start_us : live_all.peak_us;
    out->total.header_bytes = process.facts.allocator_is_glibc ? GLIBC_HEADER_BYTES : 0;
    out->total.missed = missed;
    return 0;
}
