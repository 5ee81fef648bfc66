/* crew.h - threads that work on one thing together, lent by whoever runs the analysis.
 *
 * analysis/ starts no thread: the snapshot child lends some made by raw clones, tests and benchmarks lend pthreads. */
#ifndef CASTAWAY_ANALYSIS_CREW_H
#define CASTAWAY_ANALYSIS_CREW_H

#include <stdatomic.h>
#include <stddef.h>

enum { CREW_MAX = 8 };

typedef void crew_work(void *job);

struct crew {
    unsigned size; /* of them all, the caller counted; 1..CREW_MAX */
    /* Call work(job) here and on up to size - 1 other threads at once; return when all of them have. Those that can't be
     * had are no error: any number of callers does all of the work. */
    void (*together)(const struct crew *crew, crew_work *work, void *job);
    void (*rest)(void); /* let others have the processor for some microseconds */
    void *context;      /* the lender's */
};

/* The work in pieces: each caller takes the next until none is left. */
static inline int crew_next(_Atomic size_t *taken, size_t count, size_t *piece) {
    *piece = atomic_fetch_add_explicit(taken, 1, memory_order_relaxed);
    return *piece < count;
}

/* NULL is a crew of one. */
static inline unsigned crew_members(const struct crew *crew) {
    return crew ? crew->size : 1;
}
static inline void crew_together(const struct crew *crew, crew_work *work, void *job) {
    if (crew_members(crew) > 1)
        crew->together(crew, work, job);
    else
        work(job);
}

/* ---- a lock for what the crew shares; held for a few instructions ---- */

static inline void crew_lock(atomic_flag *lock) {
    while (atomic_flag_test_and_set_explicit(lock, memory_order_acquire)) {
    }
}

static inline void crew_unlock(atomic_flag *lock) {
    atomic_flag_clear_explicit(lock, memory_order_release);
}
#endif
