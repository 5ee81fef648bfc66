/* lock.h - the only lock in the target: a word and a futex, no libc, no thread identity.
 *
 * The order is the enum: a thread that holds a lock takes only later ones. fork takes them all, in this order, so a child
 * never inherits one held. A thread marks itself busy (thread.h) before it takes any; what is called while it was busy
 * already, by a signal handler that interrupted a hook, takes a lock by lock_take_once() or lock_try(), and so never waits
 * for its own thread. */
#ifndef CASTAWAY_PRELOAD_LOCK_H
#define CASTAWAY_PRELOAD_LOCK_H

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>

#include "sys.h"

enum lock {
    LOCK_SCAN,     /* a scan of the running program; an exec, which none must disturb */
    LOCK_BIND,     /* imports that lead to our stubs */
    LOCK_POOLS,    /* objects of the program's own pools */
    LOCK_LEARN,    /* the rule table */
    LOCK_SITE,     /* site and module tables */
    LOCK_STATES,   /* idle thread states, thread pointers */
    LOCK_IDS,      /* shared batches of free ids */
    LOCK_MAPPINGS, /* the allocator's mappings */
    LOCK_ODD,      /* objects without a slot of their own */
    LOCK_REFS,     /* reference counts: this one and those up to LOCK_REFS_LAST, by object id */
    LOCK_REFS_LAST = LOCK_REFS + 15,
    LOCK_SHELL, /* what the program's environ is while libc starts a shell */
    LOCK_NAMES, /* names of types and finalizers, weak slots */
    LOCK_ROOTS, /* declared roots */
    LOCK_PAGES, /* our mappings */
    LOCK_COUNT
};
extern _Atomic int lock_words[LOCK_COUNT]; /* 0 free, 1 held, 2 held and somebody may wait */

static inline void lock_take(enum lock lock) {
    int expected = 0;
    if (atomic_compare_exchange_strong_explicit(&lock_words[lock], &expected, 1, memory_order_acquire,
                                                memory_order_relaxed))
        return;
    while (atomic_exchange_explicit(&lock_words[lock], 2, memory_order_acquire) != 0)
        sys(SYS_futex, &lock_words[lock], FUTEX_WAIT_PRIVATE, 2, 0);
}
/* returns whether it was taken. For signal handlers, which may have interrupted its holder. */
static inline int lock_try(enum lock lock) {
    int expected = 0;
    return atomic_compare_exchange_strong_explicit(&lock_words[lock], &expected, 1, memory_order_acquire,
                                                   memory_order_relaxed);
}
static inline void lock_release(enum lock lock) {
    if (atomic_exchange_explicit(&lock_words[lock], 0, memory_order_release) == 2)
        sys(SYS_futex, &lock_words[lock], FUTEX_WAKE_PRIVATE, 1);
}

/* A bit for each lock that this thread holds or is about to take, of those that are only ever taken by lock_take_once(). */
extern __thread uint32_t lock_own;
_Static_assert(LOCK_COUNT <= 32, "a bit for each");

/* Take a lock that a signal handler may want as well.
 * returns  whether it was taken; 0: the handler has interrupted its own thread, which holds it */
static inline int lock_take_once(enum lock lock) {
    if (lock_own & 1u << lock)
        return 0;
    lock_own |= 1u << lock;
    atomic_signal_fence(memory_order_seq_cst);
    lock_take(lock);
    return 1;
}
static inline void lock_release_once(enum lock lock) {
    lock_release(lock);
    atomic_signal_fence(memory_order_seq_cst);
    lock_own &= ~(1u << lock);
}

/* Take every lock, in order. limit_ms: give up then and hold none (a signal handler may have interrupted their owner).
 * returns 0, or -1: gave up */
int lock_all(int limit_ms);
void lock_release_all(void);

#endif
