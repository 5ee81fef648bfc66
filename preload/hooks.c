/* hooks.c - the allocation functions of libc, interposed.
 *
 * Each wrapper is the real call and one line of recording. The record is withdrawn before the real free (another thread
 * may own the address at once), and made after the real malloc.
 *
 * Owns:    whether allocations are recorded, what else is to be done, how many were without their stack.
 * Never:   takes a lock on the common path, changes errno, calls the program but where it asked for it (told.c).
 * Start:   malloc(). */
#include "hooks.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "bind.h"
#include "give_way.h"
#include "init.h"
#include "live.h"
#include "next.h"
#include "pooled.h"
#include "profile.h"
#include "record.h"
#include "record_usual.h"
#include "site.h"
#include "stop.h"
#include "thread.h"
#include "trace.h"
#include "unwind.h"

_Atomic unsigned duties = DUTY_NOTHING;
static _Atomic uint64_t without_stack;

void hook_recording_begins(void) {
    atomic_fetch_and_explicit(&duties, ~(unsigned)DUTY_NOTHING, memory_order_relaxed);
}

void hook_recording_ends(void) {
    duty_add(DUTY_NOTHING);
}

uint32_t hook_site(const struct caller *caller) {
    return trace_site(&thread_self->traces, *caller);
}

/* What an allocator makes through its own front door it may keep in memory that is no root (mapping.h): it is its own
 * business. glibc's module is also all the rest of libc, which allocates for the program. */
static unsigned flags_for(uintptr_t pc) {
    const struct process_facts *facts = &process.facts;
    int own = !facts->allocator_is_glibc && pc - facts->allocator.lo < facts->allocator.hi - facts->allocator.lo;
    return own || api_disabled ? OBJECT_IGNORED : 0;
}

void hook_ends(uintptr_t pc) {
    thread_busy--;
    if (live_is_wanted())
        live_due(pc);
}

/* The object is not in the program's hands yet, and what lies in it is of the one before. If memory is short, and this is
 * to be the last scan, it is not judged. */
static __attribute__((noinline)) void due_with(void *address, uintptr_t pc) {
    uintptr_t start;
    object_id id = live_wanted & LIVE_SHORT ? record_find((uintptr_t)address, &start) : 0;
    unsigned flags = id ? record_object(id)->flags : 0;
    if (id)
        record_flag(id, OBJECT_IGNORED);
    live_due(pc);
    if (id && !give_way_ended())
        record_object(id)->flags = flags & 63;
}

static __attribute__((noinline)) void made_unusual(void *address, size_t size_bytes, const struct caller *caller,
                                                   int is_block) {
    uint32_t site = 0;
    if (thread_busy++ == 0 && thread_state()) {
        if (bind_is_due())
            bind_look();
        site = hook_site(caller);
    } else
        atomic_fetch_add_explicit(&without_stack, 1, memory_order_relaxed);
    record_add((uintptr_t)address, size_bytes, site, flags_for(caller->pc));
    if (duty_is_on(DUTY_PROFILE))
        profile_born((uintptr_t)address, size_bytes, site, is_block);
    thread_busy--;
    if (live_is_wanted())
        due_with(address, caller->pc);
}

/* The thread's state, marked busy, if there is nothing but to record; or NULL. */
static inline __attribute__((always_inline)) struct thread_state *usual_begins(void) {
    struct thread_state *state = thread_self;
    if (__builtin_expect(!state || thread_busy || atomic_load_explicit(&duties, memory_order_relaxed), 0))
        return NULL;
    thread_busy = 1;
    atomic_signal_fence(memory_order_seq_cst);
    return state;
}
static inline __attribute__((always_inline)) void usual_ends(void) {
    atomic_signal_fence(memory_order_seq_cst);
    thread_busy = 0;
}

/* At an address that has no slot, or none yet. */
static __attribute__((noinline)) void made_elsewhere(struct thread_state *state, void *address, size_t size_bytes,
                                                     uintptr_t pc, uintptr_t sp, uintptr_t bp) {
    record_add((uintptr_t)address, size_bytes, trace_site_above(&state->traces, pc, sp, bp), 0);
}

/* returns 0: nothing was done */
static inline __attribute__((always_inline)) int made_usual(void *address, size_t size_bytes, struct caller caller) {
    struct thread_state *state = usual_begins();
    struct record_place place;
    if (__builtin_expect(!state, 0))
        return 0;
    if (bind_is_due())
        bind_look();
    if (__builtin_expect(record_place_anew(state, (uintptr_t)address, &place), 1)) {
        _Atomic uint32_t *slot = &place.leaf->slot[place.number];
        __builtin_prefetch((const void *)slot, 1);
        record_mark_born(place);
        uint32_t site = trace_site(&state->traces, caller);
        if (__builtin_expect(!record_add_usual(state, slot, size_bytes, site), 0))
            record_add((uintptr_t)address, size_bytes, site, 0);
    } else
        made_elsewhere(state, address, size_bytes, caller.pc, caller.sp, caller.bp); /* in registers */
    usual_ends();
    return 1;
}

void hook_made(void *address, size_t size_bytes, const struct caller *caller) {
    if (__builtin_expect(!made_usual(address, size_bytes, *caller), 0))
        made_unusual(address, size_bytes, caller, 1);
    else if (live_is_wanted())
        due_with(address, caller->pc);
}

void hook_made_in_pool(void *address, size_t size_bytes, const struct caller *caller) {
    made_unusual(address, size_bytes, caller, 0);
}

/* The record of `address` was withdrawn: nobody will ask for it again. */
static void forget(void *address, object_id id, enum profile_end end) {
    if (duty_is_on(DUTY_PROFILE))
        profile_died((uintptr_t)address, record_object(id), end);
    record_forget(id);
}

void hook_made_once(void *address, size_t size_bytes, const struct caller *caller) {
    thread_busy++;
    int known = record_known((uintptr_t)address);
    thread_busy--;
    if (known && process.facts.allocator_is_glibc)
        return;
    /* Another allocator's operator new came in by its own front door: it is the program's caller that counts. */
    if (known)
        hook_free(address);
    hook_made(address, size_bytes, caller);
}

void hook_free(void *address) {
    thread_busy++;
    object_id id = record_withdraw((uintptr_t)address);
    if (id)
        forget(address, id, PROFILE_FREED);
    else if (duty_is_on(DUTY_POOLS) && thread_busy == 1)
        pooled_block_freed((uintptr_t)address);
    hook_ends(0);
}

uint64_t hook_without_stack(void) {
    return atomic_load_explicit(&without_stack, memory_order_relaxed);
}

/* ---- the wrappers ---- */

#define READY() (__builtin_expect(next_ready, 1) || (start_recording(), next_ready))
#define MADE(pointer, bytes)                                                                                           \
    do {                                                                                                               \
        if (__builtin_expect(hook_is_recording() && (pointer) != NULL, 1))                                             \
            hook_made((pointer), (bytes), &ARCH_CALLER());                                                             \
    } while (0)

/* Memory was refused: again, as long as some of ours is given back. */
#define AGAIN(pointer, bytes, call)                                                                                    \
    while (__builtin_expect(!(pointer), 0) && give_way(bytes))                                                         \
    (pointer) = call

static __attribute__((noinline)) void *malloc_unusual(void *pointer, size_t bytes, const struct caller *caller) {
    AGAIN(pointer, bytes, next.malloc(bytes));
    if (hook_is_recording() && pointer)
        made_unusual(pointer, bytes, caller, 1);
    return pointer;
}

EXPORT void *malloc(size_t bytes) {
    void *pointer = next.malloc(bytes); /* before READY() it is one that sees to that (next.c) */
    if (__builtin_expect(pointer && made_usual(pointer, bytes, ARCH_CALLER()), 1)) {
        if (live_is_wanted())
            due_with(pointer, ARCH_CALLER_AGAIN());
        return pointer;
    }
    return malloc_unusual(pointer, bytes, &ARCH_CALLER());
}

/* Or more than there can be. */
static size_t product(size_t count, size_t bytes) {
    size_t whole;
    return __builtin_mul_overflow(count, bytes, &whole) ? SIZE_MAX : whole;
}

EXPORT void *calloc(size_t count, size_t bytes) {
    if (!READY())
        return bytes && count > (size_t)-1 / bytes ? NULL : next_early(count * bytes);
    void *pointer = next.calloc(count, bytes);
    AGAIN(pointer, product(count, bytes), next.calloc(count, bytes));
    MADE(pointer, count * bytes);
    return pointer;
}

/* A scan that became due meanwhile is begun when something is made, or the timer comes again.
 * returns 0: nothing was done */
static inline __attribute__((always_inline)) int freed_usual(void *pointer) {
    struct thread_state *state = usual_begins();
    struct record_place place;
    if (__builtin_expect(!state, 0))
        return 0;
    int is_usual = record_has_room(state) && record_place(state, (uintptr_t)pointer, &place);
    object_id id = is_usual ? record_withdraw_usual(place) : 0;
    if (id)
        record_forget_usual(state, id);
    usual_ends();
    return id != 0;
}

/* The same in a leaf that the thread does not know. */
static int freed_elsewhere(void *pointer) {
    struct thread_state *state = usual_begins();
    int is_known = state && record_know_leaf(state, (uintptr_t)pointer);
    if (state)
        usual_ends();
    return is_known && freed_usual(pointer);
}

static __attribute__((noinline)) void free_unusual(void *pointer) {
    if (!pointer || next_is_early(pointer) || !READY())
        return;
    if (hook_is_recording() && !freed_elsewhere(pointer))
        hook_free(pointer);
    next.free(pointer);
}

/* No more than jumps elsewhere: it needs no frame. */
EXPORT void free(void *pointer) {
    __builtin_prefetch((char *)pointer - 2 * sizeof(size_t), 1); /* where the real free will look first */
    if (__builtin_expect(freed_usual(pointer), 1))
        next.free(pointer);
    else
        free_unusual(pointer);
}

/* An early block can't be given to the real realloc: its contents move to a real one. */
static void *move_early(void *pointer, size_t bytes) {
    size_t old_bytes = next_early_bytes(pointer);
    void *moved = READY() ? next.malloc(bytes) : next_early(bytes);
    if (moved)
        memcpy(moved, pointer, old_bytes < bytes ? old_bytes : bytes);
    return moved;
}

/* What realloc and reallocarray share. The old record is set aside while the real function runs and put back when that
 * fails; a NULL for zero bytes means that the block was freed. */
static object_id set_aside_usual(void *pointer) {
    struct thread_state *state = usual_begins();
    if (__builtin_expect(!state, 0))
        return 0;
    state->reallocates = 1; /* before the record goes: a stop in between must see it */
    state->aside = (uintptr_t)pointer;
    struct record_place place;
    object_id id = record_place_anew(state, (uintptr_t)pointer, &place) ? record_withdraw_usual(place) : 0;
    state->aside_id = id;
    usual_ends();
    return id;
}
static __attribute__((noinline)) object_id set_aside_unusual(void *pointer) {
    int nested = thread_busy++ > 0;
    struct thread_state *state = nested ? NULL : thread_state();
    if (state) {
        state->reallocates = 1;
        state->aside = (uintptr_t)pointer;
    }
    object_id id = record_withdraw((uintptr_t)pointer);
    if (state)
        state->aside_id = id;
    if (!id && duty_is_on(DUTY_POOLS) && !nested)
        pooled_block_freed((uintptr_t)pointer);
    thread_busy--;
    return id;
}
static object_id set_aside(void *pointer) {
    if (!pointer || !hook_is_recording())
        return 0;
    if (!thread_busy && !thread_is_reallocating())
        stop_pass_gate();
    object_id id = set_aside_usual(pointer);
    return id ? id : set_aside_unusual(pointer);
}
/* The new block is in the index, or the old one again. */
static void aside_done(void) {
    if (thread_busy == 0 && thread_self)
        thread_self->reallocates = 0;
}
static int settled_usual(object_id id, const void *result) {
    struct thread_state *state = result ? usual_begins() : NULL;
    int is_done = state && record_has_room(state);
    if (is_done)
        record_forget_usual(state, id);
    if (state)
        usual_ends();
    return is_done;
}
static void settle(void *old, object_id id, void *result, size_t bytes) {
    if (!id || !hook_is_recording()) /* no more: there may be no index any more */
        return;
    if (!thread_busy && thread_self) /* else it is a signal handler's block, which was not noted there */
        thread_self->aside_id = 0;
    if (settled_usual(id, result))
        return;
    thread_busy++;
    if (result || bytes == 0)
        forget(old, id, result ? PROFILE_MOVED : PROFILE_FREED);
    else
        record_restore((uintptr_t)old, id);
    thread_busy--;
}

/* The old block is in the index again. returns whether to try again */
static __attribute__((noinline)) int refused(size_t bytes) {
    aside_done();
    return give_way(bytes);
}

EXPORT void *realloc(void *pointer, size_t bytes) {
    if (next_is_early(pointer))
        return move_early(pointer, bytes);
    if (!READY())
        return next_early(bytes);
    void *result;
    do {
        object_id id = set_aside(pointer);
        result = next.realloc(pointer, bytes);
        settle(pointer, id, result, bytes);
    } while (__builtin_expect(!result && bytes, 0) && refused(bytes));
    MADE(result, bytes);
    aside_done();
    return result;
}

EXPORT void *reallocarray(void *pointer, size_t count, size_t bytes) {
    size_t whole;
    if (__builtin_mul_overflow(count, bytes, &whole)) {
        errno = ENOMEM;
        return NULL;
    }
    if (next_is_early(pointer))
        return move_early(pointer, whole);
    if (!READY())
        return next_early(whole);
    void *result;
    do {
        object_id id = set_aside(pointer);
        result = next.reallocarray ? next.reallocarray(pointer, count, bytes) : next.realloc(pointer, whole);
        settle(pointer, id, result, whole);
    } while (__builtin_expect(!result && whole, 0) && refused(whole));
    MADE(result, whole);
    aside_done();
    return result;
}

__thread size_t hook_asked;

static size_t asked(size_t bytes) {
    size_t before = hook_asked;
    hook_asked = 0;
    return before && before < bytes ? before : bytes;
}

EXPORT int posix_memalign(void **out, size_t alignment, size_t bytes) {
    if (!READY())
        return ENOMEM;
    int error = next.posix_memalign(out, alignment, bytes);
    while (__builtin_expect(error == ENOMEM, 0) && give_way(bytes))
        error = next.posix_memalign(out, alignment, bytes);
    size_t requested = asked(bytes);
    if (error == 0)
        MADE(*out, requested);
    return error;
}

#define ALIGNED(name)                                                                                                  \
    EXPORT void *name(size_t alignment, size_t bytes) {                                                                \
        if (!READY() || !next.name) {                                                                                  \
            errno = ENOMEM;                                                                                            \
            return NULL;                                                                                               \
        }                                                                                                              \
        void *pointer = next.name(alignment, bytes);                                                                   \
        AGAIN(pointer, bytes, next.name(alignment, bytes));                                                            \
        size_t requested = asked(bytes);                                                                               \
        MADE(pointer, requested);                                                                                      \
        return pointer;                                                                                                \
    }
ALIGNED(aligned_alloc)
ALIGNED(memalign)

#define PAGED(name)                                                                                                    \
    EXPORT void *name(size_t bytes) {                                                                                  \
        if (!READY() || !next.name) {                                                                                  \
            errno = ENOMEM;                                                                                            \
            return NULL;                                                                                               \
        }                                                                                                              \
        void *pointer = next.name(bytes);                                                                              \
        AGAIN(pointer, bytes, next.name(bytes));                                                                       \
        MADE(pointer, bytes);                                                                                          \
        return pointer;                                                                                                \
    }
PAGED(valloc)
PAGED(pvalloc)

/* Whoever asks how large a block really is may keep pointers in all of it. */
static void grown(void *address, size_t bytes) {
    thread_busy++;
    object_id id = thread_busy == 1 && thread_state() ? record_known((uintptr_t)address) : 0;
    if (id && bytes > record_size(id)) {
        if (duty_is_on(DUTY_PROFILE))
            profile_grown(record_object(id), bytes);
        record_grow((uintptr_t)address, id, bytes);
    }
    hook_ends(0);
}

EXPORT size_t malloc_usable_size(void *pointer) {
    if (next_is_early(pointer))
        return next_early_bytes(pointer);
    if (!pointer || !READY() || !next.malloc_usable_size)
        return 0;
    size_t bytes = next.malloc_usable_size(pointer);
    if (hook_is_recording())
        grown(pointer, bytes);
    return bytes;
}

/* Not allocation, but where code goes. */

EXPORT int dlclose(void *handle) {
    if (!READY())
        return -1;
    thread_busy++;
    bind_close_begins();
    unwind_close_begins();
    thread_busy--;
    int error = next.dlclose(handle);
    thread_busy++;
    bind_close_ends();
    if (hook_is_recording())
        site_modules_closed();
    unwind_close_ends();
    thread_busy--;
    return error;
}
